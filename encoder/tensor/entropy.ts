// A layer as bytes: words with small magnitudes become small numbers (zigzag), the bytes of equal weight come together
// (so that the high ones, mostly zero, cost nothing), and zstd (RFC 8878) does the rest where it makes them fewer.
import * as zlib from 'node:zlib'
import { IS_LITTLE_ENDIAN } from './byte-order.ts'
import { TensorError } from './errors.ts'
import { newWords } from './words.ts'
import type { Words } from './words.ts'

/** How the bytes of a layer are coded. */
export type LayerCoding = 'raw' | 'zstd'

export interface CodedLayer {
  readonly coding: LayerCoding
  readonly bytes: Uint8Array
}

/** Past this level the size falls by a per cent or two while the time multiplies. */
const ZSTD_LEVEL = 3

/** @param words - are changed */
export function codeLayer(words: Words): CodedLayer {
  checkZstd()
  const raw = toPlanes(words)
  const packed = zlib.zstdCompressSync(raw, {
    params: { [zlib.constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL }
  })
  return packed.byteLength < raw.byteLength
    ? { coding: 'zstd', bytes: new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength) }
    : { coding: 'raw', bytes: raw }
}

/**
 * The reverse of `codeLayer`; never inflates to more than the words need.
 *
 * @param wordBytes - bytes of a word
 * @param count - words in the layer
 * @throws TensorError 'CORRUPT' for bytes that are not exactly `count` words
 */
export function decodeLayer({ coding, bytes }: CodedLayer, wordBytes: 2 | 4 | 8, count: number): Words {
  const expected = wordBytes * count
  const raw = coding === 'raw' ? bytes : inflate(bytes, expected)
  if (raw.byteLength !== expected) throw corrupt(expected)
  return fromPlanes(raw, newWords(wordBytes, count))
}

function checkZstd(): void {
  if ('zstdCompressSync' in zlib) return
  throw new TensorError('UNSUPPORTED', 'Tensors need zstd, which Node has from version 22.15 on.')
}

function inflate(bytes: Uint8Array, expected: number): Uint8Array {
  checkZstd()
  try {
    return zlib.zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, expected) })
  } catch {
    throw corrupt(expected)
  }
}

function toPlanes(words: Words): Uint8Array {
  if (words instanceof BigInt64Array) zigzag64(words)
  else zigzag(words)
  const width = words.BYTES_PER_ELEMENT
  const source = bytesOf(words)
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
