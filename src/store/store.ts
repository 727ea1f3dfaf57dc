import { systemClock, systemRandom } from '../clock/index.ts'
import { Accounts } from './accounts.ts'
import { badBlocksOf, countBlocks, mergeRanges, noteBadBlocks } from './bad-blocks.ts'
import { Database } from './database.ts'
import { isLevelDamage } from './level.ts'
import { UNREADABLE_LEASE_MS } from './found-slots.ts'
import { Health } from './health.ts'
import type { Level } from './level.ts'
import { systemDisk } from './disk.ts'
import { mapSystemError, StoreError } from './errors.ts'
import { getIntact, writeCounted } from './entries.ts'
import { Folder, shardBytes } from './folder.ts'
import { ClockGuard } from './clock-guard.ts'
import { collect, removeUnclaimed } from './garbage.ts'
import { keepObject, leaseChange } from './keep.ts'
import { Locks } from './locks.ts'
import { Notes } from './notes.ts'
import { Reader } from './reader.ts'
import {
  decodeLease,
  decodePlacement,
  decodeShard,
  decodeUpload,
  encodeQuarantine,
  KIND,
  kindKey,
  leaseKey,
  objectKey,
  parseObjectKey,
  parseShardKey,
  shardKey,
  shardOfUploadKey,
  slotKey,
  slotName
} from './records.ts'
import { recover } from './recovery.ts'
import { removeObject, removeShards } from './removal.ts'
import { Pressure } from './pressure.ts'
import { scrub } from './scrub.ts'
import { Space } from './space.ts'
import { putStatement, statementsOf } from './statements.ts'
import { Uploads } from './uploads.ts'
import type { CID } from 'multiformats/cid'
import type {
  Collected,
  HeldShard,
  Holdings,
  KeepObjectOptions,
  KeepOptions,
  KeepOutcome,
  KeptObject,
  ShardReader,
  ShardSummary,
  ShardUpload,
  StoredLease,
  StoredStatement,
  UploadOptions,
  UploadSummary,
  Usage
} from '../hologram/holdings.ts'
import type { Clock, RandomSource } from '../clock/index.ts'
import type { Disk } from './disk.ts'
import type { StoreHealth } from './health.ts'
import type { ScrubOptions, ScrubReport } from './scrub.ts'
import type { StoreParts } from './parts.ts'
import type { ShardRecord } from './records.ts'

const DEFAULT_FLOOR_BYTES = 64 * 1024 * 1024

export interface StoreInit {
  /** Folder; created if it does not exist. */
  readonly path: string
  /** Disk space that the store may use, including shards, leaf hashes, manifests, leases and uploads in progress. */
  readonly quotaBytes: number
  /** Disk space that the store leaves free for others. @default 64 MiB */
  readonly diskFloorBytes?: number
  /** @default the machine's */
  readonly clock?: Clock
  /** Whether the peers' clocks agree with ours; undefined while too few peers have reported their time. @default unknown */
  readonly peersAgreeOnTime?: () => boolean | undefined
  /** @default the operating system's random bits */
  readonly random?: RandomSource
  readonly logger?: StoreParts['logger']
  /** @default the machine's file system */
  readonly disk?: Disk
  /** The key-value store of the index at a path, not yet open. @default LevelDB on the machine's file system */
  readonly levelAt?: (path: string) => Level
}

const SILENT: StoreParts['logger'] = { info: () => {}, warn: () => {} }

/**
 * Opens the store at a path, and recovers it if the last process was killed.
 *
 * @throws StoreError 'LOCKED' | 'FORMAT_UNKNOWN' | 'CORRUPT' | 'DISK_FULL'
 */
export async function openStore(init: StoreInit): Promise<Store> {
  const { path, quotaBytes, disk = systemDisk, logger = SILENT } = init
  const { clock = systemClock, random = systemRandom } = init
  if (!Number.isSafeInteger(quotaBytes) || quotaBytes < 0) {
    throw new RangeError(`A quota is a number of bytes, not ${quotaBytes}.`)
  }
  const folder = await Folder.open(disk, path, random).catch((error: unknown) => {
    throw mapSystemError(error)
  })
  const availableBytes = async (): Promise<number> => await folder.availableBytes()
  const health = new Health(logger)
  const database = await Database.open({
    path: folder.indexPath,
    mirrorPath: folder.mirrorPath,
    isNew: folder.isNew,
    availableBytes,
    onDamagedEntry: (key, value) => health.entryDamaged(key, value !== undefined),
    monotonicMs: () => clock.monotonicMs(),
    logger,
    levelAt: init.levelAt
  })
  const floorBytes = init.diskFloorBytes ?? DEFAULT_FLOOR_BYTES
  const space = new Space({ accounts: new Accounts(), quotaBytes, floorBytes, availableBytes })
  try {
    const { peersAgreeOnTime } = init
    const clockGuard = await ClockGuard.open({ clock, database, peersAgreeOnTime })
    const base = { database, folder, space, locks: new Locks(), health, clock, clockGuard, random, logger }
    // The parts call back into the store, which collects garbage, when they run out of room.
    const collectNow = async (): Promise<number> => (await store.makeRoom()).freedBytes
    const parts: StoreParts = { ...base, pressure: new Pressure({ clock, logger, collect: collectNow }) }
    await folder.syncRoot()
    await recoverOrRebuild(parts)
    await clockGuard.note()
    const store = new Store(parts)
    return store
  } catch (error) {
    await database.close()
    throw error
  }
}

