// The tensor network of the hologram: a multi-scale transform of which every step is reversible in integers, coarse
// words above, details below. It is to a wavelet what a MERA is to a quantum state (Evenbly and White, 2016).
import { bandsOf } from './bands.ts'
import type { Band } from '../coding/band-coder.ts'
import { liftAxis, predictAxis, unliftAxis, unpredictAxis } from './lifting.ts'
import { axesOf, halved, shapesOfScales } from './scales.ts'
import type { AxisMask } from './scales.ts'
import { merge, split } from './subbands.ts'
import { elementCount } from '../tensor.ts'
import { concatenated, newWords } from './words.ts'
import type { Words } from './words.ts'

/**
 * How a step makes coarse words and details.
 * - `lowpass`: LeGall 5/3. Coarse words are weighted means, which show best what is missing; details are what they miss.
 * - `interpolating`: coarse words are every other one, unchanged, one axis after the other; details are the others less
 *   the mean of their two neighbours. Flat parts and edges of drawings stay what they are, so they cost least.
 * - `sampling`: the same, and details are the other words themselves. For noise, in which neighbours tell nothing.
 */
export type TransformKind = 'lowpass' | 'interpolating' | 'sampling'

export const TRANSFORM_KINDS: readonly TransformKind[] = ['lowpass', 'interpolating', 'sampling']

/** The words of a layer, band after band. */
export interface Layer {
  readonly words: Words
  readonly bands: readonly Band[]
}

/** Hands out the details of a layer, from its beginning on. */
export interface DetailSource {
  /** @param bands - of the next details; need not be called */
  take(count: number, bands: () => readonly Band[]): Words
}

/**
 * Takes words apart into layers.
 *
 * @param words - of `shape`; are changed
 * @param steps - from fine to coarse (planSteps)
 * @param onScale - is shown the coarse words after each step, counted from 1; they change afterwards
 * @returns from coarse to fine, with the lengths of layerLengths
 */
export function analyse(
  words: Words,
  shape: readonly number[],
  steps: readonly AxisMask[],
  kind: TransformKind,
  onScale?: (low: Words, step: number) => void
): Layer[] {
  const layers: Layer[] = []
  let low = words
  let box = shape
  for (const [step, mask] of steps.entries()) {
    const parts: Layer[] = []
    for (const part of partsOf(mask, kind)) {
      eachAxis(box, part, (...extent) => apart(kind, low, ...extent))
      const bands = split(low, box, part)
      low = bands.low
      parts.push({ words: bands.details, bands: bandsOf(low, box, part) })
      box = halved(box, part)
    }
    parts.reverse()
    layers.push({
      words: concatenated(parts.map((part) => part.words)),
      bands: parts.flatMap((part) => part.bands)
    })
    onScale?.(low, step + 1)
  }
  return [{ words: low, bands: [{ shape: box }] }, ...layers.reverse()]
}

/** Puts words together scale by scale, with details or, where these are not known, with none. */
export class Synthesis {
  readonly #shapes: readonly number[][]
  readonly #steps: readonly AxisMask[]
  readonly #kind: TransformKind

  constructor(shape: readonly number[], steps: readonly AxisMask[], kind: TransformKind) {
    this.#shapes = shapesOfScales(shape, steps)
    this.#steps = steps
    this.#kind = kind
  }

  /** The shape of the coarsest scale. */
  get coarsest(): readonly number[] {
    return this.#shapes.at(-1)!
  }

  /**
   * The next finer scale.
   *
   * @param low - the words of layers 0 to layer - 1 put together
   * @param layer - 1 to the number of steps
   * @param source - undefined for no details: words in between are means then
   */
  refine(low: Words, layer: number, source?: DetailSource): Words {
    const step = this.#steps.length - layer
    // Without details every kind but the low-pass shows means of neighbours.
    const kind = source === undefined && this.#kind === 'sampling' ? 'interpolating' : this.#kind
    let words = low
    for (const { shape, mask } of this.#parts(step)) {
      const coarse = words
      const missing = elementCount(shape) - coarse.length
      const details =
        source === undefined
          ? newWords(low.BYTES_PER_ELEMENT as 2 | 4 | 8, missing)
          : source.take(missing, () => bandsOf(coarse, shape, mask))
      words = merge(coarse, details, shape, mask)
      const axes: Array<[number, number, number]> = []
      eachAxis(shape, mask, (...extent) => axes.push(extent))
      for (const extent of axes.reverse()) together(kind, words, ...extent)
    }
    return words
  }

  /** All finer scales without details. @param layers - layers that `low` is made of */
  extend(low: Words, layers: number): Words {
    let words = low
    for (let layer = layers; layer <= this.#steps.length; layer++) words = this.refine(words, layer)
    return words
  }

  /** The parts of a step from coarse to fine, each with the shape before it was taken apart. */
  #parts(step: number): Array<{ shape: readonly number[]; mask: AxisMask }> {
    let shape: readonly number[] = this.#shapes[step]
    const parts = partsOf(this.#steps[step], this.#kind).map((mask) => {
      const part = { shape, mask }
      shape = halved(shape, mask)
      return part
    })
    return parts.reverse()
  }
}

/** What a step takes apart at once: all axes, or one after the other, the contiguous one first. */
function partsOf(mask: AxisMask, kind: TransformKind): AxisMask[] {
  if (kind === 'lowpass') return [mask]
  return axesOf(mask).map((axis) => 1 << axis)
}

function apart(kind: TransformKind, words: Words, outer: number, length: number, inner: number): void {
  if (kind === 'lowpass') liftAxis(words, outer, length, inner)
  else if (kind === 'interpolating') predictAxis(words, outer, length, inner)
}

function together(kind: TransformKind, words: Words, outer: number, length: number, inner: number): void {
  if (kind === 'lowpass') unliftAxis(words, outer, length, inner)
  else if (kind === 'interpolating') unpredictAxis(words, outer, length, inner)
}

/** The contiguous axis first: its lines are in the cache when they are first touched. */
function eachAxis(
  shape: readonly number[],
  mask: AxisMask,
  visit: (outer: number, length: number, inner: number) => void
): void {
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (((mask >> axis) & 1) === 0) continue
    visit(elementCount(shape.slice(0, axis)), shape[axis], elementCount(shape.slice(axis + 1)))
  }
}
