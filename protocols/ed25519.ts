// Ed25519 (RFC 8032) with keys that are kept between signatures: making OpenSSL's key object from bytes takes a quarter of the
// time of a verification, and more than a signature.
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { PrivateKey, PublicKey } from '@libp2p/interface'

/** Public keys kept; the one unused for longest goes first. */
const MAX_KEYS_KEPT = 1024
const KEY_BYTES = 32
const SIGNATURE_BYTES = 64
/** What stands before the 32 bytes of a public key in its SubjectPublicKeyInfo (RFC 8410, section 4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
/** What stands before the 32 bytes of a private key in its PKCS #8 form (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

const kept = new Map<string, KeyObject>()

/**
 * Whether `signature` is that of `key` over `message`. False for keys and signatures of a wrong length, for keys that are not
 * points on the curve, and for signatures whose scalar is not reduced (RFC 8032, section 5.1.7). Keys of other types are asked
 * themselves.
 */
export async function verifyWithKey(
  key: PublicKey,
  message: Uint8Array,
  signature: Uint8Array
): Promise<boolean> {
  try {
    return key.type === 'Ed25519'
      ? verifyEd25519(key.raw, message, signature)
      : await key.verify(message, signature)
  } catch {
    return false // not a key
  }
}

/** As `verifyWithKey`, for the 32 bytes of an Ed25519 key. */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.byteLength !== KEY_BYTES || signature.byteLength !== SIGNATURE_BYTES) return false
  return verify(null, message, keyObjectOf(publicKey), signature)
}

/** Signs with `privateKey`: the same bytes as its own `sign` makes, since Ed25519 is deterministic. */
export function signerOfKey(privateKey: PrivateKey): (bytes: Uint8Array) => Promise<Uint8Array> {
  if (privateKey.type !== 'Ed25519') return async (bytes) => await privateKey.sign(bytes)
  const seed = privateKey.raw.subarray(0, KEY_BYTES)
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' })
  return async (bytes) => sign(null, bytes, key)
}

function keyObjectOf(publicKey: Uint8Array): KeyObject {
  const name = Buffer.from(publicKey.buffer, publicKey.byteOffset, KEY_BYTES).toString('latin1')
  const known = kept.get(name)
  if (known !== undefined) {
    kept.delete(name)
    kept.set(name, known)
    return known
  }
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' })
  kept.set(name, key)
  if (kept.size > MAX_KEYS_KEPT) kept.delete(kept.keys().next().value!)
  return key
}
