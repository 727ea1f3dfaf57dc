import { Database } from './database.ts'
import type { Level } from './database.ts'
import { systemDisk } from './disk.ts'
import { mapSystemError, StoreError } from './errors.ts'
import { getIntact, writeCounted } from './entries.ts'
import { fileBytes, Folder } from './folder.ts'
import { collect } from './garbage.ts'
import { keepObject, leaseChange } from './keep.ts'
import { Locks } from './locks.ts'
import { Reader } from './reader.ts'
import {
  decodeLease,
  decodePlacement,
  decodeShard,
  encodePlacement,
  encodeQuarantine,
  KIND,
  kindKey,
  leaseKey,
  objectKey,
  parseObjectKey,
  parseShardKey,
  shardKey,
  slotKey
} from './records.ts'
import { recover } from './recovery.ts'
import { removeObject } from './removal.ts'
import { Space } from './space.ts'
import { Uploads } from './uploads.ts'
import type { CID } from 'multiformats/cid'
import type {
  Holdings,
  KeepObjectOptions,
  KeepOptions,
  KeepOutcome,
  KeptObject,
  ShardReader,
  ShardSummary,
  ShardUpload,
  StoredLease,
  Usage
} from '../hologram/holdings.ts'
import type { Disk } from './disk.ts'
import type { Collected } from './garbage.ts'
import type { StoreParts } from './parts.ts'
import type { ShardRecord } from './records.ts'

const DEFAULT_FLOOR_BYTES = 64 * 1024 * 1024

export interface StoreInit {
  /** Folder; made when it does not exist. */
  readonly path: string
  /** What the store may take on disk, counting shards, leaf hashes, manifests, leases and uploads in flight. */
  readonly quotaBytes: number
  /** Bytes of the disk that are left to others. @default 64 MiB */
  readonly diskFloorBytes?: number
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly now?: () => number
  readonly logger?: StoreParts['logger']
  /** @default the machine's file system */
  readonly disk?: Disk
  /** The key-value store of the index at a path, not yet open. @default LevelDB on the machine's file system */
  readonly levelAt?: (path: string) => Level
}

const SILENT: StoreParts['logger'] = { info: () => {}, warn: () => {} }

/**
 * Opens the store at a path and brings it in order if the last process was killed.
 *
 * @throws StoreError 'LOCKED' | 'FORMAT_UNKNOWN' | 'CORRUPT' | 'DISK_FULL'
 */
export async function openStore(init: StoreInit): Promise<Store> {
  const { path, quotaBytes, disk = systemDisk, now = Date.now, logger = SILENT } = init
  if (!Number.isSafeInteger(quotaBytes) || quotaBytes < 0) {
    throw new RangeError(`A quota is a number of bytes, not ${quotaBytes}.`)
  }
  const folder = await Folder.open(disk, path).catch((error: unknown) => {
    throw mapSystemError(error)
  })
  const availableBytes = async (): Promise<number> => await folder.availableBytes()
  const database = await Database.open(folder.indexPath, availableBytes, init.levelAt)
  const floorBytes = init.diskFloorBytes ?? DEFAULT_FLOOR_BYTES
  const space = new Space({ quotaBytes, floorBytes, availableBytes })
  const parts: StoreParts = { database, folder, space, locks: new Locks(), now, logger }
  try {
    await folder.syncRoot()
    await recover(parts)
  } catch (error) {
    await database.close()
    throw error
  }
  return new Store(parts)
}

