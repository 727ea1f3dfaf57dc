// IEEE 754 binary16, which engines have as an array only since lately.

/** The value of the bits of a binary16. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * POWERS[exponent]
}

/** 2^(exponent - 25), for each exponent of a binary16. */
const POWERS = Float64Array.from({ length: 31 }, (_, exponent) => 2 ** (exponent - 25))

/** The bits of the binary16 that is nearest, of two the even one (IEEE 754, roundTiesToEven). */
export function numberToHalf(number: number): number {
  const sign = number < 0 || Object.is(number, -0) ? 0x8000 : 0
  const size = Math.abs(number)
  if (Number.isNaN(size)) return 0x7e00
  if (size >= 65_520) return sign | 0x7c00
  if (size < POWERS[11]) return sign | roundToEven(size * 2 ** 24)
  let exponent = 1
  while (size >= 2048 * POWERS[exponent]) exponent++
  return sign | ((exponent << 10) + roundToEven(size / POWERS[exponent]) - 1024)
}

function roundToEven(size: number): number {
  const floor = Math.floor(size)
  const rest = size - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor
}
