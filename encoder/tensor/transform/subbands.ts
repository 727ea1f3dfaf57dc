// After a step of lifting, coarse words and details lie interleaved. These functions sort them into subbands, one for
// each combination of even and odd along the halved axes, each in one piece: what is alike lies together.
import { elementCount } from '../tensor.ts'
import { halved } from './scales.ts'
import type { AxisMask } from './scales.ts'
import { movable, newWords } from './words.ts'
import type { Words } from './words.ts'

/** Takes interleaved words apart. */
export function split(
  words: Words,
  shape: readonly number[],
  mask: AxisMask
): { low: Words; details: Words } {
  const bytes = words.BYTES_PER_ELEMENT as 2 | 4 | 8
  const lowCount = elementCount(halved(shape, mask))
  const low = newWords(bytes, lowCount)
  const details = newWords(bytes, words.length - lowCount)
  move(movable(words), movable(low), movable(details), shape, mask, gather)
  return { low, details }
}

/** The reverse of `split`. */
export function merge(low: Words, details: Words, shape: readonly number[], mask: AxisMask): Words {
  const words = newWords(low.BYTES_PER_ELEMENT as 2 | 4 | 8, low.length + details.length)
  move(movable(words), movable(low), movable(details), shape, mask, scatter)
  return words
}

/** Moves `count` runs of `run` words between every `step`-th place of a row and a band. */
type Mover = (
  row: Int32Array,
  from: number,
  step: number,
  band: Int32Array,
  at: number,
  count: number,
  run: number
) => void

const gather: Mover = (row, from, step, band, at, count, run) => {
  if (run === 1) {
    for (let n = 0; n < count; n++, from += step) band[at + n] = row[from]
    return
  }
  for (let n = 0; n < count; n++, from += step) {
    for (let i = 0; i < run; i++) band[at++] = row[from + i]
  }
}

const scatter: Mover = (row, from, step, band, at, count, run) => {
  if (run === 1) {
    for (let n = 0; n < count; n++, from += step) row[from] = band[at + n]
    return
  }
  for (let n = 0; n < count; n++, from += step) {
    for (let i = 0; i < run; i++) row[from + i] = band[at++]
  }
}

function move(
  words: Int32Array,
  low: Int32Array,
  details: Int32Array,
  shape: readonly number[],
  mask: AxisMask,
  mover: Mover
): void {
  const rowAxis = 31 - Math.clz32(mask)
  const run = elementCount(shape.slice(rowAxis + 1))
  const length = shape[rowAxis]
  const outer = shape.slice(0, rowAxis)
  const cursors = bandStarts(shape, mask)
  const rowBit = 1 << rowAxis
  const index = outer.map(() => 0)
  for (let row = 0, rows = elementCount(outer); row < rows; row++) {
    const band = index.reduce((bits, place, axis) => bits | ((place & 1) << axis), 0) & mask
    const from = row * length * run
    for (const [bits, first] of [
      [band, 0],
      [band | rowBit, 1]
    ]) {
      const count = (length + 1 - first) >> 1
      const at = cursors.get(bits)!
      mover(words, from + first * run, 2 * run, bits === 0 ? low : details, at, count, run)
      cursors.set(bits, at + count * run)
    }
    advance(index, outer)
  }
}

/** Where each band begins: the coarse one (no odd axis) in `low`, the others one after the other in `details`. */
function bandStarts(shape: readonly number[], mask: AxisMask): Map<AxisMask, number> {
  const starts = new Map<AxisMask, number>([[0, 0]])
  let start = 0
  for (const [bits, band] of bandShapes(shape, mask)) {
    starts.set(bits, start)
    start += elementCount(band)
  }
  return starts
}

/** The shape of each band of details in the order in which they lie, by the axes along which its places are odd. */
export function bandShapes(shape: readonly number[], mask: AxisMask): Map<AxisMask, readonly number[]> {
  const bands = new Map<AxisMask, readonly number[]>()
  for (let bits = 1; bits <= mask; bits++) {
    if ((bits & ~mask) !== 0) continue
    bands.set(
      bits,
      shape.map((length, axis) => {
        if (((mask >> axis) & 1) === 0) return length
        return (bits >> axis) & 1 ? length >> 1 : (length + 1) >> 1
      })
    )
  }
  return bands
}

/** Counts up in the mixed radix of `lengths`, the last place fastest. */
export function advance(index: number[], lengths: readonly number[]): void {
  for (let axis = index.length - 1; axis >= 0; axis--) {
    if (++index[axis] < lengths[axis]) return
    index[axis] = 0
  }
}
