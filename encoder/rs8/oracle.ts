// The oracle of rs8: evaluates the definition directly, by plain Lagrange interpolation. Deliberately slow.

import { POINTS, divide, multiply } from '../gf256.ts'
import { paddedSize, pointIndexOf } from './generator.ts'

/**
 * A row of the code for these data rows, by definition:
 *
 * P is the polynomial of degree below k' (the smallest power of two >= k) that takes the data at points 0 to
 * k-1 and zero at points k to k'-1. A row at a point from k' on is P's value there; a row at one of the
 * padding points k to k'-1, where P is zero, is the value of P's formal derivative.
 *
 * @param data - k rows of equal length
 * @param row - 0 to 255
 */
export function oracleRow(data: readonly Uint8Array[], row: number): Uint8Array {
  const k = data.length
  if (row < k) return data[row].slice()
  const size = paddedSize(k)
  const index = pointIndexOf(k, row)
  const evaluate = index < size ? lagrangeDerivative : lagrange
  const result = new Uint8Array(data[0].length)
  for (let j = 0; j < k; j++) {
    const coefficient = evaluate(size, j, POINTS[index])
    for (let byte = 0; byte < result.length; byte++) {
      result[byte] ^= multiply(coefficient, data[j][byte])
    }
  }
  return result
}

/** Value at x of the polynomial that is one at point j and zero at all other points below `size`. */
function lagrange(size: number, j: number, x: number): number {
  return productOver(size, [j], j, x)
}

/**
 * Value at x of the formal derivative of that polynomial: the product rule, one factor left out at a time.
 */
function lagrangeDerivative(size: number, j: number, x: number): number {
  let sum = 0
  for (let left = 0; left < size; left++) {
    if (left === j) continue
    sum ^= divide(productOver(size, [j, left], j, x), POINTS[j] ^ POINTS[left])
  }
  return sum
}

/** Product of (x - z) / (point j - z) over the points z below `size` except those in `leftOut`. */
function productOver(size: number, leftOut: readonly number[], j: number, x: number): number {
  let product = 1
  for (let i = 0; i < size; i++) {
    if (!leftOut.includes(i)) product = multiply(product, divide(x ^ POINTS[i], POINTS[j] ^ POINTS[i]))
  }
  return product
}
