// The bands of details of one step, each with how steep the coarser words are at its places: where these change much,
// details are larger.
import type { Band } from '../coding/band-coder.ts'
import { STEEPNESS } from '../coding/contexts.ts'
import { halved } from './scales.ts'
import type { AxisMask } from './scales.ts'
import { advance, bandShapes } from './subbands.ts'
import { HIGH_HALF, halvesOf, sizeOf, sizeOfWide } from '../coding/symbols.ts'
import { elementCount } from '../tensor.ts'
import type { Words } from './words.ts'

/**
 * @param low - the coarse words of the step
 * @param shape - before the step
 * @returns in the order in which `split` puts the details
 */
export function bandsOf(low: Words, shape: readonly number[], mask: AxisMask): Band[] {
  const lowShape = halved(shape, mask)
  return [...bandShapes(shape, mask)].map(([bits, band]) => ({
    shape: band,
    steepness: steepnessOf(low, lowShape, band, 31 - Math.clz32(bits))
  }))
}

/**
 * Classes of the difference between the coarse word at a place and the next one along an axis.
 *
 * @param axis - the last one along which the places of the band are odd: it has later axes as the coarse words have
 */
function steepnessOf(
  low: Words,
  lowShape: readonly number[],
  band: readonly number[],
  axis: number
): Uint8Array {
  const classes = new Uint8Array(elementCount(band))
  const next = elementCount(band.slice(axis + 1))
  const run = band[axis] * next
  const withNext = Math.min(run, (lowShape[axis] - 1) * next)
  const outer = band.slice(0, axis)
  const strides = outer.map((_, before) => elementCount(lowShape.slice(before + 1)))
  const index = outer.map(() => 0)
  for (let at = 0; at < classes.length; at += run) {
    const from = index.reduce((sum, place, before) => sum + place * strides[before], 0)
    if (low instanceof BigInt64Array) compareWide(low, from, next, classes, at, withNext)
    else compare(low, from, next, classes, at, withNext)
    advance(index, outer)
  }
  return classes
}

/** Classes of small differences, which pictures have mostly. */
const OF_SMALL = Uint8Array.from({ length: 256 }, (_, difference) => STEEPNESS[sizeOf(difference)])

function compare(
  low: Int16Array | Int32Array,
  from: number,
  next: number,
  classes: Uint8Array,
  at: number,
  count: number
): void {
  for (let n = 0; n < count; n++) {
    const difference = (low[from + n + next] - low[from + n]) | 0
    const magnitude = (difference < 0 ? -difference : difference) | 0
    classes[at + n] = magnitude >>> 0 < 256 ? OF_SMALL[magnitude] : STEEPNESS[sizeOf(magnitude)]
  }
}

function compareWide(
  low: BigInt64Array,
  from: number,
  next: number,
  classes: Uint8Array,
  at: number,
  count: number
): void {
  const halves = halvesOf(low)
  for (let n = 0; n < count; n++) {
    const here = 2 * (from + n)
    const there = here + 2 * next
    const hereLow = halves[here + 1 - HIGH_HALF]
    const thereLow = halves[there + 1 - HIGH_HALF]
    const borrow = thereLow >>> 0 < hereLow >>> 0 ? 1 : 0
    const difference = (thereLow - hereLow) | 0
    const high = (halves[there + HIGH_HALF] - halves[here + HIGH_HALF] - borrow) | 0
    const size =
      high >= 0
        ? sizeOfWide(high, difference)
        : sizeOfWide(difference === 0 ? -high | 0 : ~high, -difference | 0)
    classes[at + n] = STEEPNESS[size]
  }
}
