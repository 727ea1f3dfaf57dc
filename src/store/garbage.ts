import { getIntact, growth, writeAllCounted } from './entries.ts'
import { UNREADABLE_LEASE_MS } from './found-slots.ts'
import {
  decodeLease,
  decodeQuarantine,
  decodeUpload,
  describeKey,
  encodeLease,
  KIND,
  kindKey,
  objectKey,
  parseObjectKey,
  parseSlotKey
} from './records.ts'
import { discard, removeObject } from './removal.ts'
import type { CID } from 'multiformats/cid'
import type { Collected } from '../hologram/holdings.ts'
import type { StoreParts } from './parts.ts'

const DAY_MS = 24 * 60 * 60 * 1000
/** How long an object is kept after its lease ends: the owner or a clock may be late. */
export const GRACE_MS = DAY_MS
const UPLOAD_IDLE_MS = DAY_MS
/** For uploads that cannot be resumed after their sender exits. */
const ONE_SHOT_IDLE_MS = 15 * 60 * 1000
/** Damaged files are kept this long so that an operator can examine them. */
const QUARANTINE_MS = 7 * DAY_MS
/** Objects examined concurrently, so that their index writes share a sync. */
const CONCURRENCY = 32

export interface CollectOptions {
  readonly nowMs: number
  /** Room is needed: also remove damaged files that are kept for examination. */
  readonly isUrgent: boolean
  /** Claims an upload so that it cannot be opened meanwhile. @returns its release; undefined if it is in progress */
  readonly claimUpload: (key: Uint8Array) => (() => void) | undefined
}

/** The inputs and the tally of one collection. */
interface Round extends CollectOptions {
  /** The clock is trusted, so leases may end. */
  readonly isTimeKnown: boolean
  readonly collected: { -readonly [K in keyof Collected]: Collected[K] }
}

/**
 * Removes what no lease keeps any more. Each object is decided under its lock: a lease that arrives at the same time is
 * either seen, or stored for an object that is already gone. While the clock cannot be trusted, only objects that all
 * lessees have released are removed. A failure on one entry is logged and does not stop the collection.
 */
export async function collect(parts: StoreParts, options: CollectOptions): Promise<Collected> {
  const isTimeKnown = parts.clockGuard.isTrusted(options.nowMs)
  const collected = { freedBytes: 0, removedObjects: 0, removedUploads: 0, clockTrusted: isTimeKnown }
  const round: Round = { ...options, isTimeKnown, collected }
  if (!isTimeKnown) {
    parts.logger.warn('the clock cannot be trusted: nothing that has run out is removed', {
      nowMs: options.nowMs
    })
  }
  await collectObjects(parts, round)
  if (isTimeKnown) {
    await each(parts, parts.database.keys(kindKey(KIND.lease)), async (key) => {
      collected.freedBytes += await collectLease(parts, key, options.nowMs)
    })
    await each(parts, parts.database.keys(kindKey(KIND.upload)), async (key) => {
      await collectUpload(parts, key, round)
    })
    await parts.clockGuard.note()
  }
  await each(parts, parts.database.keys(kindKey(KIND.quarantined)), async (key) => {
    await collectSetAside(parts, key, round)
  })
  return collected
}

async function collectObjects(parts: StoreParts, round: Round): Promise<void> {
  for await (const group of inGroups(objects(parts))) {
    await Promise.all(
      group.map(async (cid) => {
        const freedBytes = await orLogged(parts, { cid: cid.toString() }, async () => {
          return await parts.locks.run(cid.toString(), async () => {
            return await removeUnclaimed(parts, cid, round.nowMs, round.isTimeKnown)
          })
        })
        if (freedBytes === undefined || freedBytes === 0) return
        round.collected.freedBytes += freedBytes
        round.collected.removedObjects++
      })
    )
  }
}

/** Every object with stored data: a manifest, or at least a placement record or a shard. */
async function* objects({ database }: StoreParts): AsyncGenerator<CID> {
  for await (const key of database.keys(kindKey(KIND.manifest))) yield parseObjectKey(key).cid
  for (const kind of [KIND.placement, KIND.shard]) {
    for await (const key of database.keys(kindKey(kind))) {
      const { cid } = parseObjectKey(key)
      if (!(await database.has(objectKey(KIND.manifest, cid)))) yield cid
    }
  }
}

/**
 * Removes an object if no lease keeps it. The caller holds the object's lock.
 *
 * @returns bytes freed; 0 if the object is kept
 */
