// A tensor's words taken apart: to integers that have means, scale by scale, the bits that refine them, and the rest.
import type { Conditions } from '../coding/conditional-coder.ts'
import type { ElementType } from '../element-type.ts'
import { fromFixedPoint, halfStepWord, toFixedPoint } from './fixed-point.ts'
import type { FixedPoint } from './fixed-point.ts'
import { floatLayout } from './float-words.ts'
import { applyMask } from './mask.ts'
import { coarsened, refinement, widened } from './precision.ts'
import { refinementConditions, restConditions, restOf } from './rest.ts'
import type { Shown } from './rest.ts'
import type { AxisMask } from './scales.ts'
import { analyse } from './transform.ts'
import type { Layer, TransformKind } from './transform.ts'
import type { Words } from './words.ts'

/** How words become integers for the transform, and in how many bits at first. */
export interface NumberCoding {
  readonly type: ElementType
  /** Undefined for the words in the order of their values. */
  readonly point?: FixedPoint
  readonly transform: TransformKind
  readonly shifts: readonly number[]
}

/** Words of a tensor, or of a block of one. */
export interface Source {
  /** In the order of their values. */
  readonly exact: Words
  readonly shape: readonly number[]
  /** The same with masked places filled. */
  readonly filled: Words
  readonly mask?: Int16Array
  /** Word of the NaN that masked places show. */
  readonly nan: number | bigint
}

/** Words of which something is known. */
export interface ConditionalWords {
  readonly words: Words
  readonly conditions: Conditions
}

export interface Parts {
  /** From coarse to fine. */
  readonly scales: readonly Layer[]
  readonly refinements: readonly ConditionalWords[]
  readonly rest?: ConditionalWords & { readonly shift: number }
}

/** Is shown the words that each set of layers gives: after so many steps, with so many bits missing. */
export type OnWords = (words: Words, step: number, shift: number) => void

/** Takes words apart. @param onWords - called from fine to coarse for scales, then from coarse to fine for bits */
export function takeApart(
  source: Source,
  steps: readonly AxisMask[],
  coding: NumberCoding,
  onWords?: OnWords
): Parts {
  const { type, point, transform, shifts } = coding
  const integers = point === undefined ? source.filled : toFixedPoint(source.filled, type, point)
  const ladder = ladderOf(integers, shifts)
  const coarsest = ladder[0]
  onWords?.(coarsest, 0, shifts[0])
  // The transform changes the words that it is given.
  const scales = analyse(coarsest.slice(), source.shape, steps, transform, (low, step) =>
    onWords?.(low, step, shifts[0])
  )
  const refinements = shifts.slice(1).map((shift, index) => {
    const by = shifts[index] - shift
    onWords?.(ladder[index + 1], 0, shift)
    return {
      words: refinement(ladder[index + 1], ladder[index], by),
      conditions: refinementConditions(ladder[index], by)
    }
  })
  const shown = shownOf(integers, coding, source)
  const rest = shown === undefined ? undefined : restOf(source.exact, shown)
  if (rest === undefined) return { scales, refinements }
  return { scales, refinements, rest: { ...rest, conditions: restConditions(shown!, rest.shift) } }
}

/** The integers with so many bits missing each, from the coarsest on; each is made from the next finer one. */
function ladderOf(integers: Words, shifts: readonly number[]): Words[] {
  const ladder: Words[] = [integers]
  for (let index = shifts.length - 2; index >= 0; index--) {
    ladder.unshift(coarsened(ladder[0], shifts[index] - shifts[index + 1]))
  }
  return ladder
}

/** What is known of floats before the rest; undefined where there is no rest: words of finite numbers are exact. */
export function shownOf(
  integers: Words,
  { type, point }: Pick<NumberCoding, 'type' | 'point'>,
  { mask, nan }: Pick<Source, 'mask' | 'nan'>
): Shown | undefined {
  if (point === undefined && mask === undefined) return undefined
  const words = point === undefined ? integers.slice() : fromFixedPoint(integers, type, point)
  if (mask !== undefined) applyMask(words, mask, type, nan)
  const { precision } = floatLayout(type)
  if (point === undefined) return { words, mask, precision }
  const zeroTop =
    point.base === 2 ? halfStepWord(type, point, integers.BYTES_PER_ELEMENT as 4 | 8) : undefined
  return { words, integers, mask, zeroTop, precision }
}

/** The words, in the order of their values, that integers without their lowest `shift` bits stand for. */
export function wordsOfIntegers(
  integers: Words,
  shift: number,
  { type, point }: Pick<NumberCoding, 'type' | 'point'>
): Words {
  const words = widened(integers, shift)
  return point === undefined ? words : fromFixedPoint(words, type, point)
}
