// Sealed objects (docs/reference/protocols.md, "Sealed objects"): a header with the name, then salted chunks.
import { decrypt, deriveKey, encrypt, hmac } from './cipher.ts'
import {
  openChunks,
  openRangeOfChunks,
  plainBytesOf,
  positionOf,
  rangeOfChunks,
  sealChunks,
  sealedBytesOf,
  truncated,
  wrongKey
} from './chunks.ts'
import type { ChunkCipher, SealedRange } from './chunks.ts'
import { SealError } from './errors.ts'
import { checkKey } from './key.ts'
import { TAG_BYTES } from './sizes.ts'
import { counterCipher } from './stream.ts'

const MAGIC = new TextEncoder().encode('thhe/seal/2\n')
const SALT_BYTES = 16
/** What a sealed chunk has beyond its plaintext: a salt and a tag. */
const CHUNK_OVERHEAD_BYTES = SALT_BYTES + TAG_BYTES
/** Bytes before the first chunk: the magic and one sealed chunk of 276 bytes. */
export const HEADER_BYTES = 320
const HEADER_PLAIN_BYTES = HEADER_BYTES - MAGIC.byteLength - CHUNK_OVERHEAD_BYTES
/** Longest name in a header, in bytes of UTF-8: as long as file systems allow. */
export const MAX_NAME_BYTES = 255

/** Stored bytes of an object of `plainBytes` bytes. */
export function sealedObjectBytes(plainBytes: number): number {
  return HEADER_BYTES + sealedBytesOf(CHUNK_OVERHEAD_BYTES, plainBytes)
}

/**
 * Bytes of the plaintext by the size of what is stored; 320 bytes short, or 0, for an object of the older form without
 * a header, which only its first bytes tell.
 *
 * @throws SealError 'TRUNCATED' for a size that no plaintext seals to
 */
export function unsealedObjectBytes(sealedBytes: number): number {
  return sealedBytes < HEADER_BYTES + CHUNK_OVERHEAD_BYTES
    ? 0
    : plainBytesOf(CHUNK_OVERHEAD_BYTES, sealedBytes - HEADER_BYTES)
}

/**
 * Seals an object. The same key, name and bytes give the same sealed bytes, so that a broken put goes on where it
 * stood. Each chunk is sealed under a key of its own, derived from the chunk's contents: whatever bytes come under the
 * same object key, no cipher key and nonce ever seal two plaintexts. Stage of an it-pipe.
 *
 * @param key - from `generateKey`
 * @param name - travels with the object, sealed
 * @throws SealError 'BAD_KEY', 'NAME_TOO_LONG'
 */
