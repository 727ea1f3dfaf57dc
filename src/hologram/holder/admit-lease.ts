import { isLive, openLease, storedLease, type Lease } from '../records/lease.ts'
import { shapesOf } from '../records/kept-shape.ts'
import { decodeStoredManifest } from '../records/manifest.ts'
import { shapeOf } from '../records/shape.ts'
import { refuse, type Refusal } from './refusal.ts'
import type { CID } from 'multiformats/cid'
import type { HolderContext } from './context.ts'
import type { StoredLease } from '../holdings.ts'

type LeaseContext = Pick<HolderContext, 'mesh' | 'holdings' | 'nowMs' | 'settings'>

/** A verified lease, with the bytes in which it came. */
export interface SignedLease extends Lease {
  readonly signed: Uint8Array
}

/**
 * Verifies a lease that is to keep `cid` alive.
 *
 * @throws HologramError 'WRONG_NETWORK' | 'BAD_LEASE'; Refusal
 */
export async function openLiveLease(
  context: LeaseContext,
  cid: CID,
  signed: Uint8Array
): Promise<SignedLease> {
  const lease = await openLease(context.mesh.networkId, signed, context.nowMs())
  if (!lease.cid.equals(cid)) throw refuse('the lease is on another object')
  if (lease.tombstone) throw refuse('a tombstone where a lease was due')
  return { ...lease, signed }
}

/**
 * Keeps a verified lease. Idempotent: repeating a known lease succeeds, and so does an older one that says nothing else.
 *
 * @returns the signed lease that is kept now: a later statement of the same lessee stays
 * @throws Refusal when its lessee has said otherwise since, or when the object has too many lessees
 */
export async function keepLease(
  { holdings, settings, nowMs }: LeaseContext,
  lease: SignedLease
): Promise<Uint8Array> {
  const lessee = lease.lessee.toString()
  const kept = await holdings.leases(lease.cid)
  const earlier = kept.find((other) => other.lessee === lessee)
  if (earlier === undefined && kept.length >= settings.maxLeases) throw tooManyLessees()
  if (await holdings.putLease(lease.cid, storedLease(lease, lease.signed))) return lease.signed
  if (earlier === undefined) return lease.signed
  if (isLive(earlier, nowMs()) !== isLive(lease, nowMs())) throw saidOtherwise()
  return earlier.signed
}

/**
 * Removes the shards that no lessee asks for any more. Removes none while no lease is live, since then garbage collection
 * decides, or while a lease is damaged on disk, since it may ask for them.
 */
export async function dropUnwanted(
  { holdings, nowMs }: Pick<HolderContext, 'holdings' | 'nowMs'>,
  cid: CID
): Promise<void> {
  const held = await holdings.shardsOf(cid)
  const bytes = held.length === 0 ? undefined : await holdings.getManifest(cid)
  if (bytes === undefined) return
  const manifest = decodeStoredManifest(bytes)
  const wantedBy = (leases: readonly StoredLease[]): number => {
    const shapes = shapesOf(leases, nowMs())
    const isKnown = shapes.length > 0 && leases.every(({ signed }) => signed.byteLength > 0)
    return isKnown ? shapeOf(manifest, shapes).wanted : Infinity
  }
  const wanted = wantedBy(await holdings.leases(cid))
  if (!held.some((shard) => shard >= wanted)) return
  // A putter may commit a shard under a new lease at this moment.
  await holdings.dropShards(cid, wanted, (leases) => wantedBy(leases) <= wanted)
}

export const tooManyLessees = (): Refusal => refuse('the object has too many lessees')
export const saidOtherwise = (): Refusal => refuse('this lessee has said otherwise since')
