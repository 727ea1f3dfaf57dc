import { SealError } from './errors.ts'
import { NONCE_BYTES } from './sizes.ts'
import type { Awaitable } from './sizes.ts'

/** Plaintext in every chunk but the last. */
export const CHUNK_BYTES = 65_536

/** What the last byte of a position says. */
export type PositionFlag = 'more' | 'final' | 'header'
const FLAGS = { more: 0, final: 1, header: 2 } as const satisfies Record<PositionFlag, number>

/** How one chunk is sealed and opened, apart from how a stream is cut into chunks. */
export interface ChunkCipher {
  /** Bytes that a sealed chunk has beyond its plaintext. */
  readonly overheadBytes: number
  /** @returns the sealed chunk in pieces */
  seal: (position: Uint8Array, plain: Uint8Array) => Awaitable<Uint8Array[]>
  /** @returns undefined when it does not open: wrong key, wrong position or damage */
  open: (position: Uint8Array, sealed: Uint8Array) => Awaitable<Uint8Array | undefined>
}

/** Sealed bytes to fetch, and what to do with them, for a range of plaintext. */
export interface SealedRange {
  /** Half-open range of sealed bytes: whole chunks. */
  readonly start: number
  readonly end: number
  readonly firstChunk: number
  /** Whether the range ends with the object's final chunk. */
  readonly final: boolean
  /** Plaintext bytes of the first chunk that come before the range. */
  readonly skip: number
  /** Plaintext bytes in the range. */
  readonly length: number
}

/** Where a chunk stands: its number in 11 bytes, big-endian, then the flag. Serves as nonce. */
export function positionOf(index: number, flag: PositionFlag): Uint8Array {
  const bytes = new Uint8Array(NONCE_BYTES)
  new DataView(bytes.buffer).setBigUint64(3, BigInt(index))
  bytes[NONCE_BYTES - 1] = FLAGS[flag]
  return bytes
}

/** Sealed bytes of `plainBytes` of plaintext, of which there is always one chunk. */
export function sealedBytesOf(overheadBytes: number, plainBytes: number): number {
  return plainBytes + overheadBytes * chunksOf(plainBytes)
}

/** @throws SealError 'TRUNCATED' for a size that no plaintext seals to */
export function plainBytesOf(overheadBytes: number, sealedBytes: number): number {
  const chunks = Math.max(1, Math.ceil(sealedBytes / (CHUNK_BYTES + overheadBytes)))
  const plainBytes = sealedBytes - chunks * overheadBytes
  if (plainBytes < 0 || chunksOf(plainBytes) !== chunks) throw truncated()
  return plainBytes
}

/**
 * Which of `sealedBytes` of chunks hold the plaintext [start, end).
 *
 * @throws SealError 'BAD_RANGE', 'TRUNCATED'
 */
export function rangeOfChunks(
  overheadBytes: number,
  start: number,
  end: number,
  sealedBytes: number
): SealedRange {
  const size = plainBytesOf(overheadBytes, sealedBytes)
  if (!(Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end && end <= size)) {
    throw new SealError('BAD_RANGE', `Bytes ${start} to ${end} are not within ${size}.`, { start, end, size })
  }
  const sealedChunkBytes = CHUNK_BYTES + overheadBytes
  const lastChunk = chunksOf(size) - 1
  const firstChunk = Math.min(lastChunk, Math.floor(start / CHUNK_BYTES))
  const endChunk = Math.max(firstChunk + 1, Math.ceil(end / CHUNK_BYTES))
  return {
    start: firstChunk * sealedChunkBytes,
    end: Math.min(endChunk * sealedChunkBytes, sealedBytes),
    firstChunk,
    final: endChunk > lastChunk,
    skip: start - firstChunk * CHUNK_BYTES,
    length: end - start
  }
}

export async function* sealChunks(
  cipher: ChunkCipher,
  source: AsyncIterable<Uint8Array>
): AsyncGenerator<Uint8Array> {
  for await (const { bytes, index, final } of cut(source, CHUNK_BYTES)) {
    yield* await cipher.seal(positionOf(index, final ? 'final' : 'more'), bytes)
  }
}

