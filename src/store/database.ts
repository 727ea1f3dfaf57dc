import { errorCode, StoreError } from './errors.ts'
import {
  BATCH_NUMBER_KEY,
  batchNumberOf,
  isLevelDamage,
  lacksCurrent,
  levelDb,
  moveAside,
  openLevel,
  repairLevel,
  WRITE_BUFFER_BYTES,
  type BatchOperation,
  type Level
} from './level.ts'
import { Mirror } from './mirror.ts'
import { encodeBatchNumber, intact, rangeOf, withChecksum, CHECKSUM_BYTES } from './records.ts'
import type { Logger } from '../node/logger.ts'

/** A change of one index entry; without a value, a removal. */
export interface Change {
  readonly key: Uint8Array
  readonly value?: Uint8Array
}

/** The store keeps the index twice; both copies count against the quota. */
const COPIES = 2

/** Bytes that the entry written by `change` will count against the quota. */
export const changeBytes = ({ key, value }: Change): number =>
  value === undefined ? 0 : COPIES * (key.length + CHECKSUM_BYTES + value.length)

/** An entry with the bytes that it counts against the quota. */
export interface StoredEntry {
  readonly key: Uint8Array
  /** Undefined if the entry is damaged. */
  readonly value: Uint8Array | undefined
  readonly storedBytes: number
}

interface Waiting {
  readonly changes: readonly Change[]
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Concurrent writes are merged into one synced batch of about this size. */
const GROUP_BYTES = 4 * 1024 * 1024

/** Disk space that LevelDB needs to recover its log: the log again as a table, and a new manifest. */
const RECOVERY_BYTES = 2 * WRITE_BUFFER_BYTES

export interface DatabaseInit {
  readonly path: string
  /** Folder of the second copy of the index. */
  readonly mirrorPath: string
  /** True if the store's folder has just been created. */
  readonly isNew: boolean
  /** Free bytes on the disk. */
  readonly availableBytes: () => Promise<number>
  /** Called for each read of a damaged entry; `value` is the mirror's copy. */
  readonly onDamagedEntry: (key: Uint8Array, value: Uint8Array | undefined) => void
  readonly monotonicMs: () => number
  readonly logger: Pick<Logger, 'info' | 'warn'>
  /** The key-value store at a path, not yet open. @default LevelDB on the machine's file system */
  readonly levelAt?: (path: string) => Level
}

/** What a database uses besides its level. Without a mirror, a damaged entry stays damaged. */
export interface DatabaseParts extends Pick<DatabaseInit, 'availableBytes'> {
  readonly mirror?: Mirror
  readonly onDamagedEntry?: DatabaseInit['onDamagedEntry']
  readonly logger?: DatabaseInit['logger']
}

/**
 * The index: LevelDB with checksummed values. Every write is durable when it resolves. Writes that arrive during a sync
 * share the next one (group commit).
 */
export class Database {
  readonly #level: Level
  readonly #parts: DatabaseParts
  #batchNumber: number
  #queue: Waiting[] = []
  #draining: Promise<void> | undefined
  /** Keys of a failed write that may nevertheless be in LevelDB's log. */
  #suspect: Uint8Array[] | undefined
  /** Keys whose value is damaged here but intact in the mirror. */
  #damaged: Uint8Array[] = []
  #recovering: Promise<void> | undefined
  #failure: StoreError | undefined
  #lost: boolean
  /** LevelDB found a damaged file of the index: reads go to the mirror until the next start. */
  #isMirrorRead = false

  /**
   * Opens the index. An index that is damaged or has lost batches is rebuilt from its mirror; without a mirror, from what
   * LevelDB can repair.
   *
   * @throws StoreError 'LOCKED' | 'DISK_FULL'
   */
  static async open(init: DatabaseInit): Promise<Database> {
    const { path, mirrorPath, levelAt = levelDb, logger } = init
    const { level, isSound } = await openAt(path, levelAt)
    const { mirror, isEmpty } = await openMirror(mirrorPath, levelAt, init)
    try {
      let isLost = false
      // Both copies of the index are gone.
      const isGone = !init.isNew && isEmpty && isSound && (await batchNumberOf(level)) === 0
      if (!isSound) {
        await openDamaged(level, path, { repair: isEmpty, logger })
        isLost = true
      }
      const [ours, theirs] = [await batchNumberOf(level), await mirror.batchNumber()]
      if (theirs > ours || (isLost && !isEmpty)) {
        logger.warn('the index has lost entries', { batch: ours, mirror: theirs })
        await restore(level, mirror, logger)
        isLost = true
      } else if (theirs < ours) {
        await mirror.copyFrom(level)
      }
      return new Database(level, await batchNumberOf(level), { ...init, mirror }, isLost || isGone)
    } catch (error) {
      await Promise.allSettled([mirror.close(), level.close()])
      throw error
    }
  }

