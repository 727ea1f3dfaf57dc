import { MAX_ADDED_SHARDS, MAX_LEASE_PAYLOAD_BYTES, MAX_SHARDS } from '../../../protocols/limits.ts'
import { Lease as LeaseMessage } from '../../../protocols/generated/object.js'
import { decodeSigned, signPayload, type Signer } from '../../../protocols/signed.ts'
import { equals } from 'uint8arrays/equals'
import { decodeObjectCid } from './cid.ts'
import { HologramError } from '../errors.ts'
import { openRecord } from './signed-record.ts'
import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import type { StoredLease } from '../holdings.ts'
import type { LeasedShape } from './shape.ts'

const DAY_MS = 24 * 60 * 60 * 1000
export const DEFAULT_LEASE_MS = 30 * DAY_MS
/** A lease may not run longer than this from now. */
export const MAX_LEASE_MS = 400 * DAY_MS

/** A statement of one peer that it wants an object kept until `expiresAtMs`, or, as a tombstone, no longer. */
export interface Lease {
  readonly cid: CID
  readonly lessee: PeerId
  /** A lease replaces those of the same lessee with a lower sequence. */
  readonly sequence: bigint
  /** Milliseconds since the Unix epoch. A tombstone is kept this long, so it should outlive the leases it ends. */
  readonly expiresAtMs: number
  readonly tombstone: boolean
  /** The number of shards that the lessee asks for. @default as many as the manifest has */
  readonly shape?: LeasedShape
}

/** An encoded Signed message over the lease, by its lessee. */
export async function signLease(
  networkId: Uint8Array,
  lease: Omit<Lease, 'lessee'>,
  lessee: Signer
): Promise<Uint8Array> {
  const payload = LeaseMessage.encode({
    network: Uint8Array.from(networkId),
    cid: Uint8Array.from(lease.cid.bytes),
    lessee: Uint8Array.from(lessee.peer.toMultihash().bytes),
    sequence: lease.sequence,
    expiresAtMs: lease.expiresAtMs,
    tombstone: lease.tombstone,
    shards: lease.shape?.n ?? 0,
    roots: (lease.shape?.roots ?? []).map((root) => Uint8Array.from(root))
  })
  return await signPayload('lease', networkId, payload, lessee)
}

/**
 * Verifies a signed lease: signature, network, object id, and an expiry between now and 400 days ahead.
 *
 * @throws HologramError 'WRONG_NETWORK', 'BAD_LEASE'
 */
export async function openLease(networkId: Uint8Array, signed: Uint8Array, nowMs: number): Promise<Lease> {
  const lease = await openLeaseOfAnyTime(networkId, signed)
  if (lease.expiresAtMs > nowMs + MAX_LEASE_MS) throw bad('runs for more than 400 days')
  if (lease.expiresAtMs <= nowMs) throw bad('has expired')
  return lease
}

/**
 * As {@link openLease}, whatever the clock says: for the sequence of a lease that was made before the clock was set back.
 *
 * @throws HologramError 'WRONG_NETWORK', 'BAD_LEASE'
 */
export async function openLeaseOfAnyTime(networkId: Uint8Array, signed: Uint8Array): Promise<Lease> {
  const { signer, message } = await openRecord('lease', LeaseMessage, networkId, signed, {
    maxPayloadBytes: MAX_LEASE_PAYLOAD_BYTES,
    bad
  })
  const cid = decodeObjectCid(message.cid)
  if (cid === undefined) throw bad('names no object id')
  if (!equals(message.lessee, signer.toMultihash().bytes)) throw bad('is not signed by its lessee')
  const { sequence, expiresAtMs, tombstone } = message
  if (!Number.isSafeInteger(expiresAtMs)) throw bad('runs for more than 400 days')
  const shape = readShape(message)
  return { cid, lessee: signer, sequence, expiresAtMs, tombstone, ...(shape && { shape }) }
}

/**
 * The number of shards that a lease asks for. For leases that were verified when they were kept: the signature is not checked.
 */
export function shapeInLease(signed: Uint8Array): LeasedShape | undefined {
  // A lease that the disk has lost is empty.
  if (signed.byteLength === 0) return undefined
  return readShape(LeaseMessage.decode(decodeSigned('lease', signed, MAX_LEASE_PAYLOAD_BYTES).payload))
}

/** @throws HologramError 'BAD_LEASE' */
function readShape({ shards, roots }: LeaseMessage): LeasedShape | undefined {
  if (shards > MAX_SHARDS) throw bad(`asks for more than ${MAX_SHARDS} shards`)
  if (roots.length > Math.min(MAX_ADDED_SHARDS, shards)) throw bad('has more roots than shards')
  if (roots.some((root) => root.byteLength !== 32)) throw bad('has a root that is not 32 bytes')
  return shards === 0 ? undefined : { n: shards, roots }
}

/** The form in which holders keep a verified lease. */
export function storedLease(lease: Lease, signed: Uint8Array): StoredLease {
  const { lessee, sequence, expiresAtMs, tombstone } = lease
  return { lessee: lessee.toString(), sequence, expiresAtMs, tombstone, signed }
}

/** Whether an object with this lease must be kept. */
export function isLive(lease: Pick<Lease, 'expiresAtMs' | 'tombstone'>, nowMs: number): boolean {
  return !lease.tombstone && lease.expiresAtMs > nowMs
}

function bad(reason: string, cause?: unknown): HologramError<'BAD_LEASE'> {
  return new HologramError('BAD_LEASE', `the lease ${reason}`, { reason }, { cause })
}
