import { EncoderError } from './errors.ts'

/** Rows of one coded segment: k data rows, n rows in total, each of blockBytes bytes. */
export interface SegmentShape {
  /** Data rows; any k different rows restore the segment. */
  readonly k: number
  /** Total rows, k <= n <= 256. */
  readonly n: number
  /** Bytes in a row, at least 1. */
  readonly blockBytes: number
}

/** Maximum rows of a code over GF(2^8). */
export const MAX_ROWS = 256

/** How a plan names row `row` of the first segment of a pair; its other rows are those of the second. */
export function partnerRow(row: number): number {
  return MAX_ROWS + row
}

/** Largest row: keeps every offset in a segment exact, and is far below what a worker may hold. */
export const MAX_CODED_BLOCK_BYTES = 64 * 1024 * 1024

/** @throws EncoderError BAD_SHAPE */
export function checkShape({ k, n, blockBytes }: SegmentShape): void {
  checkCode(k, n)
  if (!Number.isInteger(blockBytes) || blockBytes < 1 || blockBytes > MAX_CODED_BLOCK_BYTES) {
    throw new EncoderError(
      'BAD_SHAPE',
      `A block has 1 to ${MAX_CODED_BLOCK_BYTES} bytes, not ${blockBytes}.`,
      {
        blockBytes
      }
    )
  }
}

/** @throws EncoderError BAD_SHAPE unless 1 <= k <= n <= 256 */
export function checkCode(k: number, n: number): void {
  const possible = Number.isInteger(k) && Number.isInteger(n) && k >= 1 && k <= n && n <= MAX_ROWS
  if (!possible) {
    throw new EncoderError('BAD_SHAPE', `A code needs 1 <= k <= n <= ${MAX_ROWS}, not k=${k}, n=${n}.`, {
      k,
      n
    })
  }
}

/** @throws EncoderError BAD_ROWS unless `rows` are different rows of a code of length n */
export function checkRows(rows: readonly number[], n: number): void {
  const seen = new Set<number>()
  for (const row of rows) {
    if (!Number.isInteger(row) || row < 0 || row >= n) {
      throw new EncoderError('BAD_ROWS', `Row ${row} is not one of 0 to ${n - 1}.`, { row, n })
    }
    if (seen.has(row)) throw new EncoderError('BAD_ROWS', `Row ${row} is given twice.`, { row })
    seen.add(row)
  }
}

/** @throws EncoderError BAD_ROWS unless `have` are exactly k different rows */
export function checkSurvivors(have: readonly number[], k: number, n: number): void {
  checkRows(have, n)
  if (have.length !== k) {
    throw new EncoderError(
      'BAD_ROWS',
      `Reconstruction takes exactly ${k} different rows, not ${have.length}.`,
      {
        k,
        have
      }
    )
  }
}

/** @throws EncoderError BAD_LENGTH */
export function checkLength(bytes: Uint8Array, rows: number, blockBytes: number): void {
  if (bytes.length !== rows * blockBytes) {
    throw new EncoderError(
      'BAD_LENGTH',
      `${rows} rows of ${blockBytes} bytes are ${rows * blockBytes} bytes, not ${bytes.length}.`,
      { expected: rows * blockBytes, actual: bytes.length }
    )
  }
}

/** Views of the contiguous rows in `bytes`, without a copy. */
export function splitRows(bytes: Uint8Array, blockBytes: number): Uint8Array[] {
  return Array.from({ length: bytes.length / blockBytes }, (_, row) =>
    bytes.subarray(row * blockBytes, (row + 1) * blockBytes)
  )
}