export function sealObject(
  key: Uint8Array,
  name: string
): (source: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array> {
  const cipher = saltedCipher(key)
  const header = encodeHeader(name)
  return async function* (source) {
    yield MAGIC
    yield* await cipher.seal(positionOf(0, 'header'), header)
    yield* sealChunks(cipher, source)
  }
}

/** How to read one sealed object, of this form or of the older one without a header. */
export interface SealedForm {
  /** Undefined when the object carries none. */
  readonly name: string | undefined
  /** Bytes of the plaintext. @throws SealError 'TRUNCATED' for a size that no plaintext seals to */
  plainBytes: (sealedBytes: number) => number
  /** Which sealed bytes hold the plaintext [start, end). @throws SealError 'BAD_RANGE' | 'TRUNCATED' */
  range: (start: number, end: number, sealedBytes: number) => SealedRange
  /** Stage that opens the sealed bytes of a range and gives out exactly its plaintext. */
  unsealRange: (range: SealedRange) => (source: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array>
}

/**
 * Finds out the form of a sealed object from its first bytes.
 *
 * @param head - the first `HEADER_BYTES` of the object, or all of them when there are fewer
 * @throws SealError 'BAD_KEY'; 'WRONG_KEY' when a header does not open; 'TRUNCATED' when it is cut off
 */
export async function sealedForm(key: Uint8Array, head: Uint8Array): Promise<SealedForm> {
  checkKey(key)
  if (!startsWith(head, MAGIC)) return formOf(counterCipher(key), 0, undefined)
  if (head.byteLength < HEADER_BYTES) throw truncated()
  const cipher = saltedCipher(key)
  const plain = await cipher.open(positionOf(0, 'header'), head.subarray(MAGIC.byteLength, HEADER_BYTES))
  if (plain === undefined) throw wrongKey(0)
  return formOf(cipher, HEADER_BYTES, decodeHeader(plain))
}

/**
 * Opens a sealed object from its first byte to its last. Resolves once its form is known.
 *
 * @throws SealError as `sealedForm`; the stream 'WRONG_KEY' | 'CORRUPT' | 'TRUNCATED'
 */
export async function openSealed(
  key: Uint8Array,
  source: AsyncIterable<Uint8Array>
): Promise<{ readonly form: SealedForm; readonly bytes: AsyncGenerator<Uint8Array> }> {
  checkKey(key)
  const { head, rest } = await splitHead(source)
  const form = await sealedForm(key, head)
  const hasHeader = startsWith(head, MAGIC)
  const opening = { firstChunk: 0, endsWithFinal: true, keyIsProven: hasHeader }
  const bytes = hasHeader
    ? openChunks(saltedCipher(key), rest(HEADER_BYTES), opening)
    : openChunks(counterCipher(key), rest(0), opening)
  return { form, bytes }
}

/** How to read ranges of what `sealStream` made. @throws SealError 'BAD_KEY' */
export function streamForm(key: Uint8Array): SealedForm {
  return formOf(counterCipher(key), 0, undefined)
}

function formOf(cipher: ChunkCipher, headerBytes: number, name: string | undefined): SealedForm {
  const { overheadBytes } = cipher
  return {
    name,
    plainBytes: (sealedBytes) => plainBytesOf(overheadBytes, sealedBytes - headerBytes),
    range: (start, end, sealedBytes) => {
      const range = rangeOfChunks(overheadBytes, start, end, sealedBytes - headerBytes)
      return { ...range, start: range.start + headerBytes, end: range.end + headerBytes }
    },
    unsealRange: (range) => (source) => openRangeOfChunks(cipher, source, range, headerBytes > 0)
  }
}

/**
 * A chunk is a salt, its ciphertext and its tag. The salt is a pseudo-random function of position and plaintext, as in
 * SIV (Rogaway, Shrimpton, 2006), and the chunk's key is one of position and salt: equal chunks at the same place look
 * equal, and nothing else repeats.
 */
function saltedCipher(key: Uint8Array): ChunkCipher {
  checkKey(key)
  const saltKey = once(() => deriveKey(key, 'thhe/seal/2/salt'))
  const chunkKey = once(() => deriveKey(key, 'thhe/seal/2/chunk'))
  return {
    overheadBytes: CHUNK_OVERHEAD_BYTES,
    seal: async (position, plain) => {
      const salt = (await hmac(await saltKey(), position, plain)).subarray(0, SALT_BYTES)
      const key = await hmac(await chunkKey(), position, salt)
      return [salt, ...(await encrypt(key, position, plain))]
    },
    open: async (position, sealed) => {
      if (sealed.byteLength < CHUNK_OVERHEAD_BYTES) return undefined
      const salt = sealed.subarray(0, SALT_BYTES)
      const tagStart = sealed.byteLength - TAG_BYTES
      const ciphertext = sealed.subarray(SALT_BYTES, tagStart)
      const key = await hmac(await chunkKey(), position, salt)
      return await decrypt(key, position, ciphertext, sealed.subarray(tagStart))
    }
  }
}

/** Does the work at the first call. */
function once<T>(work: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: work() }).value
}

function encodeHeader(name: string): Uint8Array {
  const bytes = new TextEncoder().encode(name)
  if (bytes.byteLength > MAX_NAME_BYTES) {
    throw new SealError(
      'NAME_TOO_LONG',
      `A name has at most ${MAX_NAME_BYTES} bytes of UTF-8; this one has ${bytes.byteLength}.`,
      { bytes: bytes.byteLength, maxBytes: MAX_NAME_BYTES }
    )
  }
  const header = new Uint8Array(HEADER_PLAIN_BYTES)
  header[0] = bytes.byteLength
  header.set(bytes, 1)
  return header
}

/** An empty name counts as none. */
function decodeHeader(plain: Uint8Array): string | undefined {
  return new TextDecoder().decode(plain.subarray(1, 1 + plain[0])) || undefined
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return bytes.byteLength >= start.byteLength && start.every((byte, index) => bytes[index] === byte)
}

/** Reads the first bytes of a stream; `rest` gives the stream from an offset within them on. */
async function splitHead(source: AsyncIterable<Uint8Array>): Promise<{
  head: Uint8Array
  rest: (offset: number) => AsyncGenerator<Uint8Array>
}> {
  const iterator = source[Symbol.asyncIterator]()
  let head = new Uint8Array(0)
  let ended = false
  while (head.byteLength < HEADER_BYTES && !ended) {
    const { done, value } = await iterator.next()
    if (done === true) ended = true
    else head = joined(head, value)
  }
  return {
    head: head.subarray(0, HEADER_BYTES),
    rest: async function* (offset) {
      try {
        yield head.subarray(offset)
        while (!ended) {
          const { done, value } = await iterator.next()
          if (done === true) ended = true
          else yield value
        }
      } finally {
        if (!ended) await iterator.return?.()
      }
    }
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(a.byteLength + b.byteLength)
  bytes.set(a)
  bytes.set(b, a.byteLength)
  return bytes
}
