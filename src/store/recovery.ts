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
  await recallUploads(parts)
  await finishQuarantine(parts)
  await countUsed(parts)
  await parts.space.refresh()
}

async function finishRemovals(parts: StoreParts): Promise<void> {
  const slots: Slot[] = []
  for await (const key of parts.database.keys(kindKey(KIND.discarded))) slots.push(parseSlotKey(key))
  await removeDiscarded(parts, slots)
}

/** Uploads whose files had moved already, but whose commit did not make it, go back; files nobody knows go. */
async function recallUploads({ database, folder, space }: StoreParts): Promise<void> {
  const known = new Set<string>()
  for await (const { value } of database.entries(kindKey(KIND.upload))) {
    const { slot } = decodeUpload(value)
    known.add(Buffer.from(slot).toString('hex'))
    if ((await folder.slotBytes('shards', slot)) > 0) await folder.move(slot, 'shards', 'uploads')
    space.adjust(await folder.slotBytes('uploads', slot))
  }
  const found = await folder.uploadSlots()
  await folder.remove(found.filter((slot) => !known.has(Buffer.from(slot).toString('hex'))))
}

async function finishQuarantine({ database, folder, space }: StoreParts): Promise<void> {
  for await (const { key, value } of database.entries(kindKey(KIND.quarantined))) {
    const slot = parseSlotKey(key)
    if ((await folder.slotBytes('shards', slot)) > 0) await folder.move(slot, 'shards', 'quarantine')
    space.adjust(decodeQuarantine(value).fileBytes)
  }
}

async function countUsed({ database, space }: StoreParts): Promise<void> {
  for (const kind of COUNTED) space.adjust(await database.storedBytesUnder(kindKey(kind)))
  for await (const { value } of database.entries(kindKey(KIND.shard))) {
    const { blocks, dataBytes } = decodeShard(value)
    space.adjust(fileBytes(blocks, dataBytes))
  }
}
