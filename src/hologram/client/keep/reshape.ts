import type { CID } from 'multiformats/cid'
import { HologramError } from '../../errors.ts'
import { Layout } from '../../records/layout.ts'
import { viewFor } from '../../placement/placement-view.ts'
import { neededShards } from '../../records/manifest.ts'
import type { Manifest } from '../../records/manifest.ts'
import { maxShardsOf } from '../../records/shape.ts'
import type { LeasedShape } from '../../records/shape.ts'
import type { ReshapeReport } from '../../objects.ts'
import type { ShardHolder } from '../../records/placement-record.ts'
import type { Bandwidth } from '../../wire/bandwidth.ts'
import type { ClientContext } from '../context.ts'
import { locateManifest } from '../find/locate-manifest.ts'
import type { ShardOutcomes } from '../put/fan-out.ts'
import { makeLease } from '../put/publish.ts'
import type { SignedLease } from '../put/publish.ts'
import { checkPeers } from '../put/put-plan.ts'
import { completeObject } from './complete.ts'
import { holderKey } from './owned.ts'
import type { LeasedHolder, OwnedRecord } from './owned.ts'
import { Removed } from './owned-objects.ts'
import { afterLease, afterMending, answeringAt } from './policy.ts'
import { renewLeases } from './renew.ts'

export interface Reshaping {
  /** Shards that this node asks for from now on. */
  readonly n: number
  readonly pace: Bandwidth
  readonly signal: AbortSignal
}

/**
 * Asks for another number of shards of an object that this node put. More are computed and sent; of fewer, those that stay are
 * made whole before the holders of the others are told to drop them. The manifest, and with it the id, stays as it is: the
 * number, and the roots of shards that the manifest does not have, stand in this node's lease. Call after a check of the holders.
 *
 * A crash leaves the old number or the new one, and the keeper goes on from there: the record asks for more shards before the
 * first of them is committed, and for fewer after the last that stays is.
 *
 * @throws HologramError 'NOT_OWNED' | 'BAD_CODE_PARAMETERS' | 'NOT_ENOUGH_PEERS' | 'NOT_ENOUGH_SHARDS' | 'NOT_DURABLE' |
 *   'NOT_FOUND' | 'CORRUPT'; the signal's reason
 */
export async function reshapeObject(
  context: ClientContext,
  cid: CID,
  { n, pace, signal }: Reshaping
): Promise<ReshapeReport> {
  const { clock, owned } = context
  const before = await owned.read(cid)
  if (before === undefined) throw notOwned(cid)
  const { manifest: asPut, bytes, placed } = await locateManifest(context, cid, signal)
  checkShards(asPut, n)
  if (n > before.n) checkPeers({ k: before.k, n, margin: 0 }, viewFor(n, context.mesh).peers.length, false)
  const answering = answeringAt(before, clock.nowMs()).filter(({ shard }) => shard < n)
  const whole = answering.filter(({ damaged }) => damaged !== true)
  const known = [...asPut.roots, ...(before.shape?.roots ?? [])].slice(0, n)
  const isGrowing = n > before.n
  const lease = await leaseOf(context, cid, before)
  let shape = shapeWith(asPut, n, known)
  let latest = lease
  const leaseFor = async (roots: readonly Uint8Array[]): Promise<SignedLease> => {
    if (!isGrowing) return lease
    shape = shapeWith(asPut, n, roots)
    latest = await leaseOf(context, cid, await reshaped(context, cid, n, shape))
    return latest
  }
  const outcomes = await completeObject(
    context,
    { cid, manifest: { ...asPut, n, roots: known }, bytes, lease },
    whole,
    signal,
    { damaged: answering.filter(({ damaged }) => damaged === true), pace, leaseFor }
  )
  const made = outcomes.holders.slice(whole.length)
  const missing = n - new Set(outcomes.holders.map(({ shard }) => shard)).size
  if (missing > 0 && (!isGrowing || made.length === 0)) {
    if (isGrowing) await reshaped(context, cid, before.n, before.shape)
    throw notDurable(n, missing, outcomes)
  }
  await reshaped(context, cid, n, shape)
  const record = await changed(context, cid, (current) =>
    afterMending(afterLease(current, made, latest, clock.nowMs()), made)
  )
  const surplus = before.holders.filter(({ shard }) => shard >= n)
  const told = [...record.holders, ...surplus]
  const forgotten = forgottenHolders(placed, n, told)
  const { failed } = await renewLeases(context, cid, record, signal, [...told, ...forgotten])
  // They may have let go long ago: that they do not take a lease says nothing.
  const isUninteresting = new Set([...made, ...forgotten].map(holderKey))
  return {
    cid,
    before: before.n,
    n,
    added: made.map(({ shard, peer }) => ({ shard, peer })),
    dropped: [...new Set([...surplus, ...forgotten].map(({ shard }) => shard))].sort((a, b) => a - b),
    missing,
    unreachable: failed.filter((holder) => !isUninteresting.has(holderKey(holder))).map(({ peer }) => peer),
    readBytes: made.length === 0 ? 0 : asPut.size,
    sentBytes: made.length * new Layout(asPut).shardBytes
  }
}