export async function removeUnclaimed(
  parts: StoreParts,
  cid: CID,
  nowMs: number,
  isTimeKnown: boolean
): Promise<number> {
  for (const { value } of await parts.database.listUnder(objectKey(KIND.lease, cid))) {
    // An unreadable lease may be live.
    if (value === undefined) return 0
    const { tombstone, expiresAtMs } = decodeLease(value)
    if (!tombstone && (!isTimeKnown || expiresAtMs + GRACE_MS > nowMs)) return 0
  }
  return await removeObject(parts, cid)
}

async function collectLease(parts: StoreParts, key: Uint8Array, nowMs: number): Promise<number> {
  return await parts.locks.run(parseObjectKey(key).cid.toString(), async () => {
    const [entry] = await parts.database.getMany([key])
    if (entry === undefined) return 0
    if (entry.value === undefined) return await replaceDamagedLease(parts, key, nowMs)
    if (decodeLease(entry.value).keepUntilMs + GRACE_MS > nowMs) return 0
    await parts.database.write([{ key }])
    parts.space.adjust(-entry.storedBytes)
    return entry.storedBytes
  })
}

/**
 * Replaces an unreadable lease by one of the maximum length, so that it ends some day. Any statement of its lessee
 * replaces it.
 */
async function replaceDamagedLease(parts: StoreParts, key: Uint8Array, nowMs: number): Promise<number> {
  const expiresAtMs = nowMs + UNREADABLE_LEASE_MS
  const lease = { sequence: 0n, expiresAtMs, keepUntilMs: expiresAtMs, tombstone: false }
  const change = { key, value: encodeLease({ ...lease, signed: new Uint8Array(0) }) }
  const bytes = await growth(parts, change)
  await writeAllCounted(parts, [change], bytes, { enforce: false })
  return -bytes
}

async function collectUpload(parts: StoreParts, key: Uint8Array, round: Round): Promise<void> {
  const release = round.claimUpload(key)
  if (release === undefined) return
  try {
    const value = await getIntact(parts, key)
    if (value === undefined) {
      // The next start removes the files of a damaged entry.
      await parts.database.write([{ key }])
      return
    }
    const { slot, touchedAtMs, oneShot, account } = decodeUpload(value)
    const idleMs = oneShot ? ONE_SHOT_IDLE_MS : UPLOAD_IDLE_MS
    if (touchedAtMs + idleMs > round.nowMs) return
    const freedBytes = await parts.folder.slotBytes('uploads', slot)
    await discard(parts, [slot], [{ key }])
    parts.space.adjust(-freedBytes)
    parts.space.accounts.charge(account, -freedBytes)
    round.collected.freedBytes += freedBytes
    round.collected.removedUploads++
  } finally {
    release()
  }
}

async function collectSetAside(parts: StoreParts, key: Uint8Array, round: Round): Promise<void> {
  const value = await getIntact(parts, key)
  if (value === undefined) return
  const { setAsideAtMs, fileBytes } = decodeQuarantine(value)
  const isOver = round.isTimeKnown && setAsideAtMs + QUARANTINE_MS <= round.nowMs
  if (!isOver && !round.isUrgent) return
  await discard(parts, [parseSlotKey(key)], [{ key }])
  parts.space.adjust(-fileBytes)
  parts.health.shardSetAside(-1)
  round.collected.freedBytes += fileBytes
}

/** Runs `task` for each key, several at a time; logs failures. */
async function each(
  parts: StoreParts,
  keys: AsyncIterable<Uint8Array>,
  task: (key: Uint8Array) => Promise<void>
): Promise<void> {
  for await (const group of inGroups(keys)) {
    await Promise.all(
      group.map(async (key) => await orLogged(parts, describeKey(key), async () => await task(key)))
    )
  }
}

async function orLogged<T>(
  { logger, database }: StoreParts,
  what: Record<string, unknown>,
  task: () => Promise<T>
): Promise<T | undefined> {
  try {
    return await task()
  } catch (error) {
    // Nothing more can be written: all other entries would fail too.
    if (database.hasFailed) throw error
    logger.warn('an entry could not be collected', { ...what, error })
    return undefined
  }
}

async function* inGroups<T>(items: AsyncIterable<T>): AsyncGenerator<T[]> {
  let group: T[] = []
  for await (const item of items) {
    group.push(item)
    if (group.length < CONCURRENCY) continue
    yield group
    group = []
  }
  if (group.length > 0) yield group
}
