// The STREAM construction with counters as nonces (docs/reference/protocols.md, "Sealed streams"): the parts of a
// tensor, and whole objects that were sealed before there were headers.
import { decrypt, encrypt } from './cipher.ts'
import { openChunks, plainBytesOf, sealChunks, sealedBytesOf } from './chunks.ts'
import type { ChunkCipher } from './chunks.ts'
import { checkKey } from './key.ts'
import { TAG_BYTES } from './sizes.ts'

/** Sealed size of `plainBytes` of plaintext: a tag for each chunk, of which there is always one. */
export function sealedStreamBytes(plainBytes: number): number {
  return sealedBytesOf(TAG_BYTES, plainBytes)
}

/** @throws SealError 'TRUNCATED' for a size that no plaintext seals to */
export function unsealedStreamBytes(sealedBytes: number): number {
  return plainBytesOf(TAG_BYTES, sealedBytes)
}

/**
 * Seals a stream of bytes: the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizar, 2015) over AES-256-GCM, chunk
 * by chunk of 64 KiB. Stage of an it-pipe.
 *
 * @param key - one that never seals anything else: nonces are counters
 */
export function sealStream(
  key: Uint8Array
): (source: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array> {
  const cipher = counterCipher(key)
  return (source) => sealChunks(cipher, source)
}

/**
 * Opens what `sealStream` made, from its first chunk to its final one. Stage of an it-pipe.
 *
 * @throws SealError 'WRONG_KEY' when the first chunk does not open, 'CORRUPT' when a later one does not,
 * 'TRUNCATED' when the final chunk is missing
 */
export function unsealStream(
  key: Uint8Array
): (source: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array> {
  const cipher = counterCipher(key)
  return (source) => openChunks(cipher, source, { firstChunk: 0, endsWithFinal: true, keyIsProven: false })
}

/** A chunk is its ciphertext and tag, under the stream's key and its position as nonce. */
export function counterCipher(key: Uint8Array): ChunkCipher {
  checkKey(key)
  return {
    overheadBytes: TAG_BYTES,
    seal: (position, plain) => encrypt(key, position, plain),
    open: (position, sealed) => {
      const length = sealed.byteLength - TAG_BYTES
      return length < 0
        ? undefined
        : decrypt(key, position, sealed.subarray(0, length), sealed.subarray(length))
    }
  }
}
