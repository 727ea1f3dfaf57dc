// What fixed point and mask leave out, as the difference between the word of a number and that of what is shown
// instead: with it every bit comes back, payloads of NaN and zeros of both signs among them.
import type { Conditions } from '../coding/conditional-coder.ts'
import { HIGH_HALF, halvesOf } from '../coding/symbols.ts'
import { newWords } from './words.ts'
import type { Words } from './words.ts'

/** What a reader knows before it reads the rest. */
export interface Shown {
  /** Words of what is shown without it, the mask applied. */
  readonly words: Words
  /** Integers of the fixed point; undefined where the words are those of the numbers themselves. */
  readonly integers?: Words
  readonly mask?: Int16Array
  /** Word of the largest number that may have become the integer 0; undefined to treat 0 as any other integer. */
  readonly zeroTop?: number | bigint
  /** Significant bits of the type. */
  readonly precision: number
}

/** Classes 0 to 63 are for how many words lie between two integers, as a power of two. */
const MAX_SPREAD = 63
const ZERO = 64
const MASKED = 65

/**
 * The rest, and by how many bits it is moved down: all those of numbers that are finite and not 0 end in as many zeros.
 * Undefined when nothing is left out.
 */
export function restOf(exact: Words, shown: Shown): { words: Words; shift: number } | undefined {
  const words = newWords(exact.BYTES_PER_ELEMENT as 4 | 8, exact.length)
  const { bits } = subtract(exact, shown, words)
  if (words.every((word) => word === 0 || word === 0n)) return undefined
  const shift = trailingZeros(bits)
  if (shift > 0) moveDown(words, shown, shift)
  return { words, shift }
}

/** Adds the rest. @returns the exact words */
export function withRest(rest: Words, shift: number, shown: Shown): Words {
  const exact = newWords(rest.BYTES_PER_ELEMENT as 4 | 8, rest.length)
  const { integers, mask, zeroTop } = shown
  if (rest instanceof BigInt64Array) {
    const [source, target] = [shown.words as BigInt64Array, exact as BigInt64Array]
    const by = BigInt(shift)
    for (let i = 0; i < rest.length; i++) {
      if (mask !== undefined && mask[i] !== 0) target[i] = BigInt.asIntN(64, source[i] + rest[i])
      else if (zeroTop !== undefined && integers![i] === 0n) target[i] = foldWide(rest[i], zeroTop as bigint)
      else target[i] = BigInt.asIntN(64, source[i] + BigInt.asIntN(64, rest[i] << by))
    }
  } else {
    const source = shown.words as Int32Array
    for (let i = 0; i < rest.length; i++) {
      if (mask !== undefined && mask[i] !== 0) exact[i] = source[i] + (rest[i] as number)
      else if (zeroTop !== undefined && integers![i] === 0)
        exact[i] = fold(rest[i] as number, zeroTop as number)
      else exact[i] = source[i] + ((rest[i] as number) << shift)
    }
  }
  return exact
}

function subtract(exact: Words, shown: Shown, rest: Words): { bits: number | bigint } {
  const { integers, mask, zeroTop } = shown
  if (exact instanceof BigInt64Array) {
    const [source, target] = [shown.words as BigInt64Array, rest as BigInt64Array]
    let bits = 0n
    for (let i = 0; i < exact.length; i++) {
      if (exact[i] === source[i]) continue
      const isMasked = mask !== undefined && mask[i] !== 0
      if (!isMasked && zeroTop !== undefined && integers![i] === 0n)
        target[i] = foldWide(exact[i], zeroTop as bigint)
      else {
        target[i] = BigInt.asIntN(64, exact[i] - source[i])
        if (!isMasked) bits |= target[i]
      }
    }
    return { bits }
  }
  const source = shown.words as Int32Array
  let bits = 0
  for (let i = 0; i < exact.length; i++) {
    if (exact[i] === source[i]) continue
    const isMasked = mask !== undefined && mask[i] !== 0
    if (!isMasked && zeroTop !== undefined && integers![i] === 0)
      rest[i] = fold(exact[i] as number, zeroTop as number)
    else {
      rest[i] = (exact[i] as number) - source[i]
      if (!isMasked) bits |= rest[i] as number
    }
  }
  return { bits }
}

