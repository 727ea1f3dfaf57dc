// The tensor network of the hologram: a multi-scale transform of which every step is reversible in integers, coarse
// words above, details below. It is to a wavelet what a MERA is to a quantum state (Evenbly and White, 2016).
import { liftAxis, unliftAxis } from './lifting.ts'
import { shapesOfScales } from './scales.ts'
import type { AxisMask } from './scales.ts'
import { merge, split } from './subbands.ts'
import { elementCount } from './tensor.ts'
import { newWords } from './words.ts'
import type { Words } from './words.ts'

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
  onScale?: (low: Words, step: number) => void
): Words[] {
  const shapes = shapesOfScales(shape, steps)
  const layers: Words[] = []
  let low = words
  steps.forEach((mask, step) => {
    eachAxis(shapes[step], mask, (outer, length, inner) => liftAxis(low, outer, length, inner))
    const parts = split(low, shapes[step], mask)
    layers.push(parts.details)
    low = parts.low
    onScale?.(low, step + 1)
  })
  return [low, ...layers.reverse()]
}

/** Puts words together scale by scale, with details or, where these are not known, with none. */
export class Synthesis {
  readonly #shapes: readonly number[][]
  readonly #steps: readonly AxisMask[]

  constructor(shape: readonly number[], steps: readonly AxisMask[]) {
    this.#shapes = shapesOfScales(shape, steps)
    this.#steps = steps
  }

  /**
   * The next finer scale.
   *
   * @param low - the words of layers 0 to layer - 1 put together
   * @param layer - 1 to the number of steps
   * @param details - undefined for none: words in between are means then
   */
  refine(low: Words, layer: number, details?: Words): Words {
    const step = this.#steps.length - layer
    const shape = this.#shapes[step]
    const mask = this.#steps[step]
    const missing = elementCount(shape) - low.length
    const words = merge(low, details ?? newWords(low.BYTES_PER_ELEMENT as 2 | 4 | 8, missing), shape, mask)
    const axes: Array<[number, number, number]> = []
    eachAxis(shape, mask, (...extent) => axes.push(extent))
    for (const [outer, length, inner] of axes.reverse()) unliftAxis(words, outer, length, inner)
    return words
  }

  /** All finer scales without details. @param layers - layers that `low` is made of */
  extend(low: Words, layers: number): Words {
    let words = low
    for (let layer = layers; layer <= this.#steps.length; layer++) words = this.refine(words, layer)
    return words
  }
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