/**
 * Holders of shards that are not asked for, of which the record knows nothing: this node ended between writing the smaller number
 * down and telling them.
 */
function forgottenHolders(
  placed: readonly ShardHolder[],
  n: number,
  known: readonly ShardHolder[]
): LeasedHolder[] {
  const keys = new Set(known.map(holderKey))
  return placed
    .filter((holder) => holder.shard >= n && !keys.has(holderKey(holder)))
    .map(({ shard, peer }) => ({ shard, peer, leaseUntilMs: 0, seenMs: 0 }))
}

/** @throws HologramError 'BAD_CODE_PARAMETERS' */
function checkShards(manifest: Manifest, n: number): void {
  const k = neededShards(manifest)
  const most = maxShardsOf(manifest)
  const bad = (rule: string): HologramError =>
    new HologramError('BAD_CODE_PARAMETERS', `n is ${n}, but ${rule}`, { parameter: 'n', value: n })
  if (manifest.inline !== undefined) throw bad('this object is kept in whole copies and has no shards')
  if (!Number.isInteger(n) || n < k || n > most) {
    throw bad(`this object needs ${k} shards, and its blocks and what it was put with allow at most ${most}`)
  }
}

function shapeWith(asPut: Manifest, n: number, roots: readonly Uint8Array[]): LeasedShape | undefined {
  return n === asPut.n ? undefined : { n, roots: roots.slice(asPut.n, n) }
}

async function leaseOf(context: ClientContext, cid: CID, record: OwnedRecord): Promise<SignedLease> {
  const { leaseMs, leaseSequence, shape } = record
  return await makeLease(context, cid, { leaseMs, after: leaseSequence, shape })
}

/** Makes the record ask for `n` shards. Holders of others are forgotten: their lease is not renewed. */
async function reshaped(
  context: ClientContext,
  cid: CID,
  n: number,
  shape: LeasedShape | undefined
): Promise<OwnedRecord> {
  return changed(context, cid, ({ shape: _, ...current }) => ({
    ...current,
    n,
    ...(shape !== undefined && { shape }),
    holders: current.holders.filter(({ shard }) => shard < n)
  }))
}

/** @throws Removed when the object has been removed meanwhile */
async function changed(
  { owned }: ClientContext,
  cid: CID,
  change: (record: OwnedRecord) => OwnedRecord
): Promise<OwnedRecord> {
  const record = await owned.update(cid, change)
  if (record === undefined) throw new Removed('The object is being removed.')
  return record
}

function notOwned(cid: CID): HologramError<'NOT_OWNED'> {
  const text = cid.toString()
  return new HologramError('NOT_OWNED', `${text} was not put through this node`, { cid: text })
}

/** The shards that are to stay are not complete, or no peer took one of the new ones. */
function notDurable(n: number, missing: number, { missing: unplaced }: ShardOutcomes): HologramError {
  const reasons = unplaced.map(({ shard, reason }) => `shard ${shard}: ${reason}`)
  const [why] = reasons
  return new HologramError(
    'NOT_DURABLE',
    `${missing} of ${n} shards have no peer${why === undefined ? '' : ` (${why})`}; nothing has been changed`,
    { acknowledged: n - missing, required: n, reasons }
  )
}
