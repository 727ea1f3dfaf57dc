import { createHash } from 'node:crypto'
import { compare } from 'uint8arrays/compare'
import { equals } from 'uint8arrays/equals'
import { Head as HeadMessage } from '../../protocols/generated/head.js'
import { decodeSigned, SignedError, signPayload, verifySigned } from '../../protocols/signed.ts'
import type { PeerId } from '@libp2p/interface'
import type { Signer } from '../../protocols/signed.ts'
import { HeadError } from './errors.ts'

/** A value under a name. The name is the peer id of the key that signs it. */
export interface Head {
  readonly name: PeerId
  /** 1 to 2^53 - 1; the highest one counts. */
  readonly sequence: number
  /** Milliseconds since the Unix epoch. */
  readonly expiresAtMs: number
  readonly value: Uint8Array
  /** The `Signed` message, to be passed on and verified again. */
  readonly signed: Uint8Array
}

export const MAX_VALUE_BYTES = 2048
/** As of leases. */
export const MAX_HEAD_LIFE_MS = 400 * 86_400_000
/** Value, network id, two numbers and their tags. */
const MAX_PAYLOAD_BYTES = MAX_VALUE_BYTES + 128
/** Of a signed head: the payload, the signature, the key, and their tags. */
export const MAX_HEAD_BYTES = MAX_PAYLOAD_BYTES + 256
/** Heads of one sequence that are kept beside each other: enough to show that two wrote at once. */
export const MAX_CONFLICTS = 4

/** @throws HeadError 'BAD_HEAD' for a value that is too long, or a sequence that is none */
export async function signHead(
  networkId: Uint8Array,
  { sequence, expiresAtMs, value }: Pick<Head, 'sequence' | 'expiresAtMs' | 'value'>,
  signer: Signer
): Promise<Uint8Array> {
  if (value.byteLength > MAX_VALUE_BYTES) throw bad(`has a value of more than ${MAX_VALUE_BYTES} bytes`)
  checkSequence(sequence)
  const network = Uint8Array.from(networkId)
  const payload = HeadMessage.encode({ network, sequence, expiresAtMs, value: Uint8Array.from(value) })
  return await signPayload('head', networkId, payload, signer)
}

/**
 * Verifies a signed head: network, limits, that it has not expired, and the signature of its name.
 *
 * @throws HeadError 'BAD_HEAD'
 */
export async function openHead(networkId: Uint8Array, signed: Uint8Array, nowMs: number): Promise<Head> {
  try {
    const opened = decodeSigned('head', signed, MAX_PAYLOAD_BYTES)
    const { network, sequence, expiresAtMs, value } = decodePayload(opened.payload)
    if (!equals(network, networkId)) throw bad('is of another network')
    checkSequence(sequence)
    if (value.byteLength > MAX_VALUE_BYTES) throw bad(`has a value of more than ${MAX_VALUE_BYTES} bytes`)
    if (!(expiresAtMs > nowMs)) throw bad('has expired')
    if (expiresAtMs > nowMs + MAX_HEAD_LIFE_MS) throw bad('lives for more than 400 days')
    await verifySigned('head', networkId, opened)
    return { name: opened.signer, sequence, expiresAtMs, value, signed }
  } catch (cause) {
    if (cause instanceof SignedError) throw bad(`is not properly signed (${cause.code})`, cause)
    throw cause
  }
}

function checkSequence(sequence: number): void {
  if (!Number.isSafeInteger(sequence) || sequence < 1) throw bad('has a sequence outside of 1 to 2^53 - 1')
}

function decodePayload(payload: Uint8Array): HeadMessage {
  try {
    return HeadMessage.decode(payload)
  } catch (cause) {
    throw bad('cannot be decoded', cause)
  }
}

/**
 * What counts of several heads of one name: those of the highest sequence, each value once, in an order that all peers
 * compute alike.
 */
export function newest(heads: readonly Head[]): Head[] {
  const highest = heads.reduce((most, { sequence }) => Math.max(most, sequence), 0)
  const kept: Head[] = []
  for (const head of heads.filter(({ sequence }) => sequence === highest).sort(inOrder)) {
    const twin = kept.findIndex(({ value }) => equals(value, head.value))
    if (twin < 0) kept.push(head)
    else if (head.expiresAtMs > kept[twin].expiresAtMs) kept[twin] = head
  }
  return kept
}

function inOrder(a: Head, b: Head): number {
  return compare(digestOf(a), digestOf(b))
}

function digestOf({ value }: Head): Uint8Array {
  return createHash('sha256').update(value).digest()
}

/** Where the heads of a name belong, as the seed of placement (docs/reference/protocols.md, "Named heads"). */
export function headSeed(name: PeerId): Uint8Array {
  return createHash('sha256').update('thhe/head/1').update(name.toMultihash().bytes).digest()
}

function bad(reason: string, cause?: unknown): HeadError {
  return new HeadError('BAD_HEAD', `The head ${reason}.`, { reason }, { cause })
}
