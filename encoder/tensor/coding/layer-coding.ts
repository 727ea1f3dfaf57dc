// A layer as bytes, in whichever of three codings is shortest: by contexts (context-coding.ts), which suits what a
// transform leaves; by zstd (RFC 8878), which finds what repeats, after zigzag and with the bytes of equal weight
// together, so that high ones, mostly zero, cost nothing; or those bytes as they are.
import * as zlib from 'node:zlib'
import { IS_LITTLE_ENDIAN } from '../files/byte-order.ts'
import type { Conditions } from './conditional-coder.ts'
import { ContextReader, encodeByCondition, encodeByContext } from './context-coding.ts'
import { TensorError } from '../errors.ts'
import type { DetailSource, Layer } from '../transform/transform.ts'
import { newWords } from '../transform/words.ts'
import type { Words } from '../transform/words.ts'

export const LAYER_CODINGS = ['raw', 'zstd', 'context'] as const

/** How the bytes of a layer are coded. */
export type LayerCoding = (typeof LAYER_CODINGS)[number]

export interface CodedLayer {
  readonly coding: LayerCoding
  readonly bytes: Uint8Array
}

/** A layer of which the words are handed out as its reader asks for them. */
export interface LayerReader extends DetailSource {
  /** All words at once, of which something is known. */
  takeConditional: (count: number, conditions: () => Conditions) => Words
  /** @throws TensorError 'CORRUPT' when there was more than has been taken */
  finish(): void
}

/** The lowest level leaves noise alone, in which higher ones find matches that cost more than they save. */
const ZSTD_LEVEL = 1
/** Repetitions are found in 2 MiB, as at higher levels. */
const ZSTD_WINDOW_LOG = 21

/** A layer of more than twice its pieces is given to zstd only when they promise something. */
const PIECE_WORDS = 2 ** 12
const PIECES = 4
/** zstd makes a whole that much smaller than its pieces, at most, unless it repeats itself from afar. */
const PIECES_EXCESS = 1.1

/** @param components - how many parts of equal size every band has */
export function codeLayer({ words, bands }: Layer, components: number): CodedLayer {
  return shortest(words, encodeByContext(words, bands, components, words.byteLength))
}

/** The same for words of which something is known. */
export function codeConditionalLayer(words: Words, conditions: Conditions): CodedLayer {
  return shortest(words, encodeByCondition(words, conditions, words.byteLength))
}

function shortest(words: Words, byContext: Uint8Array | undefined): CodedLayer {
  checkZstd()
  const most = byContext?.length ?? words.byteLength
  if (promisedByPieces(words) <= PIECES_EXCESS * most) {
    const packed = deflate(toPlanes(words))
    if (packed.length < most) return { coding: 'zstd', bytes: packed }
  }
  return byContext === undefined
    ? { coding: 'raw', bytes: toPlanes(words) }
    : { coding: 'context', bytes: byContext }
}

/** About how many bytes zstd would leave of the words; 0 of few, which are tried whole. */
function promisedByPieces(words: Words): number {
  if (words.length <= 2 * PIECES * PIECE_WORDS) return 0
  let sum = 0
  for (let piece = 0; piece < PIECES; piece++) {
    const start = Math.floor(((words.length - PIECE_WORDS) * (piece + 0.5)) / PIECES)
    sum += deflate(toPlanes(words.subarray(start, start + PIECE_WORDS))).length
  }
  return (sum * words.length) / (PIECES * PIECE_WORDS)
}

function deflate(bytes: Uint8Array): Uint8Array {
  const packed = zlib.zstdCompressSync(bytes, {
    params: {
      [zlib.constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL,
      [zlib.constants.ZSTD_c_windowLog]: ZSTD_WINDOW_LOG
    }
  })
  return new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength)
}

/**
 * The reverse of `codeLayer`; never makes more than the words need.
 *
 * @param wordBytes - bytes of a word
 * @param count - words in the layer
 * @param components - as for `codeLayer`
 * @throws TensorError 'CORRUPT' for bytes that are not exactly `count` words, here or when they are taken
 */
export function readLayer(
  { coding, bytes }: CodedLayer,
  wordBytes: 2 | 4 | 8,
  count: number,
  components: number
): LayerReader {
  if (coding === 'context') {
    const reader = new ContextReader(bytes, wordBytes, components)
    return {
      take: (_, bands) => reader.take(bands()),
      takeConditional: (_, conditions) => reader.takeConditional(conditions()),
      finish: () => reader.finish()
    }
  }
  const words = decodePlanes(coding, bytes, wordBytes, count)
  let taken = 0
  const take = (part: number): Words => words.subarray(taken, (taken += part))
  return {
    take,
    takeConditional: take,
    finish: () => {
      if (taken !== count) throw corrupt(wordBytes * count)
    }
  }
}

