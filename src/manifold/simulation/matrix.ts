// Matrices of round-trip times: read from CSV, or made by the generator in cities.ts.

export const MAX_MATRIX_NODES = 2000

export interface RttMatrix {
  readonly size: number
  readonly names: readonly string[]
  /** Round-trip time in milliseconds; 0 where it is not known, and from a node to itself. */
  readonly rttMs: (from: number, to: number) => number
}

export class MatrixError extends Error {
  override readonly name = 'MatrixError'
  readonly code = 'BAD_MATRIX'
}

/**
 * Reads rows of round-trip times in milliseconds, separated by commas; 0 or nothing = missing. Names may stand in the first
 * row and column. The diagonal is ignored.
 * @throws {MatrixError} when the text is not a square matrix of such numbers
 */
export function parseMatrix(csv: string): RttMatrix {
  const lines = csv.split(/\r?\n/).filter((line) => line.trim() !== '')
  const cells = lines.map((line) => line.split(',').map((cell) => cell.trim()))
  const hasNames = cells.length > 1 && cells[1][0] !== '' && Number.isNaN(Number(cells[1][0]))
  const rows = hasNames ? cells.slice(1).map((row) => row.slice(1)) : cells
  const size = rows.length
  if (size < 3 || size > MAX_MATRIX_NODES) {
    throw new MatrixError(`The matrix has ${size} rows. Give one with 3 to ${MAX_MATRIX_NODES}.`)
  }
  const values = new Float64Array(size * size)
  rows.forEach((row, from) => {
    if (row.length !== size) {
      throw new MatrixError(
        `Row ${from + 1} has ${row.length} numbers for ${size} rows. Give a square matrix.`
      )
    }
    row.forEach((cell, to) => {
      const value = Number(cell)
      if (!(value >= 0 && value < Infinity)) {
        throw new MatrixError(`Row ${from + 1}, column ${to + 1} is not a number of milliseconds.`)
      }
      if (from !== to) values[from * size + to] = value
    })
  })
  return matrixOf(values, hasNames ? cells.slice(1).map((row) => row[0]) : undefined)
}

/** @param values - size * size round-trip times in milliseconds, row by row */
export function matrixOf(values: Float64Array, names?: readonly string[]): RttMatrix {
  const size = Math.sqrt(values.length)
  return {
    size,
    names: names ?? Array.from({ length: size }, (_, i) => String(i)),
    rttMs: (from, to) => values[from * size + to]
  }
}

/** Round-trip times of all pairs without a gap: a missing one is that of the other direction, else the median. */
export function withoutGaps(matrix: RttMatrix): RttMatrix {
  const { size } = matrix
  const known = new Float64Array(size * size)
  for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) known[i * size + j] = matrix.rttMs(i, j)
  const sorted = known.filter((ms) => ms > 0).sort()
  const median = sorted[sorted.length >> 1] ?? 0
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      if (i !== j && known[i * size + j] === 0) known[i * size + j] = matrix.rttMs(j, i) || median
    }
  }
  return matrixOf(known, matrix.names)
}
