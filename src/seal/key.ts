import type { RandomSource } from '../clock/clock.ts'
import { deriveKey, KEY_BYTES } from './cipher.ts'
import { SealError } from './errors.ts'

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
export function layerKey(key: Uint8Array, part: number | 'parameters'): Uint8Array {
  return deriveKey(key, `thhe/tensor/1/${part}`)
}