  /** Use `Database.open`. */
  constructor(level: Level, batchNumber: number, parts: DatabaseParts, isLost = false) {
    this.#level = level
    this.#batchNumber = batchNumber
    this.#parts = parts
    this.#lost = isLost
  }

  /** Batches written since the index was created; 0 for a new index. */
  get batchNumber(): number {
    return this.#batchNumber
  }

  /** True if nothing more can be written until the store is reopened. */
  get hasFailed(): boolean {
    return this.#failure !== undefined
  }

  /** Whether the index may lack entries for shards whose files still exist. */
  get isLost(): boolean {
    return this.#lost
  }

  /** @throws StoreError 'CORRUPT' when the entry is damaged here and in the mirror */
  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const [entry] = await this.getMany([key])
    if (entry !== undefined && entry.value === undefined) {
      throw new StoreError('CORRUPT', 'An entry of the index does not match its checksum.')
    }
    return entry?.value
  }

  async has(key: Uint8Array): Promise<boolean> {
    return await this.#read(async (level) => await level.has(key))
  }

  /** Bytes that the entry counts against the quota; 0 if there is no entry. */
  async storedBytes(key: Uint8Array): Promise<number> {
    const stored = await this.#read(async (level) => await level.get(key))
    return stored === undefined ? 0 : COPIES * (key.length + stored.length)
  }

  /** Reads the entries of several keys at once, in the order of the keys; undefined for a missing entry. */
  async getMany(keys: readonly Uint8Array[]): Promise<Array<StoredEntry | undefined>> {
    const found = await this.#read(async (level) => await level.getMany([...keys]))
    return await Promise.all(found.map(async (stored, i) => stored && (await this.#entry(keys[i], stored))))
  }

  /** Reads all entries whose key starts with `prefix` at once, in order: for prefixes with few, small entries. */
  async listUnder(prefix: Uint8Array): Promise<StoredEntry[]> {
    const found = await this.#read(async (level) => await level.iterator(rangeOf(prefix)).all())
    return await Promise.all(found.map(async ([key, stored]) => await this.#entry(key, stored)))
  }

  /** The sum of `storedBytes` over all keys that start with `prefix`. Counts damaged entries, and restores them. */
  async storedBytesUnder(prefix: Uint8Array): Promise<number> {
    let bytes = 0
    for await (const { storedBytes } of this.entries(prefix)) bytes += storedBytes
    return bytes
  }

  /**
   * Entries whose key starts with `prefix`, in order, as of the first step. The value of an entry that is damaged both
   * here and in the mirror is undefined.
   */
  async *entries(prefix: Uint8Array): AsyncGenerator<StoredEntry> {
    const level = await this.#readable()
    try {
      for await (const [key, stored] of level.iterator(rangeOf(prefix))) yield await this.#entry(key, stored)
    } catch (error) {
      this.#noticeDamage(error)
      throw error
    }
  }

  async *keys(prefix: Uint8Array): AsyncGenerator<Uint8Array> {
    for await (const { key } of this.entries(prefix)) yield key
  }

  /** Rebuilds the index from its mirror, after LevelDB found a damaged file of the index. */
  async rebuild(): Promise<void> {
    const { mirror, logger } = this.#parts
    if (mirror === undefined) throw new StoreError('CORRUPT', `The index is damaged: ${this.#level.location}`)
    await this.#level.close()
    await openDamaged(this.#level, this.#level.location, { repair: false, logger })
    await restore(this.#level, mirror, logger)
    this.#batchNumber = await batchNumberOf(this.#level)
    this.#isMirrorRead = false
    this.#lost = true
  }

  /**
   * Applies all changes or none, durably.
   *
   * @throws StoreError 'DISK_FULL' | 'WRITE_FAILED' if no change was applied; 'FAILED' if the outcome is unknown until
   * the next start
   */
  async write(changes: readonly Change[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const bytes = changes.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0)
    this.#queue.push({ changes, bytes, resolve, reject })
    this.#draining ??= this.#drain().finally(() => {
      this.#draining = undefined
    })
    await promise
  }

  /** Waits for pending writes. */
  async close(): Promise<void> {
    await this.#draining
    await this.#level.close()
    await this.#parts.mirror?.close()
  }

  async #drain(): Promise<void> {
    // Callers in the same turn of the event loop join the first batch.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const group = this.#takeGroup()
      try {
        await this.#apply(group)
        group.forEach(({ resolve }) => resolve())
      } catch (error) {
        group.forEach(({ reject }) => reject(error))
      }
    }
  }

  #takeGroup(): Waiting[] {
    let bytes = 0
    const length = this.#queue.findIndex((waiting, i) => {
      bytes += waiting.bytes
      return i > 0 && bytes > GROUP_BYTES
    })
    return this.#queue.splice(0, length === -1 ? this.#queue.length : length)
  }