/** Rebuilds the index if recovery fails: LevelDB may detect a damaged file only when it reads it. */
async function recoverOrRebuild(parts: StoreParts): Promise<void> {
  const { database, health, space } = parts
  try {
    await recover(parts)
  } catch (error) {
    if (!isLevelDamage(error)) throw error
    await database.rebuild()
    space.startOver()
    await recover(parts)
  }
  health.indexRebuilt = database.isLost
}

/** This peer's data on disk: files for the blocks of shards, LevelDB for everything else. */
export class Store implements Holdings {
  readonly #parts: StoreParts
  readonly #uploads: Uploads
  readonly #readers = new Set<Reader>()
  #closing: Promise<void> | undefined

  /** Use `openStore`. */
  constructor(parts: StoreParts) {
    this.#parts = parts
    this.#uploads = new Uploads(parts)
  }

  async openUpload(
    upload: Uint8Array,
    shard: number,
    expectedBytes: number,
    options: UploadOptions = {}
  ): Promise<ShardUpload> {
    this.#assertOpen()
    return await this.#parts.pressure.run(
      async () => await this.#uploads.open(upload, shard, expectedBytes, options)
    )
  }

  async *listUploads(): AsyncGenerator<UploadSummary> {
    this.#assertOpen()
    for await (const { key, value } of this.#parts.database.entries(kindKey(KIND.upload))) {
      if (value === undefined) continue
      const { slot, touchedAtMs, oneShot } = decodeUpload(value)
      const sizeBytes = await this.#parts.folder.slotBytes('uploads', slot)
      const isOpen = this.#uploads.isOpen(key)
      yield { shard: shardOfUploadKey(key), sizeBytes, touchedAtMs, oneShot, isOpen }
    }
  }

  async openShard(cid: CID, shard: number): Promise<ShardReader | undefined> {
    this.#assertOpen()
    const value = await getIntact(this.#parts, shardKey(cid, shard))
    if (value === undefined) return undefined
    const record = decodeShard(value)
    const files = await this.#parts.folder.openSlot('shards', record.slot, 'read')
    const onCorrupt = async (): Promise<void> => await this.#setAside(cid, shard, record)
    const onBadBlock = async (index: number): Promise<void> => {
      await this.#markBad(cid, shard, record, index)
    }
    if (files === undefined) {
      // Either the shard has been deleted since the index was read, or its files were lost.
      if (!(await this.#parts.database.has(shardKey(cid, shard)))) return undefined
      await onCorrupt()
      throw new StoreError('CORRUPT', `The files of shard ${shard} of ${cid} are missing.`)
    }
    const reader = new Reader({
      files,
      record,
      onBadBlock,
      onCorrupt,
      onClose: (closed) => this.#readers.delete(closed)
    })
    this.#readers.add(reader)
    return reader
  }

  async shardsOf(cid: CID): Promise<number[]> {
    return (await this.heldShards(cid)).map(({ shard }) => shard)
  }

  async heldShards(cid: CID): Promise<HeldShard[]> {
    this.#assertOpen()
    const { database } = this.#parts
    // The next start recovers the shard of a damaged entry; until then it counts as not held.
    const intact = (await database.listUnder(objectKey(KIND.shard, cid))).flatMap(({ key, value }) =>
      value === undefined ? [] : [{ shard: parseShardKey(key).shard, slot: decodeShard(value).slot }]
    )
    return await Promise.all(
      intact.map(async ({ shard, slot }) => {
        return { shard, badBlocks: countBlocks(await badBlocksOf(this.#parts, slot)) }
      })
    )
  }

  async *listShards(): AsyncGenerator<ShardSummary> {
    this.#assertOpen()
    for await (const { key, value } of this.#parts.database.entries(kindKey(KIND.shard))) {
      if (value === undefined) continue
      const { slot, dataBytes } = decodeShard(value)
      const badBlocks = countBlocks(await badBlocksOf(this.#parts, slot))
      yield { ...parseShardKey(key), sizeBytes: dataBytes, badBlocks }
    }
  }

  async deleteObject(cid: CID): Promise<void> {
    this.#assertOpen()
    await this.#locked(cid, async () => await removeObject(this.#parts, cid))
  }

  async keepObject(cid: CID, object: KeptObject, options: KeepObjectOptions): Promise<KeepOutcome> {
    this.#assertOpen()
    return await this.#parts.pressure.run(async () => {
      return await this.#locked(cid, async () => await keepObject(this.#parts, cid, object, options))
    })
  }

  async getManifest(cid: CID): Promise<Uint8Array | undefined> {
    this.#assertOpen()
    return await this.#parts.database.get(objectKey(KIND.manifest, cid))
  }

  async getPlacement(cid: CID): Promise<Uint8Array | undefined> {
    this.#assertOpen()
    // A hint for readers: a damaged one counts as missing.
    const value = await getIntact(this.#parts, objectKey(KIND.placement, cid))
    return value && decodePlacement(value).record
  }

  async putStatement(cid: CID, statement: StoredStatement, maxStatements: number): Promise<void> {
    this.#assertOpen()
    await this.#locked(cid, async () => await putStatement(this.#parts, cid, statement, maxStatements))
  }

  async statements(cid: CID): Promise<StoredStatement[]> {
    this.#assertOpen()
    return await statementsOf(this.#parts, cid)
  }

  async dropShards(
    cid: CID,
    first = 0,
    isUnwanted: (leases: readonly StoredLease[]) => boolean = () => true
  ): Promise<void> {
    this.#assertOpen()
    await this.#locked(cid, async () => {
      if (isUnwanted(await this.leases(cid))) await removeShards(this.#parts, cid, first)
    })
  }

  async dropShard(cid: CID, shard: number): Promise<void> {
    this.#assertOpen()
    await this.#locked(cid, async () => {
      await removeShards(this.#parts, cid, shard, shard + 1)
    })
  }

  async *listObjects(): AsyncGenerator<CID> {
    this.#assertOpen()
    for await (const key of this.#parts.database.keys(kindKey(KIND.manifest))) yield parseObjectKey(key).cid
  }

  async putLease(cid: CID, lease: StoredLease, { own = false }: KeepOptions = {}): Promise<boolean> {
    this.#assertOpen()
    return await this.#locked(cid, async () => {
      const key = leaseKey(cid, lease.lessee)
      const value = await getIntact(this.#parts, key)
      const current = value && decodeLease(value)
      if (current !== undefined && current.sequence >= lease.sequence) return false
      const change = leaseChange(key, lease, current?.keepUntilMs)
      // A tombstone makes room, so even a full store accepts it.
      await writeCounted(this.#parts, change, { enforce: !own && !lease.tombstone })
      if (lease.tombstone) await this.#removeUnclaimed(cid)
      return true
    })
  }

  async leases(cid: CID): Promise<StoredLease[]> {
    this.#assertOpen()
    const entries = await this.#parts.database.listUnder(objectKey(KIND.lease, cid))
    return entries.map(({ key, value }) => {
      const lessee = Buffer.from(parseObjectKey(key).rest).toString('utf8')
      if (value === undefined) return { lessee, ...this.#unreadableLease() }
      const { sequence, expiresAtMs, tombstone, signed } = decodeLease(value)
      return { lessee, sequence, expiresAtMs, tombstone, signed }
    })
  }

  async putOwned(cid: CID, value: Uint8Array): Promise<void> {
    this.#assertOpen()
    // The node's list of its user's objects is small, and refusing an entry would lose the object.
    await this.#locked(cid, async () => {
      await writeCounted(this.#parts, { key: objectKey(KIND.owned, cid), value }, { enforce: false })
    })
  }

  async getOwned(cid: CID): Promise<Uint8Array | undefined> {
    this.#assertOpen()
    return await this.#parts.database.get(objectKey(KIND.owned, cid))
  }

  async deleteOwned(cid: CID): Promise<void> {
    this.#assertOpen()
    await this.#locked(cid, async () => await writeCounted(this.#parts, { key: objectKey(KIND.owned, cid) }))
  }

  async *listOwned(): AsyncGenerator<{ cid: CID; value: Uint8Array | undefined }> {
    this.#assertOpen()
    for await (const { key, value } of this.#parts.database.entries(kindKey(KIND.owned))) {
      // Damaged entries are listed too: their objects must be shown, and their leases renewed.
      yield { cid: parseObjectKey(key).cid, value }
    }
  }

  /** Durable records of another room of the node. */
  notes(namespace: string): Notes {
    this.#assertOpen()
    return new Notes(this.#parts, namespace)
  }

  async usage(): Promise<Usage> {
    this.#assertOpen()
    const { space } = this.#parts
    await space.refresh()
    return { quotaBytes: space.quotaBytes, usedBytes: space.usedBytes, freeBytes: space.freeBytes }
  }

  /** Damage found so far. */
  health(): StoreHealth {
    return this.#parts.health.snapshot
  }

  async collectGarbage(nowMs: number = this.#parts.clock.nowMs()): Promise<Collected> {
    this.#assertOpen()
    return await this.#collect(nowMs, false)
  }

  /**
   * Reads all stored data to find damage before a reader does; see `scrub`.
   *
   * @throws the signal's reason, as soon as the signal fires
   */
  async scrub(options: ScrubOptions = {}): Promise<ScrubReport> {
    this.#assertOpen()
    const setAside = this.#setAside.bind(this)
    return await scrub({ parts: this.#parts, setAside }, options)
  }

  /** Collects because a write lacks room: also removes damaged files that are kept for examination. */
  async makeRoom(): Promise<Collected> {
    this.#assertOpen()
    return await this.#collect(this.#parts.clock.nowMs(), true)
  }

  /** Makes open uploads durable for a later resume, closes readers, and releases the folder. Idempotent. */
  async close(): Promise<void> {
    this.#closing ??= this.#close()
    await this.#closing
  }

  async #close(): Promise<void> {
    await this.#uploads.close()
    await Promise.allSettled([...this.#readers].map(async (reader) => await reader.close()))
    await this.#parts.database.close()
  }

  async #collect(nowMs: number, isUrgent: boolean): Promise<Collected> {
    const claimUpload = (key: Uint8Array): (() => void) | undefined => this.#uploads.claim(key)
    return await collect(this.#parts, { nowMs, isUrgent, claimUpload })
  }

  async #removeUnclaimed(cid: CID): Promise<void> {
    const { clock, clockGuard } = this.#parts
    const nowMs = clock.nowMs()
    await removeUnclaimed(this.#parts, cid, nowMs, clockGuard.isTrusted(nowMs))
  }

  /** Stands for an unreadable lease, which may be live: its object must not be removed. */
  #unreadableLease(): Omit<StoredLease, 'lessee'> {
    const expiresAtMs = this.#parts.clock.nowMs() + UNREADABLE_LEASE_MS
    return { sequence: 0n, expiresAtMs, tombstone: false, signed: new Uint8Array(0) }
  }

  async #markBad(cid: CID, shard: number, record: ShardRecord, index: number): Promise<void> {
    const isNoted = await this.#locked(cid, async () => {
      const known = await badBlocksOf(this.#parts, record.slot)
      if (known.some(({ first, end }) => first <= index && index < end)) return true
      this.#parts.logger.warn('a block of a shard is damaged', { cid: cid.toString(), shard, block: index })
      const ranges = mergeRanges([...known, { first: index, end: index + 1 }])
      return await noteBadBlocks(this.#parts, cid, shard, record, ranges)
    })
    if (!isNoted) await this.#setAside(cid, shard, record)
  }

  /** Removes a damaged shard from the index, so that it is no longer offered, and quarantines its files. */
  async #setAside(cid: CID, shard: number, record: ShardRecord): Promise<void> {
    const { database, folder, clock, health, logger } = this.#parts
    await this.#locked(cid, async () => {
      const key = shardKey(cid, shard)
      const value = await getIntact(this.#parts, key)
      if (value === undefined || Buffer.compare(decodeShard(value).slot, record.slot) !== 0) return
      const noted = { setAsideAtMs: clock.nowMs(), fileBytes: shardBytes(record) }
      await database.write([
        { key },
        { key: slotKey(KIND.badBlocks, record.slot) },
        { key: slotKey(KIND.quarantined, record.slot), value: encodeQuarantine(noted) }
      ])
      await folder.move(record.slot, 'shards', 'quarantine')
      this.#parts.space.accounts.charge(record.account, -shardBytes(record))
      health.shardSetAside(1)
      health.setBadBlocks(slotName(record.slot), 0)
      logger.warn('a shard is damaged and has been set aside', { cid: cid.toString(), shard })
    })
  }

  async #locked<T>(cid: CID, task: () => Promise<T>): Promise<T> {
    return await this.#parts.locks.run(cid.toString(), task)
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new StoreError('CLOSED', 'The store has been closed.')
  }
}
