// Rows of a PNG picture (W3C Recommendation, third edition): Adam7 interlacing (section 8) and the filters (section 9).
import { badPng } from './png-chunks.ts'
import type { PngHeader } from './png-chunks.ts'

/** One pass over the picture: its pixels are those at `x0 + dx * i`, `y0 + dy * j`. */
interface Pass {
  readonly x0: number
  readonly y0: number
  readonly dx: number
  readonly dy: number
}

const WHOLE: readonly Pass[] = [{ x0: 0, y0: 0, dx: 1, dy: 1 }]
const ADAM7: readonly Pass[] = [
  { x0: 0, y0: 0, dx: 8, dy: 8 },
  { x0: 4, y0: 0, dx: 8, dy: 8 },
  { x0: 0, y0: 4, dx: 4, dy: 8 },
  { x0: 2, y0: 0, dx: 4, dy: 4 },
  { x0: 0, y0: 2, dx: 2, dy: 4 },
  { x0: 1, y0: 0, dx: 2, dy: 2 },
  { x0: 0, y0: 1, dx: 1, dy: 2 }
]

/** Bytes of a pixel. */
const pixelBytesOf = ({ channels, depth }: PngHeader): number => (channels * depth) / 8

/** A pass of this picture, with pixels across and down; passes without pixels have no rows at all. */
interface SizedPass extends Pass {
  readonly columns: number
  readonly rows: number
}

function passesOf({ width, height, isInterlaced }: PngHeader): SizedPass[] {
  return (isInterlaced ? ADAM7 : WHOLE)
    .map((pass) => ({
      ...pass,
      columns: Math.ceil((width - pass.x0) / pass.dx),
      rows: Math.ceil((height - pass.y0) / pass.dy)
    }))
    .filter(({ columns, rows }) => columns > 0 && rows > 0)
}

/** Bytes of all rows with their filter bytes: what the image data must inflate to. */
export function filteredBytes(header: PngHeader): number {
  const pixelBytes = pixelBytesOf(header)
  return passesOf(header).reduce((sum, { columns, rows }) => sum + rows * (1 + columns * pixelBytes), 0)
}

/**
 * The samples, big-endian as in the file.
 *
 * @param filtered - exactly `filteredBytes`; changed
 * @throws TensorError 'BAD_FILE' for an unknown filter
 */
export function unfilterPicture(header: PngHeader, filtered: Uint8Array): Uint8Array {
  const { width, height } = header
  const pixelBytes = pixelBytesOf(header)
  const picture = new Uint8Array(width * height * pixelBytes)
  let at = 0
  for (const { x0, y0, dx, dy, columns, rows } of passesOf(header)) {
    const rowBytes = columns * pixelBytes
    let above = new Uint8Array(rowBytes)
    for (let y = 0; y < rows; y++) {
      const row = filtered.subarray(at + 1, at + 1 + rowBytes) as Uint8Array<ArrayBuffer>
      unfilterRow(filtered[at], row, above, pixelBytes)
      const target = ((y0 + y * dy) * width + x0) * pixelBytes
      if (dx === 1) picture.set(row, target)
      else spread(row, picture, target, pixelBytes, dx * pixelBytes)
      above = row
      at += 1 + rowBytes
    }
  }
  return picture
}

function spread(
  row: Uint8Array,
  picture: Uint8Array,
  target: number,
  pixelBytes: number,
  stride: number
): void {
  for (let from = 0; from < row.length; from += pixelBytes, target += stride) {
    for (let byte = 0; byte < pixelBytes; byte++) picture[target + byte] = row[from + byte]
  }
}

/** Undoes the filter of a row in place. */
function unfilterRow(filter: number, row: Uint8Array, above: Uint8Array, pixelBytes: number): void {
  switch (filter) {
    case 0:
      return
    case 1:
      for (let i = pixelBytes; i < row.length; i++) row[i] += row[i - pixelBytes]
      return
    case 2:
      for (let i = 0; i < row.length; i++) row[i] += above[i]
      return
    case 3:
      for (let i = 0; i < row.length; i++) {
        const left = i < pixelBytes ? 0 : row[i - pixelBytes]
        row[i] += (left + above[i]) >> 1
      }
      return
    case 4:
      for (let i = 0; i < row.length; i++) {
        const hasLeft = i >= pixelBytes
        row[i] += paeth(hasLeft ? row[i - pixelBytes] : 0, above[i], hasLeft ? above[i - pixelBytes] : 0)
      }
      return
    default:
      throw badPng(`${filter} is not a filter`)
  }
}

/** The neighbour that is nearest to left + above - upper left (section 9.4). */
function paeth(left: number, above: number, upperLeft: number): number {
  const toLeft = Math.abs(above - upperLeft)
  const toAbove = Math.abs(left - upperLeft)
  const toUpperLeft = Math.abs(left + above - 2 * upperLeft)
  if (toLeft <= toAbove && toLeft <= toUpperLeft) return left
  return toAbove <= toUpperLeft ? above : upperLeft
}
