import { decodeQuarantine, decodeShard, decodeUpload, KIND, kindKey, parseSlotKey } from './records.ts'
import { fileBytes } from './folder.ts'
import { removeDiscarded } from './removal.ts'
import type { StoreParts } from './parts.ts'
import type { Slot } from './records.ts'

/** Kinds whose entries count by their own size. */
const COUNTED = [KIND.lease, KIND.manifest, KIND.owned, KIND.placement] as const

/**
 * Brings the files in line with the index, which alone says what is so: a commit or a removal that was cut off
 * before its batch was written has not happened, and one cut off behind it is finished. Then counts what is here.
 */
export async function recover(parts: StoreParts): Promise<void> {
  await finishRemovals(parts)
  const unclaimed = await recallUploads(parts)
  await finishQuarantine(parts)
  await claimShards(parts, unclaimed)
  await parts.folder.remove([...unclaimed.values()])
  await countEntries(parts)
  await parts.space.refresh()
}

async function finishRemovals(parts: StoreParts): Promise<void> {
  const slots: Slot[] = []
  for await (const key of parts.database.keys(kindKey(KIND.discarded))) slots.push(parseSlotKey(key))
  await removeDiscarded(parts, slots)
}

/**
 * Files of uploads that had moved already go back, since their commit did not make it.
 *
 * @returns slots that have files under `uploads/` and are no uploads, by their hex
 */
async function recallUploads({ database, folder, space }: StoreParts): Promise<Map<string, Slot>> {
  const found = new Map((await folder.uploadSlots()).map((slot) => [hex(slot), slot]))
  for await (const { value } of database.entries(kindKey(KIND.upload))) {
    const { slot } = decodeUpload(value)
    found.delete(hex(slot))
    if ((await folder.slotBytes('shards', slot)) > 0) await folder.move(slot, 'shards', 'uploads')
    space.adjust(await folder.slotBytes('uploads', slot))
  }
  return found
}

async function finishQuarantine({ database, folder, space }: StoreParts): Promise<void> {
  for await (const { key, value } of database.entries(kindKey(KIND.quarantined))) {
    const slot = parseSlotKey(key)
    if ((await folder.slotBytes('shards', slot)) > 0) await folder.move(slot, 'shards', 'quarantine')
    space.adjust(decodeQuarantine(value).fileBytes)
  }
}

/** Counts shards; files of one whose commit was reported failed, but made it into the log, go where it says. */
async function claimShards(
  { database, folder, space }: StoreParts,
  unclaimed: Map<string, Slot>
): Promise<void> {
  for await (const { value } of database.entries(kindKey(KIND.shard))) {
    const { slot, blocks, dataBytes } = decodeShard(value)
    if (unclaimed.delete(hex(slot))) await folder.move(slot, 'uploads', 'shards')
    space.adjust(fileBytes(blocks, dataBytes))
  }
}

async function countEntries({ database, space }: StoreParts): Promise<void> {
  for (const kind of COUNTED) space.adjust(await database.storedBytesUnder(kindKey(kind)))
}

const hex = (slot: Slot): string => Buffer.from(slot).toString('hex')
