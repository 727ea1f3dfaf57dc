// A word as a symbol and the bits below it. The symbol has the sign in its highest bit and a size in the others: 0 and 1
// are themselves, beyond that there are two sizes to each power of two, the way JPEG XL splits its integers
// (ISO/IEC 18181-1, hybrid integers). Sizes can be modelled; the bits below are as good as random.
import { IS_LITTLE_ENDIAN } from '../files/byte-order.ts'
import { newWords } from '../transform/words.ts'
import type { Words } from '../transform/words.ts'
import type { BitReader, BitWriter } from './bit-stream.ts'

export const SIZE_MASK = 0x7f
export const SIGN = 0x80

const HIGH = IS_LITTLE_ENDIAN ? 1 : 0
const LOW = 1 - HIGH

/** Sizes that words of so many bytes have. */
export const sizesOf = (wordBytes: number): number => 16 * wordBytes

/** @param magnitude - 0 to 2^32 - 1, read without its sign */
export function sizeOf(magnitude: number): number {
  if (magnitude >>> 0 < 2) return magnitude
  const exponent = 31 - Math.clz32(magnitude)
  return 2 * exponent + ((magnitude >>> (exponent - 1)) & 1)
}

/** @param high - the upper 32 bits of the magnitude @param low - the lower ones */
export function sizeOfWide(high: number, low: number): number {
  if (high === 0) return sizeOf(low)
  if (high === 1) return 64 + (low >>> 31)
  return 64 + sizeOf(high)
}

/** Bits below the two that a size tells. */
export const bitsBelow = (size: number): number => (size < 4 ? 0 : (size >> 1) - 1)

/** The symbols of words; the bits below go to `bits`. */
export function toSymbols(words: Words, bits: BitWriter): Uint8Array {
  return words instanceof BigInt64Array ? wideToSymbols(words, bits) : narrowToSymbols(words, bits)
}

/** The reverse of `toSymbols`. */
export function fromSymbols(symbols: Uint8Array, wordBytes: 2 | 4 | 8, bits: BitReader): Words {
  const words = newWords(wordBytes, symbols.length)
  if (words instanceof BigInt64Array) wideFromSymbols(symbols, words, bits)
  else narrowFromSymbols(symbols, words, bits)
  return words
}

/** Sizes of small magnitudes, which pictures have mostly. */
const SMALL_SIZES = Uint8Array.from({ length: 256 }, (_, magnitude) => sizeOf(magnitude))

function narrowToSymbols(words: Int16Array | Int32Array, bits: BitWriter): Uint8Array {
  const symbols = new Uint8Array(words.length)
  for (let i = 0; i < words.length; i++) {
    const word = words[i]
    const negative = word >> 31
    // Without a branch on the sign, which no processor foresees.
    const magnitude = (word ^ negative) - negative
    const size = magnitude < 256 ? SMALL_SIZES[magnitude] : sizeOf(magnitude | 0)
    symbols[i] = size | (negative & SIGN)
    if (size >= 4) bits.write(magnitude, bitsBelow(size))
  }
  return symbols
}

function narrowFromSymbols(symbols: Uint8Array, words: Int16Array | Int32Array, bits: BitReader): void {
  for (let i = 0; i < symbols.length; i++) {
    const symbol = symbols[i]
    const size = symbol & SIZE_MASK
    let magnitude = size
    if (size >= 4) {
      const below = bitsBelow(size)
      magnitude = ((2 | (size & 1)) << below) | bits.read(below)
    }
    words[i] = symbol >= SIGN ? -magnitude : magnitude
  }
}

/** On the halves of the words: engines are slow at integers of 64 bits. */
function wideToSymbols(words: BigInt64Array, bits: BitWriter): Uint8Array {
  const symbols = new Uint8Array(words.length)
  const halves = halvesOf(words)
  for (let i = 0; i < symbols.length; i++) {
    let high = halves[2 * i + HIGH]
    let low = halves[2 * i + LOW]
    const sign = high < 0 ? SIGN : 0
    if (sign !== 0) {
      high = low === 0 ? -high | 0 : ~high
      low = -low | 0
    }
    const size = sizeOfWide(high, low)
    symbols[i] = size | sign
    const below = bitsBelow(size)
    if (below === 0) continue
    bits.write(low, Math.min(32, below))
    if (below > 32) bits.write(high, below - 32)
  }
  return symbols
}

function wideFromSymbols(symbols: Uint8Array, words: BigInt64Array, bits: BitReader): void {
  const halves = halvesOf(words)
  for (let i = 0; i < symbols.length; i++) {
    const size = symbols[i] & SIZE_MASK
    const below = bitsBelow(size)
    const top = size < 4 ? size : 2 | (size & 1)
    let low = bits.read(Math.min(32, below))
    let high = below > 32 ? bits.read(below - 32) : 0
    if (below < 32) low |= top << below
    if (below === 31) high = top >>> 1
    else if (below >= 32) high |= top << (below - 32)
    if (symbols[i] >= SIGN) {
      high = low === 0 ? -high | 0 : ~high
      low = -low | 0
    }
    halves[2 * i + HIGH] = high
    halves[2 * i + LOW] = low
  }
}

/** 32-bit halves of 64-bit words, at even places the one that this machine has first. */
export function halvesOf({ buffer, byteOffset, length }: BigInt64Array): Int32Array {
  return new Int32Array(buffer, byteOffset, 2 * length)
}

/** Where in `halvesOf` the upper half of word i lies: 2 * i + this. */
export const HIGH_HALF = HIGH
