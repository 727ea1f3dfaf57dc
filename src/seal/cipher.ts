// Cryptography by node:crypto. Bundlers for browsers put cipher-web.ts in the place of this file ("browser" in package.json);
// no other file of this room names an implementation.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto'

import { KEY_BYTES, TAG_BYTES } from './sizes.ts'
import type { Awaitable } from './sizes.ts'

const CIPHER = 'aes-256-gcm'

/** AES-256-GCM (NIST SP 800-38D) without associated data. @returns the ciphertext and its 16-byte tag */
export function encrypt(
  key: Uint8Array,
  nonce: Uint8Array,
  plain: Uint8Array
): Awaitable<[Uint8Array, Uint8Array]> {
  const cipher = createCipheriv(CIPHER, key, nonce)
  const ciphertext = cipher.update(plain)
  cipher.final()
  return [ciphertext, cipher.getAuthTag()]
}

/** @returns undefined when the tag does not fit */
export function decrypt(
  key: Uint8Array,
  nonce: Uint8Array,
  ciphertext: Uint8Array,
  tag: Uint8Array
): Awaitable<Uint8Array | undefined> {
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAuthTag(tag)
  const plain = decipher.update(ciphertext)
  try {
    decipher.final()
    return plain
  } catch {
    return undefined
  }
}

/** HMAC-SHA256 (RFC 2104) of the concatenated parts. */
export function hmac(key: Uint8Array, ...parts: Uint8Array[]): Awaitable<Uint8Array> {
  const hash = createHmac('sha256', key)
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** HKDF-SHA256 (RFC 5869) without salt. @returns 32 bytes */
export function deriveKey(key: Uint8Array, info: string): Awaitable<Uint8Array> {
  return new Uint8Array(hkdfSync('sha256', key, new Uint8Array(), info, KEY_BYTES))
}
