// Numbers that are none: NaN and the infinities. They are left out of the transform, which fills their places with what
// lies beside them, and told by a mask of their own.
import { formatOf } from '../element-type.ts'
import type { ElementType } from '../element-type.ts'
import { floatLayout } from './float-words.ts'
import { fromWords, newWords, toWords, wordBytes } from './words.ts'
import type { Words } from './words.ts'

/** What stands at a place. */
export const FINITE = 0
export const NOT_A_NUMBER = 1
export const POSITIVE_INFINITY = 2
export const NEGATIVE_INFINITY = 3

/** For each number one of the above; undefined when all are finite. @param words - of floats, in order of value */
export function maskOf(words: Words, type: ElementType): Int16Array | undefined {
  const { infinity, negativeInfinity } = floatLayout(type)
  let mask: Int16Array | undefined
  for (let i = 0; i < words.length; i++) {
    const word = words[i]
    if (word < infinity && word > negativeInfinity) continue
    mask ??= new Int16Array(words.length)
    if (word === infinity) mask[i] = POSITIVE_INFINITY
    else mask[i] = word === negativeInfinity ? NEGATIVE_INFINITY : NOT_A_NUMBER
  }
  return mask
}

/** Puts what the mask tells into its places. @param nan - word of the NaN that a place shows */
export function applyMask(words: Words, mask: Int16Array, type: ElementType, nan: number | bigint): void {
  const { infinity, negativeInfinity } = floatLayout(type)
  for (let i = 0; i < words.length; i++) {
    if (mask[i] === FINITE) continue
    if (mask[i] === NOT_A_NUMBER) words[i] = nan as never
    else words[i] = (mask[i] === POSITIVE_INFINITY ? infinity : negativeInfinity) as never
  }
}

/**
 * Fills masked places so that a transform finds nothing there: with the last finite number before them in their row,
 * at its beginning with the first one; a row without any is like the one before.
 *
 * @param words - changed
 * @param columns - words in a row
 */
export function fillMasked(words: Words, mask: Int16Array, columns: number): void {
  // Before the first finite row there is none to be like: zero is the word of the number 0.
  let rowBefore: Words | undefined
  for (let start = 0; start < words.length; start += columns) {
    const row = words.subarray(start, start + columns)
    const states = mask.subarray(start, start + columns)
    const first = states.indexOf(FINITE)
    if (first >= 0) {
      row.fill(row[first] as never, 0, first)
      for (let x = first + 1; x < row.length; x++) if (states[x] !== FINITE) row[x] = row[x - 1]
    } else if (rowBefore === undefined) row.fill((row instanceof BigInt64Array ? 0n : 0) as never)
    else row.set(rowBefore as never)
    rowBefore = row
  }
}

/** Bits of a quiet NaN, for where none is needed. */
const USUAL_NAN: Readonly<Record<number, string>> = { 2: '7e00', 4: '7fc00000', 8: '7ff8000000000000' }

/** The bits of a NaN in hexadecimal, highest first. @param word - 0 for the usual one */
export function bitsOfNan(word: number | bigint, type: ElementType): string {
  const { numberBytes } = formatOf(type)
  if (word === 0) return USUAL_NAN[numberBytes]
  const words = newWords(wordBytes(numberBytes), 1)
  words[0] = word as never
  const bytes = fromWords(words, { type, components: 1, colour: false })
  return Buffer.from(bytes.reverse()).toString('hex')
}

/** The reverse of `bitsOfNan`. */
export function wordOfNan(bits: string, type: ElementType): number | bigint {
  return toWords(type, Uint8Array.from(Buffer.from(bits, 'hex').reverse()), 1)[0]
}

/** Whether bits in hexadecimal are those of a NaN. */
export function isNan(bits: string, type: ElementType): boolean {
  const { infinity, negativeInfinity } = floatLayout(type)
  const word = wordOfNan(bits, type)
  return word > infinity || word < negativeInfinity
}
