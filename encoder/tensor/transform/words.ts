import { hostToLittleEndian, littleEndianToHost } from '../files/byte-order.ts'
import { restoreColours } from './colour.ts'
import { formatOf } from '../element-type.ts'
import type { ElementFormat, ElementType } from '../element-type.ts'

/**
 * Integers that the transform works on, modulo their width. Numbers of 8 and 16 bits get words twice as wide, since a
 * coarse scale may overshoot the range of its elements a little: in a word of their own width it would wrap round, and
 * a preview would show black specks in white skies. Wider numbers keep their width.
 */
export type Words = Int16Array | Int32Array | BigInt64Array

type WordArray = typeof Int16Array | typeof Int32Array | typeof BigInt64Array

/** Bytes of the words that numbers of `numberBytes` become. */
export function wordBytes(numberBytes: ElementFormat['numberBytes']): 2 | 4 | 8 {
  return numberBytes === 1 ? 2 : numberBytes === 8 ? 8 : 4
}

export function newWords(bytes: 2 | 4 | 8, length: number): Words {
  const Array: WordArray = bytes === 2 ? Int16Array : bytes === 4 ? Int32Array : BigInt64Array
  return new Array(length)
}

/** All parts in one piece; the part itself when there is but one. */
export function concatenated(parts: readonly Words[]): Words {
  if (parts.length === 1) return parts[0]
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const whole = newWords(parts[0].BYTES_PER_ELEMENT as 2 | 4 | 8, length)
  let start = 0
  for (const part of parts) {
    movable(whole).set(movable(part), start)
    start += part.length
  }
  return whole
}

/** Copying and moving words needs no arithmetic, so it is written once, for one of the kinds. */
export const movable = (words: Words): Int32Array => words as Int32Array

/**
 * The words of a tensor's numbers, greater words for greater numbers: integers as they are, less half the range where
 * they are unsigned and fill the word; floats by the order-preserving map of their bits, so that every bit pattern
 * (NaN payloads, infinities, zeros of both signs, denormals) has a word of its own.
 *
 * @param components - numbers that lie interleaved and come out one after the other: channels, complex parts
 */
export function toWords(type: ElementType, bytes: Uint8Array, components: number): Words {
  const { kind, numberBytes } = formatOf(type)
  const bits = bitsOf(littleEndianToHost(bytes, numberBytes), kind, numberBytes)
  const words = newWords(wordBytes(numberBytes), bits.length)
  deinterleave(bits as Int32Array, movable(words), components)
  reorder(words, kind, numberBytes)
  return words
}

/** What `fromWords` makes of words. */
export interface NumberFormat {
  readonly type: ElementType
  readonly components: number
  /** The first three components went through `decorrelateColours`. */
  readonly colour: boolean
}

/** What is done to words on the way, where layers are missing. */
export interface WordRepair {
  /** Words outside become the nearest inside. */
  readonly bounds?: readonly [least: number | bigint, greatest: number | bigint]
  /** Changes the words from `start` on, after that. */
  readonly overlay?: (words: Words, start: number) => void
}

/** Words of each component that are turned into numbers at once: little memory, and all of it in the cache. */
const BLOCK_WORDS = 2 ** 14

/** The reverse of `toWords`, and of the colour transform. @param words - not changed */
export function fromWords(
  words: Words,
  { type, components, colour }: NumberFormat,
  { bounds, overlay }: WordRepair = {}
): Uint8Array {
  const { kind, numberBytes } = formatOf(type)
  const bytes = new Uint8Array(words.length * numberBytes)
  const bits = bitsOf(bytes, kind, numberBytes)
  const count = words.length / components
  for (let start = 0; start < count; start += BLOCK_WORDS) {
    const length = Math.min(BLOCK_WORDS, count - start)
    const block = newWords(words.BYTES_PER_ELEMENT as 2 | 4 | 8, components * length)
    for (let c = 0; c < components; c++) {
      const from = c * count + start
      movable(block).set(movable(words).subarray(from, from + length), c * length)
    }
    if (colour) restoreColours(block as Int16Array | Int32Array, length)
    if (bounds !== undefined) clamp(block, ...bounds)
    if (overlay !== undefined) {
      for (let c = 0; c < components; c++) {
        overlay(block.subarray(c * length, (c + 1) * length), c * count + start)
      }
    }
    reorder(block, kind, numberBytes)
    const end = (start + length) * components
    interleave(movable(block), bits.subarray(start * components, end) as Int32Array, components)
  }
  return hostToLittleEndian(bytes, numberBytes)
}

