// Real numbers as multiples of one step, which a transform can take the mean of: their words in the order of their
// values (words.ts) are logarithms, nearly, and tear a field apart where it crosses zero.
import type { ElementType } from '../element-type.ts'
import { HIGH_HALF, halvesOf } from '../coding/symbols.ts'
import { numbersToWords, wordsToNumbers } from './float-words.ts'
import { newWords } from './words.ts'
import type { Words } from './words.ts'

/** How numbers become integers: number = integer / base^digits, rounded to the type. */
export interface FixedPoint {
  readonly base: 2 | 10
  /** Negative for a step above 1, which only base 2 has. */
  readonly digits: number
}

/** A binary64 has no number finer than this. */
export const MAX_BINARY_DIGITS = 1074
export const MIN_BINARY_DIGITS = -1023
/** 10^22 is the last power of ten that a binary64 has exactly. */
export const MAX_DECIMAL_DIGITS = 22

/** Numbers that are looked at together: they stay in the cache. */
const BLOCK = 4096
/** Factors of at most 2^512 each, so that a product is never out of range before the last of them. */
const FACTOR_DIGITS = 512

/** Exactly 2^exponent, from -1022 to 1023. */
function powerOfTwo(exponent: number): number {
  const view = new DataView(new ArrayBuffer(8))
  view.setUint32(0, (exponent + 1023) << 20)
  return view.getFloat64(0)
}

/** Factors that multiply a number by 2^exponent, one after the other. */
function factorsOf(exponent: number): number[] {
  const factors: number[] = []
  for (let rest = exponent; rest !== 0;) {
    const part = Math.max(-FACTOR_DIGITS, Math.min(FACTOR_DIGITS, rest))
    factors.push(powerOfTwo(part))
    rest -= part
  }
  return factors
}

function powerOfTen(digits: number): number {
  let power = 1
  for (let i = 0; i < digits; i++) power *= 10
  return power
}

/** Multiplies numbers by base^digits. */
function scale(numbers: Float64Array, { base, digits }: FixedPoint): void {
  const factors = base === 2 ? factorsOf(digits) : [powerOfTen(digits)]
  for (const factor of factors) {
    for (let i = 0; i < numbers.length; i++) numbers[i] *= factor
  }
}

/** Divides numbers by base^digits: exact but for the rounding of the last factor, or of the quotient. */
function unscale(numbers: Float64Array, { base, digits }: FixedPoint): void {
  if (base === 10) {
    const power = powerOfTen(digits)
    for (let i = 0; i < numbers.length; i++) numbers[i] /= power
    return
  }
  for (const factor of factorsOf(-digits)) {
    for (let i = 0; i < numbers.length; i++) numbers[i] *= factor
  }
}

/**
 * The integers nearest to finite numbers.
 * @param words - of finite floats in the order of their values
 */
export function toFixedPoint(words: Words, type: ElementType, point: FixedPoint): Words {
  const integers = newWords(words.BYTES_PER_ELEMENT as 4 | 8, words.length)
  for (let start = 0; start < words.length; start += BLOCK) {
    const block = words.subarray(start, start + BLOCK)
    const numbers = new Float64Array(block.length)
    wordsToNumbers(block, type, numbers)
    scale(numbers, point)
    storeIntegers(numbers, integers.subarray(start, start + BLOCK))
  }
  return integers
}

/** The words, in the order of their values, of the floats that integers stand for. */
export function fromFixedPoint(integers: Words, type: ElementType, point: FixedPoint): Words {
  const words = newWords(integers.BYTES_PER_ELEMENT as 4 | 8, integers.length)
  for (let start = 0; start < words.length; start += BLOCK) {
    const block = integers.subarray(start, start + BLOCK)
    const numbers = new Float64Array(block.length)
    loadIntegers(block, numbers)
    unscale(numbers, point)
    numbersToWords(numbers, type, words.subarray(start, start + BLOCK))
  }
  return words
}

/** The word of half a step: no number that becomes the integer 0 of a binary point is further from 0. */
export function halfStepWord(type: ElementType, point: FixedPoint, wordBytes: 4 | 8): number | bigint {
  const words = newWords(wordBytes, 1)
  const half = Float64Array.of(0.5)
  unscale(half, point)
  numbersToWords(half, type, words)
  return words[0]
}

function storeIntegers(numbers: Float64Array, integers: Words): void {
  if (!(integers instanceof BigInt64Array)) {
    for (let i = 0; i < numbers.length; i++) integers[i] = Math.round(numbers[i])
    return
  }
  const halves = halvesOf(integers)
  for (let i = 0; i < numbers.length; i++) {
    const rounded = Math.round(numbers[i])
    const high = Math.floor(rounded / 2 ** 32)
    halves[2 * i + HIGH_HALF] = high
    halves[2 * i + 1 - HIGH_HALF] = rounded - high * 2 ** 32
  }
}

