import { hkdfSync } from 'node:crypto'
import { KEY_BYTES } from './seal.ts'

/**
 * The key that seals one part of a tensor: HKDF-SHA256 (RFC 5869) of the object's key, no salt, with
 * "thhe/tensor/1/" and the layer's number, or "parameters", as its info. Nonces count the chunks of a part from 0, so
 * no two parts may share a key.
 *
 * @param key - of the object, as it stands in the link
 */
export function layerKey(key: Uint8Array, part: number | 'parameters'): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, new Uint8Array(), `thhe/tensor/1/${part}`, KEY_BYTES))
}
