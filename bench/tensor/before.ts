/**
 * Bytes of all layers of these fields in format version 2, before there was fixed point: measured at commit d4909b4.
 */
export const BYTES_OF_VERSION_2: Readonly<Record<string, number>> = {
  'sin x cos y, float32': 710620,
  'waves, float64': 1049002,
  'the same + 280, float32': 142116,
  'elevation with depths, float32': 797059,
  'elevation in whole metres, float32': 470970,
  'degrees Celsius in tenths, float32': 180185,
  'degrees Celsius with sensor noise, float32': 471863,
  'degrees Celsius, NaN on land, float32': 211437,
  'flow in a volume, float32': 725763,
  'waves, float16': 56681,
  'audio, float32': 800285,
  'permeability, 12 decades, float64': 738202,
  'normal noise, float32': 710237,
  'log-normal noise, 12 decades, float32': 704483,
  'weights of a network, float32': 176635,
  'gradient of a network, float32': 167828,
  'complex spectra, complex64': 216692,
  'sparse, float32': 22267,
  'constant, float32': 56,
  'elevation, int16': 232286,
  'relief, uint8': 61460,
  'counts, int32': 168280,
  'stamps, uint64': 407636,
  'noise, int8': 177563
}
