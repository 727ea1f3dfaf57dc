import { peerIdFromMultihash } from '@libp2p/peer-id'
import * as Digest from 'multiformats/hashes/digest'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { verifyWithKey } from './ed25519.ts'
import { Signed } from './generated/report.js'
import type { PeerId } from '@libp2p/interface'

/** Domain separation: a signature of one type is not valid for another. */
export type SignedType = 'report' | 'lease' | 'placement' | 'holder' | 'head'

/** Bytes of the multihash of an Ed25519 peer id. */
export const PEER_ID_BYTES = 38
const SIGNATURE_BYTES = 64
/** Bytes that a Signed message adds to its payload: signer, signature and field tags. */
export const SIGNED_OVERHEAD_BYTES = 128

/** Identity multihash (0x00) of 36 bytes: the protobuf {1: Ed25519, 2: 32 bytes of key}. */
const ED25519_PEER_ID_PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)

export type SignedErrorCode =
  /** Not a Signed message, or longer than allowed. */
  | 'MALFORMED'
  /** The signer is not an Ed25519 peer id. */
  | 'BAD_SIGNER'
  | 'BAD_SIGNATURE'

export class SignedError extends Error {
  readonly code: SignedErrorCode
  readonly data: { readonly type: SignedType }

  constructor(code: SignedErrorCode, message: string, type: SignedType, options?: ErrorOptions) {
    super(message, options)
    this.name = 'SignedError'
    this.code = code
    this.data = { type }
  }
}

export interface Signer {
  readonly peer: PeerId
  /** Ed25519 signature (64 bytes) over `bytes`. */
  sign(bytes: Uint8Array): Promise<Uint8Array> | Uint8Array
}

export interface OpenedSigned {
  readonly signer: PeerId
  readonly payload: Uint8Array
}

/** A well-formed Signed message. Call `verifySigned` before trusting it. */
export interface UnverifiedSigned extends OpenedSigned {
  readonly signature: Uint8Array
}

/** The bytes to sign: `"thhe/" || type || "/1" || 0x00 || network id (32 bytes) || payload` (docs/reference/protocols.md, "Signatures"). */
export function signedBytes(type: SignedType, networkId: Uint8Array, payload: Uint8Array): Uint8Array {
  if (networkId.byteLength !== 32) throw new RangeError('a network id has 32 bytes')
  return concat([fromString(`thhe/${type}/1\0`), networkId, payload])
}

/** An encoded Signed message over `payload`. */
export async function signPayload(
  type: SignedType,
  networkId: Uint8Array,
  payload: Uint8Array<ArrayBuffer>,
  signer: Signer
): Promise<Uint8Array> {
  const signature = await signer.sign(signedBytes(type, networkId, payload))
  return Signed.encode({
    signer: Uint8Array.from(signer.peer.toMultihash().bytes),
    payload,
    signature: Uint8Array.from(signature)
  })
}

/**
 * Decodes a Signed message and checks its signature against the key in its signer's peer id.
 *
 * @param maxPayloadBytes - longer payloads are rejected before decoding
 * @throws SignedError
 */
export async function openSigned(
  type: SignedType,
  networkId: Uint8Array,
  bytes: Uint8Array,
  maxPayloadBytes: number
): Promise<OpenedSigned> {
  const signed = decodeSigned(type, bytes, maxPayloadBytes)
  await verifySigned(type, networkId, signed)
  return signed
}

/**
 * Decodes like `openSigned` but does not verify: for callers that check the payload (its network, its age) before the
 * costly verification.
 *
 * @throws SignedError 'MALFORMED', 'BAD_SIGNER'
 */
export function decodeSigned(type: SignedType, bytes: Uint8Array, maxPayloadBytes: number): UnverifiedSigned {
  if (bytes.byteLength > maxPayloadBytes + SIGNED_OVERHEAD_BYTES) {
    throw new SignedError('MALFORMED', `${type}: ${bytes.byteLength} bytes are too long`, type)
  }
  const { signer, payload, signature } = decodeMessage(type, bytes)
  if (payload.byteLength > maxPayloadBytes || signature.byteLength !== SIGNATURE_BYTES) {
    throw new SignedError('MALFORMED', `${type}: payload or signature of a wrong length`, type)
  }
  const peer = decodePeerId(signer)
  if (peer === undefined)
    throw new SignedError('BAD_SIGNER', `${type}: the signer is not an Ed25519 peer id`, type)
  return { signer: peer, payload, signature }
}

/** @throws SignedError 'BAD_SIGNATURE' */
export async function verifySigned(
  type: SignedType,
  networkId: Uint8Array,
  { signer, payload, signature }: UnverifiedSigned
): Promise<void> {
  const message = signedBytes(type, networkId, payload)
  const isRight =
    signer.publicKey !== undefined && (await verifyWithKey(signer.publicKey, message, signature))
  if (!isRight) {
    throw new SignedError('BAD_SIGNATURE', `${type}: the signature of ${signer.toString()} is wrong`, type)
  }
}

/** The Ed25519 peer id whose multihash is `bytes`, or undefined. The network uses no other key types. */
export function decodePeerId(bytes: Uint8Array): PeerId | undefined {
  if (bytes.byteLength !== PEER_ID_BYTES) return undefined
  if (!ED25519_PEER_ID_PREFIX.every((byte, i) => bytes[i] === byte)) return undefined
  return peerIdFromMultihash(Digest.decode(bytes))
}

function decodeMessage(type: SignedType, bytes: Uint8Array): Signed {
  try {
    return Signed.decode(bytes)
  } catch (cause) {
    throw new SignedError('MALFORMED', `${type}: not a Signed message`, type, { cause })
  }
}
