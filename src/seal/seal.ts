import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { HologramError } from '../hologram/errors.ts'

/** AES-256. */
export const KEY_BYTES = 32
/** Plaintext in every chunk but the last. */
export const CHUNK_BYTES = 65536
export const TAG_BYTES = 16
const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES
const NONCE_BYTES = 12
const CIPHER = 'aes-256-gcm'

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

/** A fresh key for one object. Nonces are counters, so a key must never seal two objects. */
export function generateKey(): Uint8Array {
  return Uint8Array.from(randomBytes(KEY_BYTES))
}

/** Sealed size of `plainBytes` of plaintext: a tag for each chunk, of which there is always one. */
export function sealedSize(plainBytes: number): number {
  return plainBytes + TAG_BYTES * chunksOf(plainBytes)
}

/** @throws HologramError 'TRUNCATED' for a size that no plaintext seals to */
export function unsealedSize(sealedBytes: number): number {
  const chunks = Math.max(1, Math.ceil(sealedBytes / SEALED_CHUNK_BYTES))
  const plainBytes = sealedBytes - chunks * TAG_BYTES
  if (plainBytes < 0 || chunksOf(plainBytes) !== chunks) throw truncated()
  return plainBytes
}

/**
 * Which sealed bytes hold the plaintext [start, end) of an object of `sealedBytes`.
 *
 * @throws HologramError 'BAD_RANGE', 'TRUNCATED'
 */
export function sealedRange(start: number, end: number, sealedBytes: number): SealedRange {
  const size = unsealedSize(sealedBytes)
  if (!(Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end && end <= size)) {
    throw new HologramError('BAD_RANGE', `bytes ${start} to ${end} are not within ${size}`, {
      start,
      end,
      size
    })
  }
  const lastChunk = chunksOf(size) - 1
  const firstChunk = Math.min(lastChunk, Math.floor(start / CHUNK_BYTES))
  const endChunk = Math.max(firstChunk + 1, Math.ceil(end / CHUNK_BYTES))
  return {
    start: firstChunk * SEALED_CHUNK_BYTES,
    end: Math.min(endChunk * SEALED_CHUNK_BYTES, sealedBytes),
    firstChunk,
    final: endChunk > lastChunk,
    skip: start - firstChunk * CHUNK_BYTES,
    length: end - start
  }
}

/**
 * Seals a stream of bytes: the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizar, 2015) over AES-256-GCM, chunk
 * by chunk of 64 KiB, as docs/reference/protocols.md, "Sealing" lays down. Stage of an it-pipe.
 *
 * @param key - from `generateKey`, never used before
 */
export function seal(key: Uint8Array): (source: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array> {
  checkKey(key)
  return async function* (source) {
    for await (const { bytes, index, final } of chunks(source, CHUNK_BYTES)) {
      const cipher = createCipheriv(CIPHER, key, nonce(index, final))
      const head = cipher.update(bytes)
      cipher.final()
      yield head
      yield cipher.getAuthTag()
    }
  }
}

/**
 * Opens what `seal` made, from its first chunk to its final one. Plaintext of a chunk is given out only once its tag
 * has been checked. Stage of an it-pipe.
 *
 * @throws HologramError 'WRONG_KEY' when the first chunk does not open, 'CORRUPT' when a later one does not,
 * 'TRUNCATED' when the final chunk is missing
 */
export function unseal(key: Uint8Array): (source: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array> {
  checkKey(key)
  return (source) => openChunks(key, source, 0, true)
}

/** Opens the sealed bytes of `range` and gives out exactly its plaintext. Errors as `unseal`. */
export function unsealRange(
  key: Uint8Array,
  range: SealedRange
): (source: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array> {
  checkKey(key)
  return async function* (source) {
    let skip = range.skip
    let left = range.length
    for await (const plain of openChunks(key, source, range.firstChunk, range.final)) {
      const part = plain.subarray(skip, skip + left)
      skip = 0
      left -= part.byteLength
      if (part.byteLength > 0) yield part
    }
    if (left > 0) throw truncated()
  }
}

/** @param endsWithFinal - whether the source's last chunk is the object's */
async function* openChunks(
  key: Uint8Array,
  source: AsyncIterable<Uint8Array>,
  firstChunk: number,
  endsWithFinal: boolean
): AsyncGenerator<Uint8Array> {
  for await (const { bytes, index, final: last } of chunks(source, SEALED_CHUNK_BYTES)) {
    const chunk = firstChunk + index
    const final = last && endsWithFinal
    const plain = openChunk(key, bytes, chunk, final)
    if (plain !== undefined) {
      if (plain.byteLength > 0) yield plain
      continue
    }
    const cutShort =
      bytes.byteLength < TAG_BYTES || (final && openChunk(key, bytes, chunk, false) !== undefined)
    if (cutShort) throw truncated()
    throw index === 0 ? wrongKey(chunk) : corrupt(chunk)
  }
}

function openChunk(
  key: Uint8Array,
  sealed: Uint8Array,
  index: number,
  final: boolean
): Uint8Array | undefined {
  const length = sealed.byteLength - TAG_BYTES
  if (length < 0) return undefined
  const decipher = createDecipheriv(CIPHER, key, nonce(index, final), { authTagLength: TAG_BYTES })
  decipher.setAuthTag(sealed.subarray(length))
  const plain = decipher.update(sealed.subarray(0, length))
  try {
    decipher.final()
    return plain
  } catch {
    return undefined
  }
}

/** Chunk counter in 11 bytes, big-endian, then 1 for the final chunk and 0 for the others. */
function nonce(index: number, final: boolean): Uint8Array {
  const bytes = new Uint8Array(NONCE_BYTES)
  new DataView(bytes.buffer).setBigUint64(3, BigInt(index))
  bytes[NONCE_BYTES - 1] = final ? 1 : 0
  return bytes
}

interface Chunk {
  readonly bytes: Uint8Array
  readonly index: number
  readonly final: boolean
}

/** Cuts a stream into chunks of `size` bytes; the last may be shorter, and is empty only for an empty stream. */
async function* chunks(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Chunk> {
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

function checkKey(key: Uint8Array): void {
  if (key.byteLength === KEY_BYTES) return
  throw new HologramError('BAD_KEY', `a key has ${KEY_BYTES} bytes, not ${key.byteLength}`, {
    reason: 'malformed'
  })
}

function wrongKey(chunk: number): HologramError<'WRONG_KEY'> {
  return new HologramError(
    'WRONG_KEY',
    'the key does not open this object (or its first bytes are damaged)',
    {
      chunk
    }
  )
}

function corrupt(chunk: number): HologramError<'CORRUPT'> {
  return new HologramError('CORRUPT', `sealed chunk ${chunk} is damaged`, { what: `sealed chunk ${chunk}` })
}

function truncated(): HologramError<'TRUNCATED'> {
  return new HologramError('TRUNCATED', 'the sealed bytes end before their final chunk', {
    what: 'sealed bytes'
  })
}
