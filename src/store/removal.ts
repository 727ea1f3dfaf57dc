import { shardBytes } from './folder.ts'
import { decodeShard, KIND, objectKey, parseShardKey, slotKey, slotName } from './records.ts'
import type { CID } from 'multiformats/cid'
import type { Change } from './database.ts'
import type { StoreParts } from './parts.ts'
import type { ShardRecord, Slot } from './records.ts'

/**
 * Applies `changes`, which remove the last references to `slots`, then removes their files. The same batch notes these
 * files in the index, so that a crash in between leaves nothing behind.
 */
export async function discard(
  parts: Pick<StoreParts, 'database' | 'folder'>,
  slots: readonly Slot[],
  changes: readonly Change[]
): Promise<void> {
  const notes = slots.map((slot) => ({ key: slotKey(KIND.discarded, slot), value: new Uint8Array(0) }))
  await parts.database.write([...changes, ...notes])
  await removeDiscarded(parts, slots)
}

/** Removes files that the index marks as discarded, then the marks. */
export async function removeDiscarded(
  { database, folder }: Pick<StoreParts, 'database' | 'folder'>,
  slots: readonly Slot[]
): Promise<void> {
  if (slots.length === 0) return
  await folder.remove(slots)
  await database.write(slots.map((slot) => ({ key: slotKey(KIND.discarded, slot) })))
}

/**
 * Removes an object's shards from number `first` on, to `end` without it, and keeps its manifest, leases and records. The caller
 * holds the object's lock.
 *
 * @returns bytes freed
 */
export async function removeShards(
  parts: StoreParts,
  cid: CID,
  first: number,
  end = Infinity
): Promise<number> {
  const { database, space, health } = parts
  const keys: Uint8Array[] = []
  const records: ShardRecord[] = []
  for (const { key, value } of await database.listUnder(objectKey(KIND.shard, cid))) {
    // The next start finds and removes the files of a damaged entry.
    const { shard } = parseShardKey(key)
    if (value === undefined || shard < first || shard >= end) continue
    const record = decodeShard(value)
    keys.push(key, slotKey(KIND.badBlocks, record.slot))
    records.push(record)
  }
  if (records.length === 0) return 0
  await discard(
    parts,
    records.map(({ slot }) => slot),
    keys.map((key) => ({ key }))
  )
  let freedBytes = 0
  for (const record of records) {
    freedBytes += shardBytes(record)
    health.setBadBlocks(slotName(record.slot), 0)
    space.accounts.charge(record.account, -shardBytes(record))
  }
  space.adjust(-freedBytes)
  return freedBytes
}

/**
 * Removes an object's shards, manifest and placement record. Its leases stay, since tombstones must be kept. The caller
 * holds the object's lock.
 *
 * @returns bytes freed; 0 if nothing of the object was stored
 */
export async function removeObject(parts: StoreParts, cid: CID): Promise<number> {
  const { database, space, health } = parts
  const keys = [objectKey(KIND.manifest, cid), objectKey(KIND.placement, cid)]
  const sizes = await Promise.all(keys.map(async (key) => await database.storedBytes(key)))
  let freedBytes = sizes[0] + sizes[1]
  const slots: Slot[] = []
  const records: ShardRecord[] = []
  for (const { key, value } of await database.listUnder(objectKey(KIND.shard, cid))) {
    keys.push(key)
    // The next start finds and removes the files of a damaged entry.
    if (value === undefined) continue
    const record = decodeShard(value)
    slots.push(record.slot)
    keys.push(slotKey(KIND.badBlocks, record.slot))
    freedBytes += shardBytes(record)
    records.push(record)
  }
  for (const { key, storedBytes } of await database.listUnder(objectKey(KIND.statement, cid))) {
    keys.push(key)
    freedBytes += storedBytes
  }
  if (freedBytes === 0 && keys.length === 2) return 0
  await discard(
    parts,
    slots,
    keys.map((key) => ({ key }))
  )
  for (const slot of slots) health.setBadBlocks(slotName(slot), 0)
  for (const record of records) space.accounts.charge(record.account, -shardBytes(record))
  space.adjust(-freedBytes)
  return freedBytes
}
