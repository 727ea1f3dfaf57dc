import { littleEndianToHost } from '../files/byte-order.ts'
import { formatOf } from '../element-type.ts'
import { halfToNumber } from '../half.ts'
import type { Tensor } from '../tensor.ts'

/** How far a tensor is from another, over the numbers that are finite in both. */
export interface ErrorMeasure {
  /** Root of the mean squared difference. */
  readonly rms: number
  /** Largest difference. */
  readonly peak: number
}

/** The numbers of a tensor in memory order, parts of complex ones apart. 64-bit integers are rounded. */
export function numbersOf({ type, bytes }: Pick<Tensor, 'type' | 'bytes'>): ArrayLike<number> {
  const { numberBytes } = formatOf(type)
  const { buffer, byteOffset, byteLength } = littleEndianToHost(bytes, numberBytes)
  switch (type) {
    case 'bool':
    case 'uint8':
      return new Uint8Array(buffer, byteOffset, byteLength)
    case 'int8':
      return new Int8Array(buffer, byteOffset, byteLength)
    case 'uint16':
      return new Uint16Array(buffer, byteOffset, byteLength / 2)
    case 'int16':
      return new Int16Array(buffer, byteOffset, byteLength / 2)
    case 'uint32':
      return new Uint32Array(buffer, byteOffset, byteLength / 4)
    case 'int32':
      return new Int32Array(buffer, byteOffset, byteLength / 4)
    case 'uint64':
      return Float64Array.from(new BigUint64Array(buffer, byteOffset, byteLength / 8), Number)
    case 'int64':
      return Float64Array.from(new BigInt64Array(buffer, byteOffset, byteLength / 8), Number)
    case 'float16':
      return Float32Array.from(new Uint16Array(buffer, byteOffset, byteLength / 2), halfToNumber)
    case 'float32':
    case 'complex64':
      return new Float32Array(buffer, byteOffset, byteLength / 4)
    case 'float64':
    case 'complex128':
      return new Float64Array(buffer, byteOffset, byteLength / 8)
  }
}

/** @param approximation - as many numbers as `numbers` */
export function errorBetween(numbers: ArrayLike<number>, approximation: ArrayLike<number>): ErrorMeasure {
  let peak = 0
  for (let i = 0; i < numbers.length; i++) {
    const difference = Math.abs(numbers[i] - approximation[i])
    if (difference > peak && difference < Infinity) peak = difference
  }
  if (peak === 0) return { rms: 0, peak }
  // Divided by the peak, so that squares of very large or small numbers stay finite.
  let sum = 0
  let count = 0
  for (let i = 0; i < numbers.length; i++) {
    const difference = (numbers[i] - approximation[i]) / peak
    if (!(Math.abs(difference) <= 1)) continue
    sum += difference * difference
    count++
  }
  return { rms: peak * Math.sqrt(sum / count), peak }
}

/** The standard deviation of the finite numbers: the error of knowing nothing but their mean. */
export function deviationOf(numbers: ArrayLike<number>): number {
  let largest = 0
  for (let i = 0; i < numbers.length; i++) {
    const size = Math.abs(numbers[i])
    if (size > largest && size < Infinity) largest = size
  }
  if (largest === 0) return 0
  let count = 0
  let mean = 0
  let squares = 0
  // Welford, "Note on a method for calculating corrected sums of squares and products", 1962.
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i] / largest
    if (!(Math.abs(number) <= 1)) continue
    const step = number - mean
    mean += step / ++count
    squares += step * (number - mean)
  }
  const deviation = largest * Math.sqrt(squares / count)
  return Number.isFinite(deviation) ? deviation : Number.MAX_VALUE
}

/** The least and the greatest finite number; 0 and 0 when there is none. */
export function rangeOf(numbers: ArrayLike<number>): { least: number; greatest: number } {
  let least = Infinity
  let greatest = -Infinity
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i]
    if (number < least && number > -Infinity) least = number
    if (number > greatest && number < Infinity) greatest = number
  }
  // Never -0, which dag-cbor does not tell from 0.
  return least === Infinity ? { least: 0, greatest: 0 } : { least: least + 0, greatest: greatest + 0 }
}

/**
 * What is known of a tensor, from 0 (its mean at best) to 1 (every number): 1 - rms error / standard deviation.
 *
 * @param deviation - of the whole
 */
export function fidelityOf({ rms }: ErrorMeasure, deviation: number): number {
  if (rms === 0) return 1
  return deviation === 0 ? 0 : Math.max(0, 1 - rms / deviation)
}

/** Peak signal-to-noise ratio in decibels; Infinity for no error. @param range - largest value less smallest */
export function psnr({ rms }: ErrorMeasure, range: number): number {
  return 20 * Math.log10(range / rms)
}