/** What this peer keeps on disk: files for the blocks of shards, LevelDB for everything else. */
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

  async openUpload(upload: Uint8Array, shard: number, expectedBytes: number): Promise<ShardUpload> {
    this.#assertOpen()
    return await this.#uploads.open(upload, shard, expectedBytes)
  }

  async openShard(cid: CID, shard: number): Promise<ShardReader | undefined> {
    this.#assertOpen()
    const value = await this.#parts.database.get(shardKey(cid, shard))
    if (value === undefined) return undefined
    const record = decodeShard(value)
    const files = await this.#parts.folder.openSlot('shards', record.slot, 'read')
    const onCorrupt = async (): Promise<void> => await this.#setAside(cid, shard, record)
    if (files === undefined) {
      // Either it has been deleted since the index was read, or its files have gone without our doing.
      if (!(await this.#parts.database.has(shardKey(cid, shard)))) return undefined
      await onCorrupt()
      throw new StoreError('CORRUPT', `The files of shard ${shard} of ${cid} are missing.`)
    }
    const reader = new Reader({ files, record, onCorrupt, onClose: (closed) => this.#readers.delete(closed) })
    this.#readers.add(reader)
    return reader
  }

  async shardsOf(cid: CID): Promise<number[]> {
    this.#assertOpen()
    const shards: number[] = []
    for await (const key of this.#parts.database.keys(objectKey(KIND.shard, cid))) {
      shards.push(parseShardKey(key).shard)
    }
    return shards
  }

  async *listShards(): AsyncGenerator<ShardSummary> {
    this.#assertOpen()
    for await (const { key, value } of this.#parts.database.entries(kindKey(KIND.shard))) {
      yield { ...parseShardKey(key), sizeBytes: decodeShard(value).dataBytes }
    }
  }

  async deleteObject(cid: CID): Promise<void> {
    this.#assertOpen()
    await this.#locked(cid, async () => await removeObject(this.#parts, cid))
  }

  async keepObject(cid: CID, object: KeptObject, options: KeepObjectOptions): Promise<KeepOutcome> {
    this.#assertOpen()
    return await this.#locked(cid, async () => await keepObject(this.#parts, cid, object, options))
  }

  async getManifest(cid: CID): Promise<Uint8Array | undefined> {
    this.#assertOpen()
    return await this.#parts.database.get(objectKey(KIND.manifest, cid))
  }

  async putPlacement(
    cid: CID,
    record: Uint8Array,
    sequence: bigint,
    { own = false }: KeepOptions = {}
  ): Promise<void> {
    this.#assertOpen()
    await this.#locked(cid, async () => {
      const key = objectKey(KIND.placement, cid)
      const current = await getIntact(this.#parts, key)
      if (current !== undefined && decodePlacement(current).sequence >= sequence) return
      const change = { key, value: encodePlacement(sequence, record) }
      await writeCounted(this.#parts, change, { enforce: !own })
    })
  }

  async getPlacement(cid: CID): Promise<Uint8Array | undefined> {
    this.#assertOpen()
    const value = await this.#parts.database.get(objectKey(KIND.placement, cid))
    return value && decodePlacement(value).record
  }

  async putLease(cid: CID, lease: StoredLease, { own = false }: KeepOptions = {}): Promise<boolean> {
    this.#assertOpen()
    return await this.#locked(cid, async () => {
      const key = leaseKey(cid, lease.lessee)
      const value = await getIntact(this.#parts, key)
      const current = value && decodeLease(value)
      if (current !== undefined && current.sequence >= lease.sequence) return false
      const change = leaseChange(key, lease, current?.keepUntilMs)
      // A tombstone makes room, so a full store takes it all the same.
      await writeCounted(this.#parts, change, { enforce: !own && !lease.tombstone })
      return true
    })
  }

  async leases(cid: CID): Promise<StoredLease[]> {
    this.#assertOpen()
    const entries = await this.#parts.database.listUnder(objectKey(KIND.lease, cid))
    return entries.flatMap(({ key, value }) => {
      if (value === undefined) return []
      const { sequence, expiresAtMs, tombstone, signed } = decodeLease(value)
      const lessee = Buffer.from(parseObjectKey(key).rest).toString('utf8')
      return [{ lessee, sequence, expiresAtMs, tombstone, signed }]
    })
  }

  async putOwned(cid: CID, value: Uint8Array): Promise<void> {
    this.#assertOpen()
    // The node's own list of what its user put: small, and refusing it would lose the user's objects.
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

  async *listOwned(): AsyncGenerator<{ cid: CID; value: Uint8Array }> {
    this.#assertOpen()
    for await (const { key, value } of this.#parts.database.entries(kindKey(KIND.owned))) {
      yield { cid: parseObjectKey(key).cid, value }
    }
  }

  async usage(): Promise<Usage> {
    this.#assertOpen()
    const { space } = this.#parts
    await space.refresh()
    return { quotaBytes: space.quotaBytes, usedBytes: space.usedBytes, freeBytes: space.freeBytes }
  }

  async collectGarbage(nowMs: number): Promise<Collected> {
    this.#assertOpen()
    return await collect(this.#parts, nowMs, (key) => this.#uploads.claim(key))
  }

  /** Makes open uploads durable for a later resume, closes readers, and lets the folder go. Idempotent. */
  async close(): Promise<void> {
    this.#closing ??= this.#close()
    await this.#closing
  }

  async #close(): Promise<void> {
    await this.#uploads.close()
    await Promise.allSettled([...this.#readers].map(async (reader) => await reader.close()))
    await this.#parts.database.close()
  }

  /** Takes a damaged shard out of the index, so that it is no longer offered, and its files out of the way. */
  async #setAside(cid: CID, shard: number, record: ShardRecord): Promise<void> {
    const { database, folder, now, logger } = this.#parts
    await this.#locked(cid, async () => {
      const key = shardKey(cid, shard)
      const value = await database.get(key)
      if (value === undefined || Buffer.compare(decodeShard(value).slot, record.slot) !== 0) return
      const noted = { setAsideAtMs: now(), fileBytes: fileBytes(record.blocks, record.dataBytes) }
      await database.write([
        { key },
        { key: slotKey(KIND.quarantined, record.slot), value: encodeQuarantine(noted) }
      ])
      await folder.move(record.slot, 'shards', 'quarantine')
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
