import type { CID } from 'multiformats/cid'
import type { Bandwidth } from '../../wire/bandwidth.ts'
import { shapedBy } from '../../records/shape.ts'
import type { ShardHolder } from '../../records/placement-record.ts'
import type { ClientContext } from '../context.ts'
import { locateManifest } from '../find/locate-manifest.ts'
import { makeLease, publishManifest } from '../put/publish.ts'
import { completeObject } from './complete.ts'
import { holderKey } from './owned.ts'
import type { OwnedRecord } from './owned.ts'
import { afterLease, afterMending, damagedAt, keptAt } from './policy.ts'
import { numbered } from './renew.ts'

/**
 * Rebuilds the shards, or copies, that nobody holds whole, and tells the homes of the manifest where they are.
 *
 * @returns whether nothing is missing any more
 * @throws HologramError 'NOT_FOUND' | 'NOT_ENOUGH_SHARDS' | 'CORRUPT' | 'NOT_DURABLE'
 */
export async function rebuildMissing(
  context: ClientContext,
  cid: CID,
  record: OwnedRecord,
  pace: Bandwidth,
  signal: AbortSignal
): Promise<boolean> {
  const { clock, counts, logger, owned } = context
  const { leaseMs, leaseSequence, shape } = record
  const { manifest: asPut, bytes } = await locateManifest(context, cid, signal)
  const manifest = shapedBy(asPut, shape)
  const lease = await makeLease(context, cid, { leaseMs, after: leaseSequence, shape })
  const object = { cid, manifest, bytes, lease }
  const nowMs = clock.nowMs()
  const held = keptAt(record, nowMs)
  const damaged = record.inline ? [] : damagedAt(record, nowMs)
  let made: ReadonlyArray<{ shard: number; peer: (typeof held)[number]['peer'] }>
  let missing = 0
  try {
    if (record.inline) {
      const kept = await publishManifest(
        context,
        { cid, manifest: bytes, lease, holders: [] },
        record.n,
        signal
      )
      made = numbered({ ...record, holders: held }, kept, lease, nowMs)
      missing = Math.max(0, record.n - kept.length)
    } else {
      const outcomes = await completeObject(context, object, held, signal, { damaged, pace })
      const known = new Set(held.map(holderKey))
      made = outcomes.holders.filter((holder) => !known.has(holderKey(holder)))
      missing = outcomes.missing.length
      if (missing > 0)
        logger.warn('shards are still missing', { cid, name: record.name, missing: outcomes.missing })
      const holders = uniqueHolders([...outcomes.holders, ...damaged])
      if (made.length > 0) {
        await publishManifest(context, { cid, manifest: bytes, lease, holders }, record.n, signal)
      }
    }
  } catch (error) {
    counts.rebuildsFailed++
    throw error
  }
  counts.shardsRebuilt += made.length
  if (made.length > 0) logger.info('shards rebuilt', { cid, name: record.name, shards: made.length, missing })
  await owned.update(cid, (current) => afterMending(afterLease(current, made, lease, clock.nowMs()), made))
  return missing === 0
}

function uniqueHolders(holders: readonly ShardHolder[]): ShardHolder[] {
  return [...new Map(holders.map((holder) => [holderKey(holder), holder])).values()]
}
