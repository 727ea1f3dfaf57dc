import { errorBetween } from './fidelity.ts'
import type { ErrorMeasure } from './fidelity.ts'
import { shapesOfScales } from './scales.ts'
import type { AxisMask } from './scales.ts'
import { elementCount } from './tensor.ts'
import { Synthesis } from './transform.ts'
import type { Words } from './words.ts'

/** Up to so many numbers the errors are exact; of larger tensors about so many are looked at. */
export const SAMPLED_NUMBERS = 2 ** 20

/** Rows along the first axis that may be halved. */
interface Slab {
  readonly start: number
  readonly rows: number
}

export interface ErrorSamplerInit {
  /** The numbers themselves, in memory order. */
  readonly numbers: ArrayLike<number>
  /** The axes of the words, components first when there are several. */
  readonly shape: readonly number[]
  readonly firstAxis: number
  readonly steps: readonly AxisMask[]
  /** The numbers that words stand for, in memory order; may change the words. */
  readonly numbersOfWords: (words: Words) => ArrayLike<number>
}

/**
 * Measures, while a tensor is taken apart, what error a reader would find who has the scales so far and no details:
 * the coarse words of a scale are extended to full size and compared. Of a large tensor that is done on slabs spread
 * evenly over it, as thick as one coarsest word is wide.
 */
export class ErrorSampler {
  readonly #init: ErrorSamplerInit
  readonly #shapes: readonly number[][]
  readonly #slabs: readonly Slab[]
  readonly #synthesis: Synthesis
  readonly #errors: ErrorMeasure[] = []

  constructor(init: ErrorSamplerInit) {
    const { shape, firstAxis, steps } = init
    this.#init = init
    this.#shapes = shapesOfScales(shape, steps)
    this.#slabs = slabsOf(init)
    this.#synthesis = new Synthesis(withLength(shape, firstAxis, this.#slabs[0].rows), steps)
  }

  /** @param low - the coarse words after `step` steps; not changed */
  take(low: Words, step: number): void {
    const { steps } = this.#init
    const layers = steps.length - step + 1
    const measures = this.#slabs.map((slab) => this.#measure(low, step, layers, slab))
    this.#errors[layers - 1] = {
      rms: Math.hypot(...measures.map(({ rms }) => rms)) / Math.sqrt(measures.length),
      peak: Math.max(...measures.map(({ peak }) => peak))
    }
  }

  /** One for each number of layers but all, from coarse to fine. */
  get errors(): readonly ErrorMeasure[] {
    return this.#errors
  }

  #measure(low: Words, step: number, layers: number, { start, rows }: Slab): ErrorMeasure {
    const { numbers, shape, firstAxis, steps, numbersOfWords } = this.#init
    const factor = 2 ** halvingsOf(firstAxis, steps.slice(0, step))
    const part = crop(low, this.#shapes[step], firstAxis, {
      start: start / factor,
      rows: Math.ceil(rows / factor)
    })
    const extended = numbersOfWords(this.#synthesis.extend(part, layers))
    const rowNumbers = numbers.length / shape[firstAxis]
    return errorBetween(slice(numbers, start * rowNumbers, (start + rows) * rowNumbers), extended)
  }
}

function slabsOf({ numbers, shape, firstAxis, steps }: ErrorSamplerInit): Slab[] {
  const length = shape[firstAxis]
  const thickness = 2 ** halvingsOf(firstAxis, steps)
  const there = Math.floor(length / thickness)
  const wanted = Math.floor((SAMPLED_NUMBERS * there) / numbers.length)
  if (numbers.length <= SAMPLED_NUMBERS || there < 2) return [{ start: 0, rows: length }]
  const count = Math.max(1, wanted)
  return Array.from({ length: count }, (_, i) => ({
    start: thickness * Math.floor(((i + 0.5) * there) / count),
    rows: thickness
  }))
}

function halvingsOf(axis: number, steps: readonly AxisMask[]): number {
  return steps.filter((mask) => (mask >> axis) & 1).length
}

/** Some rows along `axis`, before which there are at most components. */
function crop(words: Words, shape: readonly number[], axis: number, { start, rows }: Slab): Words {
  const inner = elementCount(shape.slice(axis + 1))
  const outer = elementCount(shape.slice(0, axis))
  const length = shape[axis]
  if (rows === length) return words
  if (outer === 1) return words.subarray(start * inner, (start + rows) * inner)
  const part = words.slice(0, outer * rows * inner)
  for (let component = 0; component < outer; component++) {
    const from = (component * length + start) * inner
    part.set(words.subarray(from, from + rows * inner) as never, component * rows * inner)
  }
  return part
}

function withLength(shape: readonly number[], axis: number, length: number): number[] {
  return shape.map((other, index) => (index === axis ? length : other))
}

function slice(numbers: ArrayLike<number>, start: number, end: number): ArrayLike<number> {
  if (start === 0 && end === numbers.length) return numbers
  return (numbers as Float64Array).subarray(start, end)
}
