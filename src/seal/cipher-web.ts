// The same functions as cipher.ts, by WebCrypto: for browsers, and for whatever else has no node:crypto.
import { KEY_BYTES, TAG_BYTES } from './sizes.ts'

type Subtle = typeof globalThis.crypto.subtle

const GCM = 'AES-GCM'
const HMAC = { name: 'HMAC', hash: 'SHA-256' }

/** AES-256-GCM (NIST SP 800-38D) without associated data. @returns the ciphertext and its 16-byte tag */
export async function encrypt(
  key: Uint8Array,
  nonce: Uint8Array,
  plain: Uint8Array
): Promise<[Uint8Array, Uint8Array]> {
  const imported = await subtle().importKey('raw', owned(key), GCM, false, ['encrypt'])
  const sealed = new Uint8Array(await subtle().encrypt(gcm(nonce), imported, owned(plain)))
  return [sealed.subarray(0, -TAG_BYTES), sealed.subarray(-TAG_BYTES)]
}

/** @returns undefined when the tag does not fit */
export async function decrypt(
  key: Uint8Array,
  nonce: Uint8Array,
  ciphertext: Uint8Array,
  tag: Uint8Array
): Promise<Uint8Array | undefined> {
  const imported = await subtle().importKey('raw', owned(key), GCM, false, ['decrypt'])
  try {
    return new Uint8Array(await subtle().decrypt(gcm(nonce), imported, joined([ciphertext, tag])))
  } catch (error) {
    // Web Cryptography API, "AES-GCM": the one failure of a decryption.
    if (error instanceof Error && error.name === 'OperationError') return undefined
    throw error
  }
}

/** HMAC-SHA256 (RFC 2104) of the concatenated parts. */
export async function hmac(key: Uint8Array, ...parts: Uint8Array[]): Promise<Uint8Array> {
  const imported = await subtle().importKey('raw', owned(key), HMAC, false, ['sign'])
  return new Uint8Array(await subtle().sign('HMAC', imported, joined(parts)))
}

/** HKDF-SHA256 (RFC 5869) without salt. @returns 32 bytes */
export async function deriveKey(key: Uint8Array, info: string): Promise<Uint8Array> {
  const imported = await subtle().importKey('raw', owned(key), 'HKDF', false, ['deriveBits'])
  const algorithm = {
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(),
    info: new TextEncoder().encode(info)
  }
  return new Uint8Array(await subtle().deriveBits(algorithm, imported, 8 * KEY_BYTES))
}

/** @throws Error where a browser hides it: pages over plain HTTP that are not from this machine */
function subtle(): Subtle {
  const found = (globalThis.crypto as { readonly subtle?: Subtle } | undefined)?.subtle
  if (found !== undefined) return found
  throw new Error(
    'This page cannot decrypt: browsers give cryptography to pages from https:// and from this machine only.'
  )
}

const gcm = (nonce: Uint8Array) => ({
  name: GCM,
  iv: owned(nonce),
  tagLength: 8 * TAG_BYTES
})

/** WebCrypto takes no view of shared memory; nothing here has one. */
const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => bytes as Uint8Array<ArrayBuffer>

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.byteLength
  }
  return bytes
}