  async #apply(group: readonly Waiting[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#suspect !== undefined) await this.#recover(this.#suspect)
    const changes = group.flatMap((waiting) => waiting.changes)
    const mended = await this.#mended()
    try {
      // A later change in the batch overrides the restored value.
      await this.#writeBatch([
        ...mended,
        ...changes.map(({ key, value }) => operation(key, value && withChecksum(value)))
      ])
    } catch (cause) {
      this.#suspect = changes.map(({ key }) => key)
      const full = (await this.#parts.availableBytes()) < RECOVERY_BYTES
      throw full
        ? new StoreError('DISK_FULL', 'The disk has no room for the index.', { cause })
        : new StoreError('WRITE_FAILED', 'The index could not be written.', { cause })
    }
  }

  async #writeBatch(operations: BatchOperation[]): Promise<void> {
    this.#batchNumber++
    const numbered = operation(BATCH_NUMBER_KEY, withChecksum(encodeBatchNumber(this.#batchNumber)))
    const batch = [...operations, numbered]
    await this.#level.batch(batch, { sync: true })
    await this.#parts.mirror?.apply(batch, this.#level)
  }

  /** Operations that restore damaged entries, unless they have been rewritten since. */
  async #mended(): Promise<BatchOperation[]> {
    const keys = this.#damaged.splice(0)
    const operations: BatchOperation[] = []
    for (const key of keys) {
      const stored = await this.#level.get(key)
      const value = await this.#parts.mirror?.get(key)
      if (stored === undefined || intact(stored) !== undefined || value === undefined) continue
      operations.push(operation(key, withChecksum(value)))
    }
    return operations
  }

  /** The entry of a stored value; read from the mirror if the value is damaged. */
  async #entry(key: Uint8Array, stored: Uint8Array): Promise<StoredEntry> {
    const storedBytes = COPIES * (key.length + stored.length)
    const value = intact(stored)
    if (value !== undefined) return { key, value, storedBytes }
    const mirrored = await this.#parts.mirror?.get(key)
    this.#parts.onDamagedEntry?.(key, mirrored)
    if (mirrored !== undefined) {
      this.#damaged.push(key)
      // An empty write: the next batch restores damaged entries.
      this.write([]).catch(() => {})
    }
    return { key, value: mirrored, storedBytes }
  }

  /**
   * Recovers LevelDB's log after a failed write, before anything else is written. The write may have left half a record
   * in the log: the next start would lose all records after it. Or it may have left a whole record: the next start would
   * apply a write that was reported as failed. If the recovered log contains the write, it is undone.
   */
  async #recover(suspect: Uint8Array[]): Promise<void> {
    if ((await this.#parts.availableBytes()) < RECOVERY_BYTES) {
      throw new StoreError('DISK_FULL', 'The disk has no room for the index.')
    }
    this.#recovering = this.#reopen(suspect)
    try {
      await this.#recovering
      this.#suspect = undefined
    } catch (cause) {
      const message = 'The index cannot be written any more; its folder must be opened anew.'
      this.#failure = new StoreError('FAILED', message, { cause })
      throw this.#failure
    } finally {
      this.#recovering = undefined
    }
  }

  async #reopen(suspect: Uint8Array[]): Promise<void> {
    const before = await this.#level.getMany(suspect)
    await this.#level.close()
    await openLevel(this.#level)
    if ((await batchNumberOf(this.#level)) === this.#batchNumber) {
      await this.#writeBatch(suspect.map((key, i) => operation(key, before[i])))
    }
  }

  async #read<T>(read: (level: Level) => Promise<T>): Promise<T> {
    try {
      return await read(await this.#readable())
    } catch (error) {
      if (!this.#noticeDamage(error)) throw error
      return await read(await this.#readable())
    }
  }

  async #readable(): Promise<Level> {
    await this.#recovering
    if (this.#failure !== undefined) throw this.#failure
    return this.#isMirrorRead ? await this.#parts.mirror!.readable() : this.#level
  }

  /** Switches reads to the mirror if LevelDB cannot read the index. @returns whether it switched */
  #noticeDamage(error: unknown): boolean {
    const { mirror, logger } = this.#parts
    if (mirror === undefined || this.#isMirrorRead || !isLevelDamage(error)) return false
    this.#isMirrorRead = true
    logger?.warn('the index is damaged; the node reads its mirror and rebuilds the index at the next start', {
      error
    })
    return true
  }
}

const operation = (key: Uint8Array, stored: Uint8Array | undefined): BatchOperation =>
  stored === undefined ? { type: 'del', key } : { type: 'put', key, value: stored }

/** Opens the level. @returns false, and leaves it closed, if it is damaged */
async function opens(level: Level): Promise<boolean> {
  try {
    await openLevel(level)
    await batchNumberOf(level)
    return true
  } catch (error) {
    if (errorCode(error) === 'CORRUPT') return false
    await level.close()
    if (isLevelDamage(error)) return false
    throw error
  }
}

async function openAt(
  path: string,
  levelAt: (path: string) => Level
): Promise<{ level: Level; isSound: boolean }> {
  // Key-value stores other than LevelDB have no such file.
  const isHeadless = levelAt === levelDb && (await lacksCurrent(path))
  const level = levelAt(path)
  const isSound = (await opens(level)) && !isHeadless
  if (!isSound) await level.close()
  return { level, isSound }
}

/** Opens a damaged index: what LevelDB can repair of it, or else an empty one. */
async function openDamaged(
  level: Level,
  path: string,
  { repair, logger }: { repair: boolean; logger?: DatabaseInit['logger'] }
): Promise<void> {
  if (repair) {
    logger?.warn('the index is damaged and has no mirror; LevelDB saves what it can of it', { path })
    await repairLevel(path).catch((error: unknown) =>
      logger?.warn('LevelDB could not repair the index', { error })
    )
    if (await opens(level)) return
  }
  const aside = await moveAside(path)
  logger?.warn('the damaged index has been moved aside', { path: aside })
  await openLevel(level)
}

/** Makes the index equal to its mirror. Entries that the mirror lacks are rebuilt from the shards' files later. */
async function restore(
  level: Level,
  mirror: Mirror,
  logger: DatabaseInit['logger'] | undefined
): Promise<void> {
  try {
    await mirror.copyTo(level)
    logger?.warn('the index has been made anew from its mirror')
  } catch (error) {
    logger?.warn('the mirror of the index is damaged, too; what can be read of it has been used', { error })
    await mirror.replaceBy(level)
  }
}

/** Opens the mirror. A damaged mirror starts empty: it is only a copy. */
async function openMirror(
  path: string,
  levelAt: (path: string) => Level,
  { monotonicMs, logger }: DatabaseInit
): Promise<{ mirror: Mirror; isEmpty: boolean }> {
  const { level, isSound } = await openAt(path, levelAt)
  if (!isSound) await openDamaged(level, path, { repair: false, logger })
  const mirror = new Mirror(level, { monotonicMs, logger })
  return { mirror, isEmpty: (await mirror.batchNumber()) === 0 }
}