/** Words of the least and the greatest number that a type has; undefined where words have no room for others. */
export function typeBounds(
  type: ElementType,
  isPartial: boolean
): readonly [least: number, greatest: number] | undefined {
  const { kind, numberBytes } = formatOf(type)
  return numberBytes < 4 ? rangeOf(kind, numberBytes, isPartial) : undefined
}

/** The word of an integer of a type. @param number - the nearest that the type has is taken */
export function wordOfInteger(type: ElementType, number: number): number | bigint {
  const { kind, numberBytes } = formatOf(type)
  if (numberBytes < 8) return kind === 'unsigned' && numberBytes === 4 ? number - 2 ** 31 : number
  const word = BigInt(Math.round(number)) - (kind === 'unsigned' ? 2n ** 63n : 0n)
  if (word >= 2n ** 63n) return 2n ** 63n - 1n
  return word < -(2n ** 63n) ? -(2n ** 63n) : word
}

type Bits = Uint8Array | Int8Array | Uint16Array | Int16Array | Int32Array | BigInt64Array

function bitsOf(
  { buffer, byteOffset, byteLength }: Uint8Array,
  kind: ElementFormat['kind'],
  numberBytes: ElementFormat['numberBytes']
): Bits {
  const isSigned = kind === 'signed' || kind === 'float'
  switch (numberBytes) {
    case 1:
      return isSigned
        ? new Int8Array(buffer, byteOffset, byteLength)
        : new Uint8Array(buffer, byteOffset, byteLength)
    case 2:
      return isSigned
        ? new Int16Array(buffer, byteOffset, byteLength / 2)
        : new Uint16Array(buffer, byteOffset, byteLength / 2)
    case 4:
      return new Int32Array(buffer, byteOffset, byteLength / 4)
    case 8:
      return new BigInt64Array(buffer, byteOffset, byteLength / 8)
  }
}

/** Maps bits to words of the same order, and back: each of the maps is its own inverse. */
function reorder(words: Words, kind: ElementFormat['kind'], numberBytes: ElementFormat['numberBytes']): void {
  if (kind === 'float') {
    if (words instanceof BigInt64Array) flipNegatives64(words)
    else flipNegatives(words, numberBytes === 2 ? 0x7fff : 0x7fffffff)
  } else if (kind === 'unsigned' && numberBytes >= 4) {
    if (words instanceof BigInt64Array) flipSigns64(words)
    else flipSigns(words)
  }
}

/** IEEE 754 bits are sign and magnitude: turning the magnitude of the negative ones round puts all in order. */
function flipNegatives(words: Int16Array | Int32Array, magnitude: number): void {
  for (let i = 0; i < words.length; i++) words[i] ^= (words[i] >> 31) & magnitude
}

function flipNegatives64(words: BigInt64Array): void {
  for (let i = 0; i < words.length; i++) {
    words[i] = BigInt.asIntN(64, words[i] ^ ((words[i] >> 63n) & 0x7fff_ffff_ffff_ffffn))
  }
}

function flipSigns(words: Int16Array | Int32Array): void {
  for (let i = 0; i < words.length; i++) words[i] ^= 0x80000000
}

function flipSigns64(words: BigInt64Array): void {
  for (let i = 0; i < words.length; i++) words[i] = BigInt.asIntN(64, words[i] ^ 0x8000_0000_0000_0000n)
}

function rangeOf(
  kind: ElementFormat['kind'],
  numberBytes: number,
  isPartial: boolean
): [least: number, most: number] {
  if (kind === 'boolean' && isPartial) return [0, 1]
  const size = 2 ** (8 * numberBytes)
  return kind === 'unsigned' || kind === 'boolean' ? [0, size - 1] : [-size / 2, size / 2 - 1]
}

function clamp(words: Words, least: number | bigint, greatest: number | bigint): void {
  for (let i = 0; i < words.length; i++) {
    const word = words[i]
    if (word < least) words[i] = least as never
    else if (word > greatest) words[i] = greatest as never
  }
}

function deinterleave(source: Int32Array, target: Int32Array, components: number): void {
  if (components === 1) return target.set(source)
  const count = source.length / components
  for (let c = 0; c < components; c++) {
    const base = c * count
    for (let i = 0; i < count; i++) target[base + i] = source[i * components + c]
  }
}

function interleave(source: Int32Array, target: Int32Array, components: number): void {
  if (components === 1) return target.set(source)
  const count = source.length / components
  for (let c = 0; c < components; c++) {
    const base = c * count
    for (let i = 0; i < count; i++) target[i * components + c] = source[base + i]
  }
}
