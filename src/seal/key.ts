import type { RandomSource } from '../clock/clock.ts'
import { deriveKey, hmac } from './cipher.ts'
import { SealError } from './errors.ts'
import { KEY_BYTES } from './sizes.ts'

/** A fresh key for one object. */
export function generateKey(random: RandomSource): Uint8Array {
  return random.bytes(KEY_BYTES)
}

/** @throws SealError 'BAD_KEY' unless the key has 32 bytes */
export function checkKey(key: Uint8Array): void {
  if (key.byteLength === KEY_BYTES) return
  throw new SealError('BAD_KEY', `A key has ${KEY_BYTES} bytes, not ${key.byteLength}.`, {
    reason: 'malformed'
  })
}

/**
 * The key that seals one part of a tensor: HKDF-SHA256 (RFC 5869) of the object's key, no salt, with
 * "thhe/tensor/1/" and the layer's number, or "parameters", as its info. Nonces count the chunks of a part from 0, so
 * no two parts may share a key.
 *
 * @param key - of the object, as it stands in the link
 */
export async function layerKey(key: Uint8Array, part: number | 'parameters'): Promise<Uint8Array> {
  return await deriveKey(key, `thhe/tensor/1/${part}`)
}

/**
 * The key of one thing in a folder: HMAC-SHA256 of `what`, under HKDF-SHA256 of the folder's key with "thhe/folder/1/" and
 * the kind as its info. It tells nothing of the folder's key, nor of its other keys.
 *
 * @param key - of the folder, as it stands in the link
 * @param kind - 'item' is packed with others and sealed with counters as nonces: `what` must be its bytes, so that the key
 * never seals others. 'file' is an object of its own: `what` is its path, size and time of change.
 */
export async function folderPartKey(
  key: Uint8Array,
  kind: 'item' | 'file',
  what: Uint8Array
): Promise<Uint8Array> {
  checkKey(key)
  return await hmac(await deriveKey(key, `thhe/folder/1/${kind}`), what)
}