function loadIntegers(integers: Words, numbers: Float64Array): void {
  if (!(integers instanceof BigInt64Array)) return numbers.set(integers)
  const halves = halvesOf(integers)
  for (let i = 0; i < numbers.length; i++) {
    numbers[i] = halves[2 * i + HIGH_HALF] * 2 ** 32 + (halves[2 * i + 1 - HIGH_HALF] >>> 0)
  }
}

/** What finite numbers have in common. */
interface Extent {
  /** Exponent of the largest: it is at least 2^top and below 2^(top + 1). */
  readonly top: number
  /** All are multiples of 2^grain. */
  readonly grain: number
  /** Most bits from the highest to the lowest that is set. */
  readonly bits: number
}

/** So few bits more are no waste where they make all numbers whole. */
const SPARE_BITS = 4

/**
 * The binary fixed point that wastes no bit: its step is that of the largest number, or larger where all numbers are
 * multiples of more.
 *
 * @param words - of finite floats
 */
export function binaryPoint(words: Words, type: ElementType): FixedPoint {
  const extent = extentOf(words, type)
  if (extent === undefined) return { base: 2, digits: 0 }
  const { top, grain, bits } = extent
  const digits = top - grain < bits + SPARE_BITS ? -grain : Math.min(bits - 1 - top, -grain)
  return { base: 2, digits: Math.max(MIN_BINARY_DIGITS, digits) }
}

function extentOf(words: Words, type: ElementType): Extent | undefined {
  let top = -Infinity
  let grain = Infinity
  let bits = 0
  const numbers = new Float64Array(BLOCK)
  const halves = new Int32Array(numbers.buffer)
  for (let start = 0; start < words.length; start += BLOCK) {
    const block = words.subarray(start, start + BLOCK)
    wordsToNumbers(block, type, numbers.subarray(0, block.length))
    for (let i = 0; i < block.length; i++) {
      if (numbers[i] === 0) continue
      const high = halves[2 * i + HIGH_HALF]
      const low = halves[2 * i + 1 - HIGH_HALF]
      const exponent = (high >>> 20) & 0x7ff
      const fraction = (high & 0xf_ffff) | (exponent === 0 ? 0 : 1 << 20)
      // 2^-52 for the lowest bit of a fraction of exponent 0, from the lowest bit that is set up to the highest.
      const unit = Math.max(exponent, 1) - 1075
      const lowest = unit + (low === 0 ? 32 + lowestBit(fraction) : lowestBit(low))
      const highest = unit + (fraction === 0 ? 31 - Math.clz32(low) : 63 - Math.clz32(fraction))
      if (highest > top) top = highest
      if (lowest < grain) grain = lowest
      if (highest - lowest >= bits) bits = highest - lowest + 1
    }
  }
  return bits === 0 ? undefined : { top, grain, bits }
}

const lowestBit = (word: number): number => 31 - Math.clz32(word & -word)

/** Numbers that must be decimal before it is tried. */
const DECIMAL_SAMPLE = 4096
/** So many of them: a zero may have the other sign, a few may be others. */
const DECIMAL_SHARE = 0.9
/** Decimals that need nearly all bits of the type are no help. */
const DECIMAL_SPARE_BITS = 3

/** Some of the words that are not 0. */
function sampleOf(words: Words): Words {
  const step = Math.max(1, Math.floor(words.length / DECIMAL_SAMPLE))
  const sample = newWords(words.BYTES_PER_ELEMENT as 4 | 8, Math.ceil(words.length / step))
  let count = 0
  for (let i = 0; i < words.length; i += step) {
    if (Number(words[i]) !== 0) sample[count++] = words[i] as never
  }
  return sample.subarray(0, count)
}

/**
 * The fewest decimal digits behind the point that give nearly all of a sample of the numbers that are not 0 exactly; undefined when binary ones do
 * as well, or none do.
 *
 * @param words - of finite floats
 * @param precision - significant bits of the type
 */
export function decimalPoint(words: Words, type: ElementType, precision: number): FixedPoint | undefined {
  const sample = sampleOf(words)
  const numbers = new Float64Array(sample.length)
  wordsToNumbers(sample, type, numbers)
  let most = 0
  for (const number of numbers) most = Math.max(most, Math.abs(number))
  for (let digits = 1; digits <= MAX_DECIMAL_DIGITS; digits++) {
    const point: FixedPoint = { base: 10, digits }
    if (most * powerOfTen(digits) >= powerOfTwo(precision - DECIMAL_SPARE_BITS)) return undefined
    const back = fromFixedPoint(toFixedPoint(sample, type, point), type, point)
    let same = 0
    for (let i = 0; i < sample.length; i++) if (sample[i] === back[i]) same++
    if (same >= DECIMAL_SHARE * sample.length) return point
  }
  return undefined
}