/**
 * Opens chunks from `firstChunk` on. Gives out the plaintext of a chunk only once its tag has been checked.
 *
 * @param endsWithFinal - whether the source's last chunk is the object's
 * @param keyIsProven - something else has opened under this key, so a first chunk that does not open is damaged
 * @throws SealError 'WRONG_KEY' | 'CORRUPT' | 'TRUNCATED'
 */
export async function* openChunks(
  cipher: ChunkCipher,
  source: AsyncIterable<Uint8Array>,
  { firstChunk, endsWithFinal, keyIsProven }: Opening
): AsyncGenerator<Uint8Array> {
  const open = (bytes: Uint8Array, chunk: number, final: boolean): Awaitable<Uint8Array | undefined> =>
    cipher.open(positionOf(chunk, final ? 'final' : 'more'), bytes)
  for await (const { bytes, index, final: last } of cut(source, CHUNK_BYTES + cipher.overheadBytes)) {
    const chunk = firstChunk + index
    const final = last && endsWithFinal
    const plain = await open(bytes, chunk, final)
    if (plain !== undefined) {
      if (plain.byteLength > 0) yield plain
      continue
    }
    if (
      bytes.byteLength < cipher.overheadBytes ||
      (final && (await open(bytes, chunk, false)) !== undefined)
    ) {
      throw truncated()
    }
    throw index === 0 && !keyIsProven ? wrongKey(chunk) : corrupt(chunk)
  }
}

export interface Opening {
  readonly firstChunk: number
  readonly endsWithFinal: boolean
  readonly keyIsProven: boolean
}

/** Opens the sealed bytes of `range` and gives out exactly its plaintext. Errors as `openChunks`. */
export async function* openRangeOfChunks(
  cipher: ChunkCipher,
  source: AsyncIterable<Uint8Array>,
  { firstChunk, final, skip, length }: SealedRange,
  keyIsProven: boolean
): AsyncGenerator<Uint8Array> {
  let toSkip = skip
  let left = length
  for await (const plain of openChunks(cipher, source, { firstChunk, endsWithFinal: final, keyIsProven })) {
    const part = plain.subarray(toSkip, toSkip + left)
    toSkip = 0
    left -= part.byteLength
    if (part.byteLength > 0) yield part
  }
  if (left > 0) throw truncated()
}

export function truncated(): SealError<'TRUNCATED'> {
  return new SealError('TRUNCATED', 'The sealed bytes end before their final chunk.', {
    what: 'sealed bytes'
  })
}

export function wrongKey(chunk: number): SealError<'WRONG_KEY'> {
  return new SealError('WRONG_KEY', 'The key does not open this object (or its first bytes are damaged).', {
    chunk
  })
}

function corrupt(chunk: number): SealError<'CORRUPT'> {
  return new SealError('CORRUPT', `Sealed chunk ${chunk} is damaged.`, { what: `sealed chunk ${chunk}` })
}

interface Chunk {
  readonly bytes: Uint8Array
  readonly index: number
  readonly final: boolean
}

/** Cuts a stream into chunks of `size` bytes; the last may be shorter, and is empty only for an empty stream. */
async function* cut(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Chunk> {
  let index = 0
  let buffer = new Uint8Array(size)
  let filled = 0
  for await (let part of source) {
    while (part.byteLength > 0) {
      if (filled === size) {
        yield { bytes: buffer, index: index++, final: false }
        buffer = new Uint8Array(size)
        filled = 0
      }
      const taken = part.subarray(0, size - filled)
      buffer.set(taken, filled)
      filled += taken.byteLength
      part = part.subarray(taken.byteLength)
    }
  }
  yield { bytes: buffer.subarray(0, filled), index, final: true }
}

function chunksOf(plainBytes: number): number {
  return Math.max(1, Math.ceil(plainBytes / CHUNK_BYTES))
}
