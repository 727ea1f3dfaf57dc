// The code family rs8: its coefficients. docs/explain/encoder.md, "The code", has the proof.

import { EXP, LOG, POINTS, divide } from '../gf256.ts'

/** Smallest power of two that is at least k: the size of the subspace that interpolates the data rows. */
export function paddedSize(k: number): number {
  return 1 << Math.ceil(Math.log2(k))
}

/**
 * Index of the field point of a row.
 *
 * Data rows are at points 0 to k-1. Parity rows are at points from the padded size k' up to 255; further ones take the
 * points k to k'-1 that the padding left free. The points do not depend on n, so a row never changes its point.
 */
export function pointIndexOf(k: number, row: number): number {
  if (row < k) return row
  const index = paddedSize(k) + row - k
  return index < 256 ? index : index - 256 + k
}

/**
 * Multiplier of a parity row: the polynomial that vanishes on the first k' points, evaluated at the row's point.
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
 * The coefficients that make the rows `want` from the k different rows `have`: want.length contiguous rows of k.
 *
 * The code is a generalised Reed-Solomon code: row r is g_r Q(x_r) for one polynomial Q of degree below k, so
 * Lagrange's formula over the points of `have` gives every coefficient in closed form; no matrix is inverted.
 */
export function recoveryMatrix(k: number, have: readonly number[], want: readonly number[]): Uint8Array {
  const data = POINTS.subarray(0, k)
  const known = Uint8Array.from(have, (row) => POINTS[pointIndexOf(k, row)])
  /** log of g_r, up to a sign that cancels in the quotient below. */
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

/** Logarithm of the product of (point - z) over all z in `points` except the point itself. */
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
