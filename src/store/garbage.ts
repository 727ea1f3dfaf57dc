import {
  decodeLease,
  decodeQuarantine,
  decodeUpload,
  isLive,
  KIND,
  kindKey,
  objectKey,
  parseObjectKey,
  parseSlotKey
} from './records.ts'
import { discard, removeObject } from './removal.ts'
import type { CID } from 'multiformats/cid'
import type { StoreParts } from './parts.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const UPLOAD_IDLE_MS = DAY_MS
/** Damaged files are kept this long for whoever wants to know what happened to the disk. */
const QUARANTINE_MS = 7 * DAY_MS
/** Objects looked at together, so that their index writes share a sync. */
const CONCURRENCY = 32

export interface Collected {
  freedBytes: number
  removedObjects: number
  removedUploads: number
}

/**
 * Removes what nobody holds a claim on any more. Objects are decided under their lock, so a lease that comes in at
 * the same time is either seen, or kept for an object that has gone.
 *
 * @param claimUpload - takes an upload that is not in progress, so that nobody opens it meanwhile; false if it is
 */
export async function collect(
  parts: StoreParts,
  nowMs: number,
  claimUpload: (key: Uint8Array) => (() => void) | undefined
): Promise<Collected> {
  const collected: Collected = { freedBytes: 0, removedObjects: 0, removedUploads: 0 }
  await inGroups(objects(parts), async (cid) => {
    const freedBytes = await collectObject(parts, cid, nowMs)
    collected.freedBytes += freedBytes
    if (freedBytes > 0) collected.removedObjects++
  })
  await inGroups(parts.database.keys(kindKey(KIND.lease)), async (key) => {
    collected.freedBytes += await collectLease(parts, key, nowMs)
  })
  await inGroups(parts.database.keys(kindKey(KIND.upload)), async (key) => {
    const release = claimUpload(key)
    if (release === undefined) return
    try {
      const freedBytes = await collectUpload(parts, key, nowMs)
      if (freedBytes === undefined) return
      collected.freedBytes += freedBytes
      collected.removedUploads++
    } finally {
      release()
    }
  })
  await inGroups(parts.database.entries(kindKey(KIND.quarantined)), async ({ key, value }) => {
    const { setAsideAtMs, fileBytes } = decodeQuarantine(value)
    if (setAsideAtMs + QUARANTINE_MS > nowMs) return
    await discard(parts, [parseSlotKey(key)], [{ key }])
    parts.space.adjust(-fileBytes)
    collected.freedBytes += fileBytes
  })
  return collected
}

/** Every object of which something is kept: all have a manifest, or at least a placement record. */
async function* objects({ database }: StoreParts): AsyncGenerator<CID> {
  for await (const key of database.keys(kindKey(KIND.manifest))) yield parseObjectKey(key).cid
  for await (const key of database.keys(kindKey(KIND.placement))) {
    const { cid } = parseObjectKey(key)
    if (!(await database.has(objectKey(KIND.manifest, cid)))) yield cid
  }
}

async function collectObject(parts: StoreParts, cid: CID, nowMs: number): Promise<number> {
  return await parts.locks.run(cid.toString(), async () => {
    for await (const { value } of parts.database.entries(objectKey(KIND.lease, cid))) {
      if (isLive(decodeLease(value), nowMs)) return 0
    }
    return await removeObject(parts, cid)
  })
}

async function collectLease(parts: StoreParts, key: Uint8Array, nowMs: number): Promise<number> {
  return await parts.locks.run(parseObjectKey(key).cid.toString(), async () => {
    const value = await parts.database.get(key)
    if (value === undefined || decodeLease(value).keepUntilMs > nowMs) return 0
    const freedBytes = await parts.database.storedBytes(key)
    await parts.database.write([{ key }])
    parts.space.adjust(-freedBytes)
    return freedBytes
  })
}

async function collectUpload(parts: StoreParts, key: Uint8Array, nowMs: number): Promise<number | undefined> {
  const value = await parts.database.get(key)
  if (value === undefined) return undefined
  const { slot, touchedAtMs } = decodeUpload(value)
  if (touchedAtMs + UPLOAD_IDLE_MS > nowMs) return undefined
  const freedBytes = await parts.folder.slotBytes('uploads', slot)
  await discard(parts, [slot], [{ key }])
  parts.space.adjust(-freedBytes)
  return freedBytes
}

async function inGroups<T>(items: AsyncIterable<T>, task: (item: T) => Promise<void>): Promise<void> {
  let group: T[] = []
  for await (const item of items) {
    group.push(item)
    if (group.length < CONCURRENCY) continue
    await Promise.all(group.map(task))
    group = []
  }
  await Promise.all(group.map(task))
}