function decodePlanes(coding: 'raw' | 'zstd', bytes: Uint8Array, wordBytes: 2 | 4 | 8, count: number): Words {
  const expected = wordBytes * count
  const raw = coding === 'raw' ? bytes : inflate(bytes, expected)
  if (raw.byteLength !== expected) throw corrupt(expected)
  return fromPlanes(raw, newWords(wordBytes, count))
}

function checkZstd(): void {
  if ('zstdCompressSync' in zlib) return
  throw new TensorError('UNSUPPORTED', 'Tensors need zstd, which Node has from version 22.15 on.')
}

/** @throws TensorError 'CORRUPT' unless it is one zstd frame of exactly `expected` bytes, of our window at most */
function inflate(bytes: Uint8Array, expected: number): Uint8Array {
  checkZstd()
  const { buffer, engine } = inflated(bytes, expected)
  if (engine.bytesWritten !== bytes.byteLength) throw corrupt(expected)
  return buffer
}

/** What Node gives for `info: true`. */
interface Inflated {
  readonly buffer: Uint8Array
  readonly engine: { readonly bytesWritten: number }
}

function inflated(bytes: Uint8Array, expected: number): Inflated {
  try {
    return zlib.zstdDecompressSync(bytes, {
      maxOutputLength: Math.max(1, expected),
      // One piece of memory, with room for the byte that shows that there is too much.
      chunkSize: Math.max(64, expected + 1),
      params: { [zlib.constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG },
      info: true
    }) as unknown as Inflated
  } catch {
    throw corrupt(expected)
  }
}

function toPlanes(words: Words): Uint8Array {
  const folded = words.slice()
  if (folded instanceof BigInt64Array) zigzag64(folded)
  else zigzag(folded)
  const width = words.BYTES_PER_ELEMENT
  const source = bytesOf(folded)
  const planes = new Uint8Array(source.byteLength)
  for (let plane = 0; plane < width; plane++) {
    const base = plane * words.length
    for (let i = 0, from = offsetOf(plane, width); i < words.length; i++, from += width) {
      planes[base + i] = source[from]
    }
  }
  return planes
}

function fromPlanes(planes: Uint8Array, words: Words): Words {
  const width = words.BYTES_PER_ELEMENT
  const target = bytesOf(words)
  for (let plane = 0; plane < width; plane++) {
    const base = plane * words.length
    for (let i = 0, to = offsetOf(plane, width); i < words.length; i++, to += width) {
      target[to] = planes[base + i]
    }
  }
  if (words instanceof BigInt64Array) unzigzag64(words)
  else unzigzag(words)
  return words
}

/** Plane 0 has the lowest byte of every word. */
const offsetOf = (plane: number, width: number): number => (IS_LITTLE_ENDIAN ? plane : width - 1 - plane)

function bytesOf({ buffer, byteOffset, byteLength }: Words): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** 0, -1, 1, -2, 2 become 0, 1, 2, 3, 4. */
function zigzag(words: Int16Array | Int32Array): void {
  for (let i = 0; i < words.length; i++) words[i] = (words[i] << 1) ^ (words[i] >> 31)
}

/** The word is read without its sign: the mask takes off the bits that sign extension added. */
function unzigzag(words: Int16Array | Int32Array): void {
  const mask = words instanceof Int16Array ? 0xffff : -1
  for (let i = 0; i < words.length; i++) words[i] = ((words[i] & mask) >>> 1) ^ -(words[i] & 1)
}

function zigzag64(words: BigInt64Array): void {
  for (let i = 0; i < words.length; i++)
    words[i] = BigInt.asIntN(64, BigInt.asIntN(64, words[i] << 1n) ^ (words[i] >> 63n))
}

function unzigzag64(words: BigInt64Array): void {
  for (let i = 0; i < words.length; i++) {
    const half = BigInt.asUintN(64, words[i]) >> 1n
    words[i] = BigInt.asIntN(64, half ^ BigInt.asIntN(64, -(words[i] & 1n)))
  }
}

function corrupt(expected: number): TensorError {
  return new TensorError('CORRUPT', `A layer does not hold the ${expected} bytes that the shape asks for.`, {
    expected
  })
}
