import { shardBytes } from './folder.ts'
import { decodeShard, KIND, objectKey, slotKey, slotName } from './records.ts'
import type { CID } from 'multiformats/cid'
import type { Change } from './database.ts'
import type { StoreParts } from './parts.ts'
import type { ShardRecord, Slot } from './records.ts'

/**
 * Applies `changes`, which take the last references to `slots` away, and removes their files. The index notes what
 * is to be removed in the same batch, so that a crash in between leaves nothing behind.
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

/** Removes files that the index notes as discarded, then the notes. */
export async function removeDiscarded(
  { database, folder }: Pick<StoreParts, 'database' | 'folder'>,
  slots: readonly Slot[]
): Promise<void> {
  if (slots.length === 0) return
  await folder.remove(slots)
  await database.write(slots.map((slot) => ({ key: slotKey(KIND.discarded, slot) })))
}

/**
 * Removes an object's shards, manifest and placement record; its leases stay, since a tombstone must be remembered.
 * The caller holds the object's lock.
 *
 * @returns bytes freed; 0 when nothing of the object was here
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
    // The files of a damaged entry are found, and removed, at the next start.
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
