import type { CID } from 'multiformats/cid'
import type { ClientContext } from '../context.ts'
import { locateManifest } from '../find/locate-manifest.ts'
import { keepLease, makeLease, publishManifest } from '../put/publish.ts'
import type { SignedLease } from '../put/publish.ts'
import { giveLease } from '../put/give-lease.ts'
import { holderKey } from './owned.ts'
import type { LeasedHolder, OwnedRecord } from './owned.ts'
import { afterLease, holdersAt, isPublicationDue, toRenew } from './policy.ts'

export interface Renewal {
  /** Holders that were asked and did not take the lease. */
  readonly failed: readonly LeasedHolder[]
  /** The record as it stands now; undefined when the object has been removed. */
  readonly record: OwnedRecord | undefined
}

/**
 * Gives a new lease to the holders that need one and, when theirs ends, to the homes of the manifest. A holder that
 * does not take it keeps its old one, and is tried again.
 *
 * @param all - holders that get it now, whether they need one or not, and so do the homes: the lease says something new
 */
export async function renewLeases(
  context: ClientContext,
  cid: CID,
  record: OwnedRecord,
  signal: AbortSignal,
  all?: readonly LeasedHolder[]
): Promise<Renewal> {
  const { owned, counts, logger, clock } = context
  const nowMs = clock.nowMs()
  const due = all ?? toRenew(record, nowMs)
  const { leaseMs, shape } = record
  let lease = await makeLease(context, cid, { leaseMs, after: record.leaseSequence, shape })
  // On this disk first: a tombstone that is made while the lease is under way must outrank it.
  await keepLease(context, cid, lease)
  let given = await giveLease(context, cid, lease, due, signal)
  if (given.newestSequence > lease.sequence) {
    // A clock that was set back, or a data folder that was lost, has made a lease that holders ignore.
    lease = await makeLease(context, cid, { leaseMs, after: given.newestSequence, shape })
    await keepLease(context, cid, lease)
    given = await giveLease(context, cid, lease, due, signal)
  }
  const { takers } = given
  const publication =
    all !== undefined || isPublicationDue(record, nowMs)
      ? await publish(context, cid, record, lease, signal)
      : undefined
  const taken = new Set(takers.map(holderKey))
  const failed = due.filter((holder) => !taken.has(holderKey(holder)))
  counts.renewalsRefused += failed.length
  if (failed.length === 0) counts.renewals++
  else {
    const peers = failed.map(({ peer }) => peer.toString())
    logger.warn('holders did not take a new lease', { cid, name: record.name, peers })
  }
  const changed = await owned.update(cid, (current) => {
    const kept = takers.filter(({ shard }) => current.inline || shard < current.n)
    const renewed = afterLease(current, [...kept, ...(publication?.copies ?? [])], lease, nowMs)
    return publication === undefined ? renewed : { ...renewed, leaseExpiresAtMs: lease.expiresAtMs }
  })
  return { failed, record: changed }
}

interface Published {
  /** Copies of an inline object that took the lease with it. */
  readonly copies: readonly LeasedHolder[]
}

/** Brings manifest, lease and placement record to the homes; undefined when too few took them. */
async function publish(
  context: ClientContext,
  cid: CID,
  record: OwnedRecord,
  lease: SignedLease,
  signal: AbortSignal
): Promise<Published | undefined> {
  const { clock, logger, counts } = context
  try {
    const { bytes } = await locateManifest(context, cid, signal)
    const holders = record.inline ? [] : holdersAt(record, clock.nowMs())
    const kept = await publishManifest(context, { cid, manifest: bytes, lease, holders }, record.n, signal)
    const wanted = Math.min(Math.ceil((record.n - record.k) / 2) + 1, context.mesh.placement().peers.length)
    if (kept.length < wanted) throw new Error(`only ${kept.length} of ${wanted} homes took the manifest`)
    return { copies: record.inline ? numbered(record, kept, lease, clock.nowMs()) : [] }
  } catch (error) {
    signal.throwIfAborted()
    counts.renewalsRefused++
    logger.warn('the homes of a manifest did not take a new lease', { cid, name: record.name, error })
    return undefined
  }
}

/** Homes that have a copy keep its number; others get the next free ones. */
export function numbered(
  record: OwnedRecord,
  peers: readonly LeasedHolder['peer'][],
  { expiresAtMs }: Pick<SignedLease, 'expiresAtMs'>,
  nowMs: number
): LeasedHolder[] {
  const taken = new Set(record.holders.map(({ shard }) => shard))
  let next = 0
  return peers.map((peer) => {
    const known = record.holders.find((holder) => holder.peer.equals(peer))
    while (known === undefined && taken.has(next)) next++
    const shard = known?.shard ?? next
    taken.add(shard)
    return { shard, peer, leaseUntilMs: expiresAtMs, seenMs: nowMs }
  })
}