/**
 * Words around 0, most of them near the largest (half of all numbers below a power of two lie above half of it), told
 * by how far they are from it; 0 stays 0, and -0 becomes -1. It is its own inverse.
 */
function fold(word: number, top: number): number {
  if (word > 0) return top + 1 - word
  return word === 0 ? 0 : word === -1 ? -1 : -(top + 3 + word)
}

function foldWide(word: bigint, top: bigint): bigint {
  if (word > 0n) return BigInt.asIntN(64, top + 1n - word)
  return word === 0n || word === -1n ? word : BigInt.asIntN(64, -(top + 3n + word))
}

function trailingZeros(bits: number | bigint): number {
  if (bits === 0 || bits === 0n) return 0
  let rest = BigInt.asUintN(64, BigInt(bits))
  let zeros = 0
  for (; (rest & 1n) === 0n; rest >>= 1n) zeros++
  return zeros
}

function moveDown(rest: Words, { integers, mask, zeroTop }: Shown, shift: number): void {
  const by = BigInt(shift)
  for (let i = 0; i < rest.length; i++) {
    if (mask !== undefined && mask[i] !== 0) continue
    if (zeroTop !== undefined && Number(integers![i]) === 0) continue
    if (rest instanceof BigInt64Array) rest[i] >>= by
    else rest[i] = (rest[i] as number) >> shift
  }
}

/** What is known of the rest: how many words there are between two integers of that size. */
export function restConditions({ words, integers, mask, precision }: Shown, shift: number): Conditions {
  const classes = new Uint8Array(words.length)
  if (integers !== undefined) {
    const most = precision - 1 - shift
    for (let i = 0; i < classes.length; i++) {
      const bits = bitsOf(integers, i)
      classes[i] = bits === 0 ? ZERO : Math.max(0, Math.min(MAX_SPREAD, most - bits + 1))
    }
  }
  if (mask !== undefined) {
    for (let i = 0; i < classes.length; i++) if (mask[i] !== 0) classes[i] = MASKED
  }
  const expected = Array.from({ length: MASKED + 1 }, (_, spread) => 2 * spread - 2)
  expected[ZERO] = 2 * precision - 4
  expected[MASKED] = 0
  return { classes, expected, oneSided: 0 }
}

/** Bits of the magnitude of a word. */
function bitsOf(words: Words, i: number): number {
  if (!(words instanceof BigInt64Array)) return 32 - Math.clz32(Math.abs(words[i]))
  const halves = halvesOf(words)
  let high = halves[2 * i + HIGH_HALF]
  let low = halves[2 * i + 1 - HIGH_HALF]
  if (high < 0) {
    high = low === 0 ? -high | 0 : ~high
    low = -low | 0
  }
  return high === 0 ? 32 - Math.clz32(low) : 64 - Math.clz32(high)
}

/** What is known of a refinement: the size and sign of what it refines. */
export function refinementConditions(coarse: Words, shift: number): Conditions {
  const classes = new Uint8Array(coarse.length)
  for (let i = 0; i < classes.length; i++) {
    const bits = Math.min(MAX_REFINED_BITS, bitsOf(coarse, i))
    classes[i] = bits === 0 ? 0 : 2 * bits - (coarse[i] < 0 ? 0 : 1)
  }
  return {
    classes,
    expected: Array<number>(2 * MAX_REFINED_BITS + 1).fill(2 * shift - 3),
    // A refinement is from -2^(shift - 1) to 2^(shift - 1) - 1.
    oneSided: 2 * shift - 2
  }
}

const MAX_REFINED_BITS = 16
