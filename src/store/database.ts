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
import { encodeBatchNumber, intact, rangeOf, seal, SEAL_BYTES } from './records.ts'
import type { Logger } from '../node/logger.ts'

/** A change of one index entry; without a value it is a removal. */
export interface Change {
  readonly key: Uint8Array
  readonly value?: Uint8Array
}

/** The index is kept twice, and counts so against the quota. */
const COPIES = 2

/** What the entry that `change` writes will count for against the quota. */
export const changeBytes = ({ key, value }: Change): number =>
  value === undefined ? 0 : COPIES * (key.length + SEAL_BYTES + value.length)

/** An entry with what it counts for against the quota. */
export interface StoredEntry {
  readonly key: Uint8Array
  /** Undefined when it is damaged. */
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

/** Room that LevelDB needs to recover its log: the log once more as a table, and a new manifest. */
const RECOVERY_BYTES = 2 * WRITE_BUFFER_BYTES

export interface DatabaseInit {
  readonly path: string
  /** Folder of the second copy of the index. */
  readonly mirrorPath: string
  /** The store's folder has just been made. */
  readonly isNew: boolean
  /** What the disk has left. */
  readonly availableBytes: () => Promise<number>
  /** Called for each read of a damaged entry; `value` is what the mirror has of it. */
  readonly onDamagedEntry: (key: Uint8Array, value: Uint8Array | undefined) => void
  readonly monotonicMs: () => number
  readonly logger: Pick<Logger, 'info' | 'warn'>
  /** The key-value store at a path, not yet open. @default LevelDB on the machine's file system */
  readonly levelAt?: (path: string) => Level
}

/** What a database has beside its level; without a mirror a damaged entry stays damaged. */
export interface DatabaseParts extends Pick<DatabaseInit, 'availableBytes'> {
  readonly mirror?: Mirror
  readonly onDamagedEntry?: DatabaseInit['onDamagedEntry']
  readonly logger?: DatabaseInit['logger']
}

/**
 * The index: LevelDB with checksummed values, where every write is durable when it resolves. Writes that come
 * while another is being synced share the next sync (group commit).
 */
export class Database {
  readonly #level: Level
  readonly #parts: DatabaseParts
  #batchNumber: number
  #queue: Waiting[] = []
  #draining: Promise<void> | undefined
  /** Keys of a write that failed and may stand in LevelDB's log all the same. */
  #suspect: Uint8Array[] | undefined
  /** Keys whose value is damaged here and intact in the mirror. */
  #damaged: Uint8Array[] = []
  #recovering: Promise<void> | undefined
  #failure: StoreError | undefined
  #lost: boolean
  /** LevelDB has found a file of the index damaged: until the next start the mirror is read instead. */
  #isMirrorRead = false

