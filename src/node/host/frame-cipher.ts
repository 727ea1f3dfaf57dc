import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto'
import { defaultCrypto } from '@libp2p/noise/crypto'
import { Uint8ArrayList } from 'uint8arraylist'
import type { KeyObject } from 'node:crypto'

const CIPHER = 'chacha20-poly1305'
const TAG_BYTES = 16
const OPTIONS = { authTagLength: TAG_BYTES } as const
/** Below this size the library's WebAssembly cipher is faster than a call into OpenSSL. */
const SMALL_BYTES = 1200

/** Prepared keys: with raw key bytes, Node checks on every call what kind of key they are, a third of a frame's cost. */
const keyObjects = new WeakMap<Uint8Array, KeyObject>()

/**
 * The cryptography of @libp2p/noise with another ChaCha20-Poly1305 (RFC 8439) for large frames. It makes the same calls to
 * OpenSSL, but prepares the key once per connection and does not copy data that arrives in pieces.
 */
export const frameCipher: typeof defaultCrypto = {
  ...defaultCrypto,

  chaCha20Poly1305Encrypt(plaintext, nonce, ad, key) {
    if (plaintext.byteLength < SMALL_BYTES) {
      return defaultCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, key)
    }
    const cipher = createCipheriv(CIPHER, keyObjectOf(key), nonce, OPTIONS)
    if (ad.byteLength > 0) cipher.setAAD(ad, { plaintextLength: plaintext.byteLength })
    const sealed = new Uint8ArrayList()
    for (const piece of piecesOf(plaintext)) sealed.append(cipher.update(piece))
    cipher.final()
    sealed.append(cipher.getAuthTag())
    return sealed
  },

  /** @throws Error if the frame was not sealed with this key and nonce */
  chaCha20Poly1305Decrypt(sealed, nonce, ad, key, dst) {
    if (sealed.byteLength < SMALL_BYTES) {
      return defaultCrypto.chaCha20Poly1305Decrypt(sealed, nonce, ad, key, dst)
    }
    const textBytes = sealed.byteLength - TAG_BYTES
    const decipher = createDecipheriv(CIPHER, keyObjectOf(key), nonce, OPTIONS)
    if (ad.byteLength > 0) decipher.setAAD(ad, { plaintextLength: textBytes })
    decipher.setAuthTag(sealed.subarray(textBytes))
    const opened = new Uint8ArrayList()
    const text = sealed instanceof Uint8Array ? sealed.subarray(0, textBytes) : sealed.sublist(0, textBytes)
    for (const piece of piecesOf(text)) opened.append(decipher.update(piece))
    decipher.final()
    return opened
  }
}

function keyObjectOf(key: Uint8Array): KeyObject {
  let object = keyObjects.get(key)
  if (object === undefined) {
    object = createSecretKey(key)
    keyObjects.set(key, object)
  }
  return object
}

function piecesOf(bytes: Uint8Array | Uint8ArrayList): Iterable<Uint8Array> {
  return bytes instanceof Uint8Array ? [bytes] : bytes
}
