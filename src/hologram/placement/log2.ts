/** Fractional bits of a fixed-point logarithm. */
export const LOG2_FRACTION_BITS = 32
const ONE = 2 ** LOG2_FRACTION_BITS
/** Entries of the table: the leading 8 bits after the point of the mantissa choose one, the other 24 interpolate. */
const INTERVALS = 256
const INTERVAL = 2 ** 24

/** `TABLE[i] = floor(2^32 * log2(1 + i / 256))` for i = 0 to 256. */
const TABLE: readonly number[] = Array.from({ length: INTERVALS + 1 }, (_, i) => log2Entry(i))

/**
 * `-log2(u)` of the uniform number `u = (2h + 1) / 2^33`, as an integer in units of 2^-32: 1 to 33 * 2^32.
 * Linear between the table's entries, which is within 0.2 % of the truth, and exact integers below 2^53 throughout, so
 * that every engine and every language comes to the same number (docs/reference/protocols.md, "Homes").
 *
 * @param h - 0 to 2^32 - 1
 */
export function negativeLog2(h: number): number {
  const exponent = 32 - Math.clz32(h)
  const fraction = (2 * h + 1) * 2 ** (32 - exponent) - ONE
  const interval = Math.floor(fraction / INTERVAL)
  const within = fraction - interval * INTERVAL
  const from = TABLE[interval]
  const rise = Math.floor(((TABLE[interval + 1] - from) * within) / INTERVAL)
  return (33 - exponent) * ONE - from - rise
}

/** The table, for the vector that docs/reference/protocols.md gives of it. */
export function log2Table(): readonly number[] {
  return TABLE
}

/** Bit by bit: squaring a number in [1, 2) doubles its logarithm, whose integer part is then the next bit. */
function log2Entry(i: number): number {
  if (i === INTERVALS) return ONE
  const precision = 96n
  let mantissa = ((256n + BigInt(i)) << precision) / 256n
  let bits = 0
  for (let bit = 0; bit < LOG2_FRACTION_BITS; bit++) {
    mantissa = (mantissa * mantissa) >> precision
    bits *= 2
    if (mantissa >> (precision + 1n) !== 0n) {
      mantissa >>= 1n
      bits += 1
    }
  }
  return bits
}
