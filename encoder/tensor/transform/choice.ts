// How a tensor is best coded, found by trying.
import { codeConditionalLayer, codeLayer } from '../coding/layer-coding.ts'
import type { ElementType } from '../element-type.ts'
import { deviationOf, errorBetween, fidelityOf, numbersOf } from '../fidelity/fidelity.ts'
import { elementCount } from '../tensor.ts'
import { takeApart, wordsOfIntegers } from './apart.ts'
import type { NumberCoding, Source } from './apart.ts'
import { binaryPoint, decimalPoint, toFixedPoint } from './fixed-point.ts'
import type { FixedPoint } from './fixed-point.ts'
import { floatLayout, isFloat } from './float-words.ts'
import { coarsened } from './precision.ts'
import { planSteps } from './scales.ts'
import { advance } from './subbands.ts'
import { TRANSFORM_KINDS } from './transform.ts'
import { fromWords, movable, newWords } from './words.ts'
import type { Words } from './words.ts'

/** A tensor this small is tried whole; of a larger one blocks of about this size in all. */
const SAMPLED_WORDS = 2 ** 16
const BLOCKS = 4
/** Finer scales decide: they have nearly all the words. */
const SCALES = 3
/** Coarse words that are means show what is missing better, which is worth that much storage. */
const LOWPASS_BONUS = 0.95
/** A fixed point shows a field that crosses zero, which is worth that much storage. */
const FIXED_POINT_BONUS = 0.99
/** Bits that come later may cost that much storage. */
const LADDER_EXCESS = 1.005
/** Numbers of fewer elements have no ladder: each layer has an overhead. */
const LADDER_WORDS = 4096
/** Bits are told three at a time until this fidelity. */
const LADDER_FIDELITY = 0.995
const LADDER_STEP = 3
/** Numbers of bits to try, at most. */
const LADDER_TRIALS = 12
/** Fewer known of a tensor is worth no layer. */
const MIN_FIDELITY = 0.3

/** Words of a tensor, masked places filled. */
export interface Candidate {
  readonly type: ElementType
  readonly words: Words
  /** Components first when there are several. */
  readonly shape: readonly number[]
  readonly components: number
  readonly colour: boolean
}

/**
 * The coding that makes the tensor shortest, tried on blocks along its diagonal: the low-pass unless another transform is
 * clearly shorter, fixed point unless the order of the words is, and as many bits told later as that costs nothing.
 */
export function chooseCoding(candidate: Candidate): NumberCoding {
  const { type } = candidate
  const trial = new Trial(candidate)
  let best = trial.bestTransform(undefined, Infinity)!
  if (isFloat(type)) {
    const limit = best.bytes / FIXED_POINT_BONUS
    const points = pointsOf(candidate).map((point) => trial.bestTransform(point, limit))
    for (const found of points) {
      if (found !== undefined && (best.coding.point === undefined || found.bytes < best.bytes)) best = found
    }
  }
  return trial.withLadder(best)
}

function pointsOf({ words, type }: Candidate): FixedPoint[] {
  const decimal = decimalPoint(words, type, floatLayout(type).precision)
  const binary = binaryPoint(words, type)
  return decimal === undefined ? [binary] : [binary, decimal]
}

interface Tried {
  readonly coding: NumberCoding
  readonly bytes: number
}

/** Tries codings on a sample of the words. */
class Trial {
  readonly #candidate: Candidate
  readonly #blocks: readonly Source[]

  constructor(candidate: Candidate) {
    const { words, shape, components } = candidate
    this.#candidate = candidate
    this.#blocks = blocksOf(words, shape, components === 1 ? 0 : 1)
  }

