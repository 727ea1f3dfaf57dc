import { errorBetween } from './fidelity.ts'
import type { ErrorMeasure } from './fidelity.ts'
import { shapesOfScales } from '../transform/scales.ts'
import type { AxisMask } from '../transform/scales.ts'
import { elementCount } from '../tensor.ts'
import { Synthesis } from '../transform/transform.ts'
import type { TransformKind } from '../transform/transform.ts'
import type { Words } from '../transform/words.ts'

/** Up to so many numbers the errors are exact; of larger tensors about so many are looked at for each scale. */
const SAMPLED_NUMBERS = 2 ** 20
/** A slab has at least so many rows of numbers. */
const SLAB_ROWS = 16
/** In so many places at least. */
const MIN_SLABS = 4

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
  readonly transform: TransformKind
  /** The numbers that words stand for which lack their lowest `shift` bits, in memory order. */
  readonly numbersOfWords: (words: Words, shift: number) => ArrayLike<number>
}

/**
 * Measures, while a tensor is taken apart, what error a reader would find who has the scales so far and no details:
 * the coarse words of a scale are extended to full size and compared. Of a large tensor that is done on slabs spread
 * evenly over it. Each is extended together with the coarse row behind it, on which its last rows depend, so that
 * what is compared is what a reader would see.
 */
export class ErrorSampler {
  readonly #init: ErrorSamplerInit
  readonly #shapes: readonly number[][]

  constructor(init: ErrorSamplerInit) {
    this.#init = init
    this.#shapes = shapesOfScales(init.shape, init.steps)
  }

  /**
   * @param low - the coarse words after `step` steps; not changed
   * @param shift - bits that the words lack
   */
  measure(low: Words, step: number, shift: number): ErrorMeasure {
    const { steps, firstAxis } = this.#init
    const rowsOfWord = 2 ** steps.slice(0, step).filter((mask) => (mask >> firstAxis) & 1).length
    const measures = slabsOf(this.#init, rowsOfWord).map((slab) =>
      this.#measure(low, step, shift, rowsOfWord, slab)
    )
    return {
      rms: Math.hypot(...measures.map(({ rms }) => rms)) / Math.sqrt(measures.length),
      peak: Math.max(...measures.map(({ peak }) => peak))
    }
  }

  #measure(low: Words, step: number, shift: number, rowsOfWord: number, { start, rows }: Slab): ErrorMeasure {
    const { numbers, shape, firstAxis, steps, transform, numbersOfWords } = this.#init
    const length = shape[firstAxis]
    const isWhole = rows === length
    const extendedRows = isWhole ? rows : rows + rowsOfWord
    const first = start / rowsOfWord
    const part = isWhole
      ? low
      : crop(low, this.#shapes[step], firstAxis, { start: first, rows: extendedRows / rowsOfWord })
    const slabShape = shape.map((other, axis) => (axis === firstAxis ? extendedRows : other))
    const words = new Synthesis(slabShape, steps.slice(0, step), transform).extend(part, 1)
    const rowNumbers = numbers.length / length
    return errorBetween(
      slice(numbers, start * rowNumbers, (start + rows) * rowNumbers),
      slice(numbersOfWords(words, shift), 0, rows * rowNumbers)
    )
  }
}

/** @param rowsOfWord - rows of numbers for each row of coarse words */
function slabsOf({ numbers, shape, firstAxis }: ErrorSamplerInit, rowsOfWord: number): Slab[] {
  const length = shape[firstAxis]
  const rows = Math.max(rowsOfWord, SLAB_ROWS)
  const there = Math.floor((length - rowsOfWord) / rows)
  const affordable = Math.floor((SAMPLED_NUMBERS * length) / (numbers.length * rows))
  const count = Math.max(MIN_SLABS, affordable)
  if (numbers.length <= SAMPLED_NUMBERS || count >= there) return [{ start: 0, rows: length }]
  return Array.from({ length: count }, (_, i) => ({
    start: rows * Math.floor(((i + 0.5) * there) / count),
    rows
  }))
}

/** Some rows along `axis`, before which there are at most components. */
function crop(words: Words, shape: readonly number[], axis: number, { start, rows }: Slab): Words {
  const inner = elementCount(shape.slice(axis + 1))
  const outer = elementCount(shape.slice(0, axis))
  const length = shape[axis]
  if (outer === 1) return words.subarray(start * inner, (start + rows) * inner)
  const part = words.slice(0, outer * rows * inner)
  for (let component = 0; component < outer; component++) {
    const from = (component * length + start) * inner
    part.set(words.subarray(from, from + rows * inner) as never, component * rows * inner)
  }
  return part
}

function slice(numbers: ArrayLike<number>, start: number, end: number): ArrayLike<number> {
  if (start === 0 && end === numbers.length) return numbers
  return (numbers as Float64Array).subarray(start, end)
}
