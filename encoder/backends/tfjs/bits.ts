import { multiply } from '../../gf256.ts'

/**
 * A matrix over GF(2^8) as one over GF(2), eight times as high and as wide. Coefficient c becomes an 8 x 8 square with bit
 * i of c * 2^j in row i, column j. Bit 8 r + i of a product is then the parity of an ordinary scalar product of bits.
 *
 * @param matrix - contiguous rows of `columns` coefficients
 * @returns zeros and ones, row by row
 */
export function bitMatrix(matrix: Uint8Array, columns: number): Float32Array {
  const rows = matrix.length / columns
  const bits = new Float32Array(64 * matrix.length)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const coefficient = matrix[row * columns + column]
      for (let j = 0; j < 8; j++) {
        const product = multiply(coefficient, 1 << j)
        for (let i = 0; i < 8; i++) {
          bits[(8 * row + i) * 8 * columns + 8 * column + j] = (product >> i) & 1
        }
      }
    }
  }
  return bits
}
