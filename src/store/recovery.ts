import { countBlocks, decodeRanges } from './bad-blocks.ts'
import { adoptFound } from './found-slots.ts'
import {
  decodeQuarantine,
  decodeShard,
  decodeUpload,
  encodeQuarantine,
  KIND,
  kindKey,
  parseSlotKey,
  slotName
} from './records.ts'
import { shardBytes } from './folder.ts'
import { removeDiscarded } from './removal.ts'
import type { StoreParts } from './parts.ts'
import type { Slot } from './records.ts'

/** Kinds whose index entries count against the quota. */
const COUNTED = [KIND.lease, KIND.manifest, KIND.note, KIND.owned, KIND.placement] as const

/**
 * Brings the files in line with the index, which is authoritative. A commit or removal that was interrupted before its
 * index batch is undone; one interrupted after it is finished. Shards that a damaged index has lost return to it. Then
 * counts what the store holds.
 */
export async function recover(parts: StoreParts): Promise<void> {
  await finishRemovals(parts)
  const uploads = await recallUploads(parts)
  await finishQuarantine(parts)
  const shards = bySlotName(await parts.folder.shardSlots())
  await claimShards(parts, uploads, shards)
  await parts.folder.remove([...uploads.values()])
  await adoptFound(parts, [...shards.values()])
  await countBadBlocks(parts)
  await countEntries(parts)
  await parts.space.refresh()
}

const bySlotName = (slots: readonly Slot[]): Map<string, Slot> =>
  new Map(slots.map((slot) => [slotName(slot), slot]))

async function finishRemovals(parts: StoreParts): Promise<void> {
  const slots: Slot[] = []
  for await (const key of parts.database.keys(kindKey(KIND.discarded))) slots.push(parseSlotKey(key))
  await removeDiscarded(parts, slots)
}

/**
 * Counts uploads. Moves their files back if they are under `shards/`, since their commit did not complete. Removes damaged
 * entries: the putter sends those blocks again.
 *
 * @returns slots that have files under `uploads/` but no upload entry
 */
async function recallUploads({ database, folder, space }: StoreParts): Promise<Map<string, Slot>> {
  const found = bySlotName(await folder.uploadSlots())
  for await (const { key, value } of database.entries(kindKey(KIND.upload))) {
    if (value === undefined) {
      await database.write([{ key }])
      continue
    }
    const { slot, account } = decodeUpload(value)
    found.delete(slotName(slot))
    if ((await folder.slotBytes('shards', slot)) > 0) await folder.move(slot, 'shards', 'uploads')
    const bytes = await folder.slotBytes('uploads', slot)
    space.adjust(bytes)
    space.accounts.charge(account, bytes)
  }
  return found
}

async function finishQuarantine({ database, folder, space, health, clock }: StoreParts): Promise<void> {
  for await (const { key, value } of database.entries(kindKey(KIND.quarantined))) {
    const slot = parseSlotKey(key)
    if ((await folder.slotBytes('shards', slot)) > 0) await folder.move(slot, 'shards', 'quarantine')
    health.shardSetAside(1)
    const noted = value && decodeQuarantine(value)
    const fileBytes = noted?.fileBytes ?? (await folder.slotBytes('quarantine', slot))
    if (noted === undefined) {
      const entry = encodeQuarantine({ setAsideAtMs: clock.nowMs(), fileBytes })
      await database.write([{ key, value: entry }])
    }
    space.adjust(fileBytes)
  }
}

/**
 * Counts shards and removes their slots from `shards`. A commit may have been reported as failed although it reached the
 * log; the files of such a shard move from `uploads/` to `shards/`. Removes damaged entries: `adoptFound` rebuilds them
 * from the shard's files.
 */
async function claimShards(
  { database, folder, space }: StoreParts,
  uploads: Map<string, Slot>,
  shards: Map<string, Slot>
): Promise<void> {
  for await (const { key, value } of database.entries(kindKey(KIND.shard))) {
    if (value === undefined) {
      await database.write([{ key }])
      continue
    }
    const record = decodeShard(value)
    const name = slotName(record.slot)
    shards.delete(name)
    if (uploads.delete(name)) await folder.move(record.slot, 'uploads', 'shards')
    space.adjust(shardBytes(record))
    space.accounts.charge(record.account, shardBytes(record))
  }
}

async function countBadBlocks({ database, health }: StoreParts): Promise<void> {
  for await (const { key, value } of database.entries(kindKey(KIND.badBlocks))) {
    if (value === undefined) await database.write([{ key }])
    else health.setBadBlocks(slotName(parseSlotKey(key)), countBlocks(decodeRanges(value)))
  }
}

async function countEntries({ database, space }: StoreParts): Promise<void> {
  for (const kind of COUNTED) space.adjust(await database.storedBytesUnder(kindKey(kind)))
}
