import {
  decodeLease,
  decodeQuarantine,
  decodeUpload,
  encodeLease,
  isLive,
  KIND,
  kindKey,
  objectKey,
  parseObjectKey,
  parseSlotKey
} from './records.ts'
import { getIntact, growth, writeAllCounted } from './entries.ts'
import { UNREADABLE_LEASE_MS } from './found-slots.ts'
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
    if (value === undefined) return
    const { setAsideAtMs, fileBytes } = decodeQuarantine(value)
    if (setAsideAtMs + QUARANTINE_MS > nowMs) return
    await discard(parts, [parseSlotKey(key)], [{ key }])
    parts.space.adjust(-fileBytes)
    parts.health.shardSetAside(-1)
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
    for (const { value } of await parts.database.listUnder(objectKey(KIND.lease, cid))) {
      // A lease that cannot be read may be live.
      if (value === undefined || isLive(decodeLease(value), nowMs)) return 0
    }
    return await removeObject(parts, cid)
  })
}

async function collectLease(parts: StoreParts, key: Uint8Array, nowMs: number): Promise<number> {
  return await parts.locks.run(parseObjectKey(key).cid.toString(), async () => {
    const [entry] = await parts.database.getMany([key])
    if (entry === undefined) return 0
    if (entry.value === undefined) return await replaceDamagedLease(parts, key, nowMs)
    if (decodeLease(entry.value).keepUntilMs > nowMs) return 0
    const freedBytes = await parts.database.storedBytes(key)
    await parts.database.write([{ key }])
    parts.space.adjust(-freedBytes)
    return freedBytes
  })
}

/**
 * Puts a lease of the longest time in place of one that cannot be read, so that it does end one day. Any statement of its
 * lessee replaces it.
 */
async function replaceDamagedLease(parts: StoreParts, key: Uint8Array, nowMs: number): Promise<number> {
  const expiresAtMs = nowMs + UNREADABLE_LEASE_MS
  const lease = { sequence: 0n, expiresAtMs, keepUntilMs: expiresAtMs, tombstone: false }
  const change = { key, value: encodeLease({ ...lease, signed: new Uint8Array(0) }) }
  const bytes = await growth(parts, change)
  await writeAllCounted(parts, [change], bytes, { enforce: false })
  return -bytes
}

async function collectUpload(parts: StoreParts, key: Uint8Array, nowMs: number): Promise<number | undefined> {
  const value = await getIntact(parts, key)
  if (value === undefined) {
    // The files of a damaged entry are removed at the next start.
    await parts.database.write([{ key }])
    return undefined
  }
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
