// The field GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1, and the Cantor basis that orders its elements as
// points.

/** The reduction polynomial: bit i is the coefficient of x^i. Its root x generates the multiplicative group. */
export const POLYNOMIAL = 0x11d

/** EXP[i] = x^i, in two periods, so that the sum of two logarithms needs no reduction. */
export const EXP = new Uint8Array(510)
/** LOG[x^i] = i; LOG[0] is meaningless. */
export const LOG = new Uint8Array(256)

for (let exponent = 0, power = 1; exponent < 255; exponent++) {
  EXP[exponent] = EXP[exponent + 255] = power
  LOG[power] = exponent
  power = power & 0x80 ? (power << 1) ^ POLYNOMIAL : power << 1
}

/** Product of two field elements. */
export function multiply(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : EXP[LOG[a] + LOG[b]]
}

/** Inverse of a non-zero field element. */
export function invert(a: number): number {
  if (a === 0) throw new RangeError('zero has no inverse in GF(2^8)')
  return EXP[255 - LOG[a]]
}

/** Quotient of two field elements; the second must not be zero. */
export function divide(a: number, b: number): number {
  return multiply(a, invert(b))
}

/**
 * The Cantor basis: b_0 = 1, and b_i is the smaller of the two solutions of b_i^2 + b_i = b_(i-1).
 * (Cantor 1989; Gao and Mateer 2010, section II.)
 */
export const CANTOR_BASIS: Uint8Array = cantorBasis()

/**
 * POINTS[i] is the sum of the basis elements selected by the bits of i, so POINTS[i ^ j] = POINTS[i] ^ POINTS[j].
 */
export const POINTS: Uint8Array = spanOf(CANTOR_BASIS)

function cantorBasis(): Uint8Array {
  const basis = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0)
  for (let i = 1; i < 8; i++) {
    let element = 0
    while ((multiply(element, element) ^ element) !== basis[i - 1]) element++
    basis[i] = element
  }
  return basis
}

function spanOf(basis: Uint8Array): Uint8Array {
  const points = new Uint8Array(1 << basis.length)
  for (let i = 1; i < points.length; i++) {
    const highBit = 31 - Math.clz32(i)
    points[i] = points[i ^ (1 << highBit)] ^ basis[highBit]
  }
  return points
}