  /**
   * Opens the index. One that is damaged, or that has lost batches, is made anew from its mirror; without a mirror,
   * from what LevelDB can save of it.
   *
   * @throws StoreError 'LOCKED' | 'DISK_FULL'
   */
  static async open(init: DatabaseInit): Promise<Database> {
    const { path, mirrorPath, levelAt = levelDb, logger } = init
    const { level, isSound } = await openAt(path, levelAt)
    const { mirror, isEmpty } = await openMirror(mirrorPath, levelAt, init)
    try {
      let isLost = false
      // Both copies of the index have gone.
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

  /** Batches written since the index was first made; 0 for a new one. */
  get batchNumber(): number {
    return this.#batchNumber
  }

  /** Nothing can be written any more, until the store is opened anew. */
  get hasFailed(): boolean {
    return this.#failure !== undefined
  }

  /** Whether entries may be missing that the files of shards still tell of. */
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

  /** What the entry counts for against the quota; 0 when there is none. */
  async storedBytes(key: Uint8Array): Promise<number> {
    const sealed = await this.#read(async (level) => await level.get(key))
    return sealed === undefined ? 0 : COPIES * (key.length + sealed.length)
  }

  /** The entries of several keys in one step, in the order of the keys; undefined where there is none. */
  async getMany(keys: readonly Uint8Array[]): Promise<Array<StoredEntry | undefined>> {
    const found = await this.#read(async (level) => await level.getMany([...keys]))
    return await Promise.all(found.map(async (sealed, i) => sealed && (await this.#entry(keys[i], sealed))))
  }

  /** All entries whose key starts with `prefix`, in order and in one step: for prefixes of few and small ones. */
  async listUnder(prefix: Uint8Array): Promise<StoredEntry[]> {
    const found = await this.#read(async (level) => await level.iterator(rangeOf(prefix)).all())
    return await Promise.all(found.map(async ([key, sealed]) => await this.#entry(key, sealed)))
  }

  /** The sum of `storedBytes` over all keys that start with `prefix`. Damaged entries count, and are mended. */
  async storedBytesUnder(prefix: Uint8Array): Promise<number> {
    let bytes = 0
    for await (const { storedBytes } of this.entries(prefix)) bytes += storedBytes
    return bytes
  }

  /**
   * Entries whose key starts with `prefix`, in order, as they stand at the first step. The value of one that is damaged
   * here and in the mirror is undefined.
   */
  async *entries(prefix: Uint8Array): AsyncGenerator<StoredEntry> {
    const level = await this.#readable()
    try {
      for await (const [key, sealed] of level.iterator(rangeOf(prefix))) yield await this.#entry(key, sealed)
    } catch (error) {
      this.#noticeDamage(error)
      throw error
    }
  }

  async *keys(prefix: Uint8Array): AsyncGenerator<Uint8Array> {
    for await (const { key } of this.entries(prefix)) yield key
  }

  /** Makes the index anew from its mirror, after LevelDB has found a file of its own damaged. */
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
   * Applies all changes or none, and durably.
   *
   * @throws StoreError 'DISK_FULL' | 'WRITE_FAILED' when none was applied; 'FAILED' when that is open until the
   * next start
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

  /** Waits for the writes under way. */
  async close(): Promise<void> {
    await this.#draining
    await this.#level.close()
    await this.#parts.mirror?.close()
  }

  async #drain(): Promise<void> {
    // Lets the callers of this turn of the event loop into the first batch.
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
      // A change that follows replaces what was mended.
      await this.#writeBatch([
        ...mended,
        ...changes.map(({ key, value }) => operation(key, value && seal(value)))
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
    const numbered = operation(BATCH_NUMBER_KEY, seal(encodeBatchNumber(this.#batchNumber)))
    const batch = [...operations, numbered]
    await this.#level.batch(batch, { sync: true })
    await this.#parts.mirror?.apply(batch, this.#level)
  }

  /** Operations that restore damaged entries, unless they have been written anew meanwhile. */
  async #mended(): Promise<BatchOperation[]> {
    const keys = this.#damaged.splice(0)
    const operations: BatchOperation[] = []
    for (const key of keys) {
      const sealed = await this.#level.get(key)
      const value = await this.#parts.mirror?.get(key)
      if (sealed === undefined || intact(sealed) !== undefined || value === undefined) continue
      operations.push(operation(key, seal(value)))
    }
    return operations
  }

  /** An entry as it was read; from the mirror when it is damaged. */
  async #entry(key: Uint8Array, sealed: Uint8Array): Promise<StoredEntry> {
    const storedBytes = COPIES * (key.length + sealed.length)
    const value = intact(sealed)
    if (value !== undefined) return { key, value, storedBytes }
    const mirrored = await this.#parts.mirror?.get(key)
    this.#parts.onDamagedEntry?.(key, mirrored)
    if (mirrored !== undefined) {
      this.#damaged.push(key)
      // Without a change of its own: what has to be mended goes with the next batch.
      this.write([]).catch(() => {})
    }
    return { key, value: mirrored, storedBytes }
  }

  /**
   * A failed write may have left half a record in LevelDB's log, and records behind it would be lost at the next
   * start; or a whole one, which the next start would apply although its caller was told otherwise. So before
   * anything else is written the log is recovered, and the write taken back if it is found there.
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

  /** True when the mirror is read from now on, because LevelDB cannot read the index. */
  #noticeDamage(error: unknown): boolean {
    const { mirror, logger } = this.#parts
    if (mirror === undefined || this.#isMirrorRead || !isLevelDamage(error)) return false
    this.#isMirrorRead = true
    logger?.warn('the index is damaged; its mirror is read until the node starts again and makes it anew', {
      error
    })
    return true
  }
}

const operation = (key: Uint8Array, sealed: Uint8Array | undefined): BatchOperation =>
  sealed === undefined ? { type: 'del', key } : { type: 'put', key, value: sealed }

/** False when it is damaged; it is closed then. */
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
  // Another key-value store than LevelDB has no such file.
  const isHeadless = levelAt === levelDb && (await lacksCurrent(path))
  const level = levelAt(path)
  const isSound = (await opens(level)) && !isHeadless
  if (!isSound) await level.close()
  return { level, isSound }
}

/** Opens an index that does not open as it is: what LevelDB can save of it, or else an empty one. */
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

/** Makes the index equal to its mirror. What the mirror cannot tell either, the files of the shards have to. */
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

/** A mirror that is damaged is made anew: it is only a copy. */
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