  /** The transform that suits integers best; undefined when none has at most so many bytes. */
  bestTransform(point: FixedPoint | undefined, mostBytes: number): Tried | undefined {
    let best: Tried | undefined
    let least = Infinity
    for (const transform of TRANSFORM_KINDS) {
      const coding: NumberCoding = { type: this.#candidate.type, point, transform, shifts: [0] }
      const bytes = this.#bytesOf(coding)
      const cost = transform === 'lowpass' ? LOWPASS_BONUS * bytes : bytes
      if (cost >= least || bytes > mostBytes) continue
      best = { coding, bytes }
      least = cost
    }
    return best
  }

  /** With as many bits told later as cost next to nothing, and then fewer and fewer. */
  withLadder({ coding, bytes }: Tried): NumberCoding {
    if (this.#candidate.words.length < LADDER_WORDS) return coding
    const width = this.#candidate.words.BYTES_PER_ELEMENT
    const by = width === 2 ? 1 : LADDER_STEP * (width / 4)
    let best = coding
    for (let trial = 1; trial <= LADDER_TRIALS && trial * by < 8 * width - 1; trial++) {
      const shift = trial * by
      if (this.#fidelityOf(coding, shift) < MIN_FIDELITY) break
      const found = this.#bestLadder(coding, shift, LADDER_EXCESS * bytes)
      if (found !== undefined) best = found
    }
    return best
  }

  /** With `shift` bits told later, by the transform that suits what is left; undefined when that takes too much. */
  #bestLadder(coding: NumberCoding, shift: number, mostBytes: number): NumberCoding | undefined {
    const { transform } = coding
    const shifts = [shift]
    while (shifts.at(-1)! > LADDER_STEP && this.#fidelityOf(coding, shifts.at(-1)!) < LADDER_FIDELITY) {
      shifts.push(shifts.at(-1)! - LADDER_STEP)
    }
    if (shifts.at(-1) !== 0) shifts.push(0)
    let best: NumberCoding | undefined
    let least = mostBytes
    for (const kind of transform === 'sampling' ? [transform] : ([transform, 'sampling'] as const)) {
      const found = { ...coding, transform: kind, shifts }
      const bytes = this.#bytesOf(found)
      if (bytes > least) continue
      best = found
      least = bytes
    }
    return best
  }

  #bytesOf(coding: NumberCoding): number {
    const { components } = this.#candidate
    const first = components === 1 ? 0 : 1
    return this.#blocks.reduce((sum, block) => {
      const steps = planSteps(block.shape, first).slice(0, SCALES)
      const { scales, refinements, rest } = takeApart(block, steps, coding)
      const later = rest === undefined ? refinements : [...refinements, rest]
      return (
        sum +
        scales.reduce((bytes, layer) => bytes + codeLayer(layer, components).bytes.length, 0) +
        later.reduce(
          (bytes, { words, conditions }) => bytes + codeConditionalLayer(words, conditions).bytes.length,
          0
        )
      )
    }, 0)
  }

  /** Of the integers without their lowest bits. */
  #fidelityOf(coding: NumberCoding, shift: number): number {
    const { type, components, colour } = this.#candidate
    const numbers = (words: Words): ArrayLike<number> =>
      numbersOf({ type, bytes: fromWords(words, { type, components, colour }) })
    const [errors, squares] = this.#blocks.reduce(
      ([error, square], { filled }) => {
        const { point } = coding
        const integers = point === undefined ? filled : toFixedPoint(filled, type, point)
        const exact = numbers(filled)
        const { rms } = errorBetween(
          exact,
          numbers(wordsOfIntegers(coarsened(integers, shift), shift, coding))
        )
        return [Math.hypot(error, rms), Math.hypot(square, deviationOf(exact))]
      },
      [0, 0]
    )
    return fidelityOf({ rms: errors, peak: 0 }, squares)
  }
}

function blocksOf(words: Words, shape: readonly number[], first: number): Source[] {
  if (words.length <= SAMPLED_WORDS) return [sourceOf(words, shape)]
  const size = blockShape(shape, first, SAMPLED_WORDS / BLOCKS)
  return Array.from({ length: BLOCKS }, (_, block) => {
    const start = shape.map((length, axis) => Math.floor(((length - size[axis]) * (block + 0.5)) / BLOCKS))
    return sourceOf(cut(words, shape, start, size), size)
  })
}

const sourceOf = (words: Words, shape: readonly number[]): Source => ({
  exact: words,
  filled: words,
  shape,
  nan: 0
})

/** The longest axes are shortened until there are at most so many words; components stay together. */
function blockShape(shape: readonly number[], first: number, most: number): number[] {
  const size = [...shape]
  while (elementCount(size) > most) {
    const longest = Math.max(...size.slice(first))
    const axis = size.lastIndexOf(longest)
    size[axis] = Math.ceil(longest / 2)
  }
  return size
}

function cut(
  words: Words,
  shape: readonly number[],
  start: readonly number[],
  size: readonly number[]
): Words {
  const row = size.at(-1)!
  const block = newWords(words.BYTES_PER_ELEMENT as 2 | 4 | 8, elementCount(size))
  const outer = size.slice(0, -1)
  const index = outer.map(() => 0)
  for (let at = 0; at < block.length; at += row) {
    const place = [...index, 0].reduce((sum, offset, axis) => sum * shape[axis] + start[axis] + offset, 0)
    movable(block).set(movable(words).subarray(place, place + row), at)
    advance(index, outer)
  }
  return block
}
