// The code family rs8: which coefficient stands where. docs/explain/encoder.md, "The code", has the argument.

import { EXP, LOG, POINTS, divide } from '../gf256.ts'

/** Smallest power of two that holds k data rows: the size of the subspace that interpolates them. */
export function paddedSize(k: number): number {
  return 1 << Math.ceil(Math.log2(k))
}

/**
 * Index of the field point at which a row stands.
 *
 * Data rows stand at points 0 to k-1. Parity rows stand from the padded size k' upwards to point 255; what
 * comes after that takes the points k to k'-1 that the padding left free. No choice depends on n, so a row
 * keeps its point for ever.
 */
export function pointIndexOf(k: number, row: number): number {
  if (row < k) return row
  const index = paddedSize(k) + row - k
  return index < 256 ? index : index - 256 + k
}

/**
 * Multiplier of a parity row: the value at its point of the polynomial that vanishes on the first k' points.
 */
export function rowMultiplier(k: number, row: number): number {
  const coset = Math.floor(pointIndexOf(k, row) / paddedSize(k))
  return coset === 0 ? 1 : POINTS[coset]
}

/**
 * The k coefficients that make a row of the code from the data rows: a row of a Cauchy matrix, times its
 * multiplier.
 */
export function generatorRow(k: number, row: number): Uint8Array {
  const point = POINTS[pointIndexOf(k, row)]
  const multiplier = row < k ? 0 : rowMultiplier(k, row)
  return Uint8Array.from({ length: k }, (_, j) => (j === row ? 1 : divide(multiplier, point ^ POINTS[j])))
}

/**
 * The coefficients that make the rows `want` from the k different rows `have`: want.length rows of k, one
 * after another.
 *
 * The code is a generalised Reed-Solomon code: row r is g_r Q(x_r) for one polynomial Q of degree below k, so
 * Lagrange's formula over the points of `have` gives every coefficient in closed form; no matrix is inverted.
 */
export function recoveryMatrix(k: number, have: readonly number[], want: readonly number[]): Uint8Array {
  const data = POINTS.subarray(0, k)
  const known = Uint8Array.from(have, (row) => POINTS[pointIndexOf(k, row)])
  /** log of g_r, up to a sign that the quotient below takes out. */
  const logMultiplier = (row: number, point: number) =>
    (row < k ? 0 : LOG[rowMultiplier(k, row)]) - logProduct(point, data)
  const sources = have.map((row, i) => logMultiplier(row, known[i]) + logProduct(known[i], known))

  const matrix = new Uint8Array(want.length * k)
  want.forEach((row, target) => {
    const given = have.indexOf(row)
    if (given >= 0) {
      matrix[target * k + given] = 1
      return
    }
    const point = POINTS[pointIndexOf(k, row)]
    const logTarget = logMultiplier(row, point) + logProduct(point, known)
    for (let i = 0; i < k; i++) {
      matrix[target * k + i] = EXP[modulo255(logTarget - sources[i] - LOG[point ^ known[i]])]
    }
  })
  return matrix
}

/** Logarithm of the product of (point - z) over all z in `points` but the point itself. */
function logProduct(point: number, points: Uint8Array): number {
  let sum = 0
  for (const other of points) {
    if (other !== point) sum += LOG[point ^ other]
  }
  return sum
}

function modulo255(exponent: number): number {
  return ((exponent % 255) + 255) % 255
}
