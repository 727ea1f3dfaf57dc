// Files under `shards/` that the index does not name, because their entry was damaged or the index was lost. The tail of
// the `.leaves` file identifies their object and shard.
import { shardBytes } from './folder.ts'
import { readTail, tailBytesOf, type SlotLabel } from './leaf-tail.ts'
import {
  encodeLease,
  encodeQuarantine,
  encodeShard,
  KIND,
  leaseKey,
  objectKey,
  shardKey,
  slotKey,
  slotName,
  type Slot
} from './records.ts'
import { discard } from './removal.ts'
import type { Change } from './database.ts'
import type { StoreParts } from './parts.ts'

/** Longest possible lease. An unreadable lease is assumed to be this long. */
export const UNREADABLE_LEASE_MS = 400 * 24 * 60 * 60 * 1000
/** Lessee of the lease that keeps a found shard whose leases are lost. No peer has this id. */
const UNKNOWN_LESSEE = 'unknown'
const PROGRESS_SLOTS = 1000

/**
 * Returns found shards to the index if it has lost them. Removes the files of shards that the index has released. Sets
 * aside files without a readable tail.
 */
export async function adoptFound(parts: StoreParts, slots: readonly Slot[]): Promise<void> {
  const { logger, database } = parts
  if (slots.length === 0) return
  logger.warn('there are files of shards that the index does not name', { slots: slots.length })
  let done = 0
  for (const slot of slots) {
    await adopt(parts, slot)
    if (++done % PROGRESS_SLOTS === 0) logger.info('shards looked at', { done, of: slots.length })
  }
  logger.warn('every shard is in the index, or has been removed', {
    ...parts.health.snapshot,
    indexRebuilt: database.isLost
  })
}

async function adopt(parts: StoreParts, slot: Slot): Promise<void> {
  const { folder, database, health } = parts
  const files = await folder.openSlot('shards', slot, 'read')
  const label = await (files &&
    readLabel(files.leaves).finally(async () => {
      await Promise.all([files.blocks.close(), files.leaves.close()])
    }))
  if (label === undefined) return await setAsideUnnamed(parts, slot)
  const key = shardKey(label.cid, label.shard)
  const leases = await database.listUnder(objectKey(KIND.lease, label.cid))
  const manifestKey = objectKey(KIND.manifest, label.cid)
  const hasManifest = await database.has(manifestKey)
  const isWanted = database.isLost || hasManifest || leases.length > 0
  if (!isWanted || (await database.has(key))) return await discard(parts, [slot], [])
  const record = { slot, tailBytes: tailBytesOf(label), ...label }
  const changes: Change[] = [{ key, value: encodeShard(record) }]
  if (!hasManifest) changes.push({ key: manifestKey, value: label.manifest })
  if (leases.length === 0) changes.push(unknownLease(parts, label))
  await database.write(changes)
  parts.space.adjust(shardBytes(record))
  parts.space.accounts.charge(record.account, shardBytes(record))
  health.shardFound()
}

const readLabel = async (file: Parameters<typeof readTail>[0]): Promise<SlotLabel | undefined> =>
  (await readTail(file))?.label

/** A lease of the maximum length, which keeps the shard until its lessees renew the real leases. */
function unknownLease({ clock }: StoreParts, { cid }: SlotLabel): Change {
  const expiresAtMs = clock.nowMs() + UNREADABLE_LEASE_MS
  const lease = { sequence: 0n, expiresAtMs, keepUntilMs: expiresAtMs, tombstone: false }
  return { key: leaseKey(cid, UNKNOWN_LESSEE), value: encodeLease({ ...lease, signed: new Uint8Array(0) }) }
}

async function setAsideUnnamed(parts: StoreParts, slot: Slot): Promise<void> {
  const { folder, database, clock, health, space, logger } = parts
  const fileBytes = await folder.slotBytes('shards', slot)
  const entry = encodeQuarantine({ setAsideAtMs: clock.nowMs(), fileBytes })
  await database.write([{ key: slotKey(KIND.quarantined, slot), value: entry }])
  await folder.move(slot, 'shards', 'quarantine')
  space.adjust(fileBytes)
  health.shardSetAside(1)
  logger.warn('files of a shard do not say what they are and have been set aside', { slot: slotName(slot) })
}
