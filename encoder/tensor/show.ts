// Words as a tensor again, also where layers are missing.
import type { WordForm } from './form.ts'
import type { NumberRange, TensorParameters } from './parameters.ts'
import type { Tensor } from './tensor.ts'
import { wordsOfIntegers } from './transform/apart.ts'
import type { NumberCoding } from './transform/apart.ts'
import { isFloat, numbersToWords } from './transform/float-words.ts'
import { applyMask } from './transform/mask.ts'
import { fromWords, newWords, typeBounds, wordOfInteger, wordBytes } from './transform/words.ts'
import type { Words } from './transform/words.ts'
import { formatOf } from './element-type.ts'

/** What a tensor looks like. */
export interface Showing extends WordForm {
  readonly version: TensorParameters['version']
  readonly colour: boolean
  readonly range: NumberRange | null
}

/** Where there are NaN and infinities. */
export interface ShownMask {
  readonly states: Int16Array
  /** Word of the NaN that places show. */
  readonly nan: number | bigint
}

/**
 * The tensor that integers without their lowest `shift` bits stand for.
 *
 * @param isPartial - layers are missing: numbers outside the range of the whole become its ends
 */
export function shownTensor(
  integers: Words,
  shift: number,
  coding: Pick<NumberCoding, 'type' | 'point'>,
  showing: Showing,
  isPartial: boolean,
  mask?: ShownMask
): Tensor {
  return tensorOfWords(wordsOfIntegers(integers, shift, coding), showing, isPartial, mask)
}

/** The tensor of words in the order of their values. */
export function tensorOfWords(words: Words, showing: Showing, isPartial: boolean, mask?: ShownMask): Tensor {
  const { type, shape, order } = showing
  const overlay =
    mask === undefined
      ? undefined
      : (block: Words, start: number): void =>
          applyMask(block, mask.states.subarray(start, start + block.length), type, mask.nan)
  const bytes = fromWords(words, showing, { bounds: boundsOf(showing, isPartial), overlay })
  return { type, shape, order, bytes }
}

function boundsOf(
  { type, range }: Showing,
  isPartial: boolean
): readonly [least: number | bigint, greatest: number | bigint] | undefined {
  if (range === null) return typeBounds(type, isPartial)
  return isPartial ? [wordOfNumber(type, range.least), wordOfNumber(type, range.greatest)] : undefined
}

function wordOfNumber(type: Tensor['type'], number: number): number | bigint {
  if (!isFloat(type)) return wordOfInteger(type, number)
  const words = newWords(wordBytes(formatOf(type).numberBytes), 1)
  numbersToWords(Float64Array.of(number), type, words)
  return words[0]
}
