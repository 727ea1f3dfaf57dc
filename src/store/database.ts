import { ClassicLevel } from 'classic-level'
import { errorCode, mapSystemError, StoreError } from './errors.ts'
import {
  decodeBatchNumber,
  encodeBatchNumber,
  intact,
  KIND,
  kindKey,
  rangeOf,
  seal,
  SEAL_BYTES,
  unseal
} from './records.ts'

/** A change of one index entry; without a value it is a removal. */
export interface Change {
  readonly key: Uint8Array
  readonly value?: Uint8Array
}

/** What the entry that `change` writes will count for against the quota. */
export const changeBytes = ({ key, value }: Change): number =>
  value === undefined ? 0 : key.length + SEAL_BYTES + value.length

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
const WRITE_BUFFER_BYTES = 4 * 1024 * 1024
const CACHE_BYTES = 8 * 1024 * 1024
const BATCH_NUMBER_KEY = kindKey(KIND.batchNumber)

/** Room that LevelDB needs to recover its log: the log once more as a table, and a new manifest. */
const RECOVERY_BYTES = 2 * WRITE_BUFFER_BYTES

/** What of LevelDB is used here. */
export type Level = Pick<
  ClassicLevel<Uint8Array, Uint8Array>,
  'open' | 'close' | 'get' | 'getMany' | 'has' | 'keys' | 'iterator' | 'location'
> & {
  batch: (operations: BatchOperation[], options: { sync: boolean }) => Promise<void>
}

type BatchOperation = { type: 'put'; key: Uint8Array; value: Uint8Array } | { type: 'del'; key: Uint8Array }

/** LevelDB on this machine's file system. */
const levelDb = (path: string): Level =>
  new ClassicLevel(path, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    compression: false,
    writeBufferSize: WRITE_BUFFER_BYTES,
    cacheSize: CACHE_BYTES
  })

/**
 * The index: LevelDB with checksummed values, where every write is durable when it resolves. Writes that come
 * while another is being synced share the next sync (group commit).
 */
export class Database {
  readonly #level: Level
  readonly #availableBytes: () => Promise<number>
  #batchNumber: number
  #queue: Waiting[] = []
  #draining: Promise<void> | undefined
  /** Keys of a write that failed and may stand in LevelDB's log all the same. */
  #suspect: Uint8Array[] | undefined
  #recovering: Promise<void> | undefined
  #failure: StoreError | undefined

  /**
   * @param availableBytes - what the disk has left
   * @param levelAt - the key-value store at a path, not yet open
   * @throws StoreError 'LOCKED' | 'CORRUPT' | 'DISK_FULL'
   */
  static async open(
    path: string,
    availableBytes: () => Promise<number>,
    levelAt: (path: string) => Level = levelDb
  ): Promise<Database> {
    const level = levelAt(path)
    await openLevel(level)
    return new Database(level, await readBatchNumber(level), availableBytes)
  }

  /** Use `Database.open`. */
  constructor(level: Level, batchNumber: number, availableBytes: () => Promise<number>) {
    this.#level = level
    this.#batchNumber = batchNumber
    this.#availableBytes = availableBytes
  }

  /** @throws StoreError 'CORRUPT' */
  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const sealed = await this.#read(async () => await this.#level.get(key))
    return sealed === undefined ? undefined : unseal(sealed)
  }

  async has(key: Uint8Array): Promise<boolean> {
    return await this.#read(async () => await this.#level.has(key))
  }

  /** What the entry counts for against the quota; 0 when there is none. */
  async storedBytes(key: Uint8Array): Promise<number> {
    const sealed = await this.#read(async () => await this.#level.get(key))
    return sealed === undefined ? 0 : key.length + sealed.length
  }

  /** The entries of several keys in one step, in the order of the keys; undefined where there is none. */
  async getMany(keys: readonly Uint8Array[]): Promise<Array<StoredEntry | undefined>> {
    const found = await this.#read(async () => await this.#level.getMany([...keys]))
    return found.map((sealed, i) => sealed && storedEntry(keys[i], sealed))
  }

  /** All entries whose key starts with `prefix`, in order and in one step: for prefixes of few and small ones. */
  async listUnder(prefix: Uint8Array): Promise<StoredEntry[]> {
    const found = await this.#read(async () => await this.#level.iterator(rangeOf(prefix)).all())
    return found.map(([key, sealed]) => storedEntry(key, sealed))
  }

  /** The sum of `storedBytes` over all keys that start with `prefix`. */
  async storedBytesUnder(prefix: Uint8Array): Promise<number> {
    let bytes = 0
    for await (const [key, sealed] of this.#level.iterator(rangeOf(prefix)))
      bytes += key.length + sealed.length
    return bytes
  }

  /** Entries whose key starts with `prefix`, in order, as they stand at the first step; damaged ones are left out. */
  async *entries(prefix: Uint8Array): AsyncGenerator<{ key: Uint8Array; value: Uint8Array }> {
    for await (const [key, sealed] of this.#level.iterator(rangeOf(prefix))) {
      const value = intact(sealed)
      if (value !== undefined) yield { key, value }
    }
  }

  async *keys(prefix: Uint8Array): AsyncGenerator<Uint8Array> {
    yield* this.#level.keys(rangeOf(prefix))
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
    const bytes = changes.reduce((sum, change) => sum + changeBytes(change), 0)
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
    try {
      await this.#writeBatch(changes.map(({ key, value }) => operation(key, value && seal(value))))
    } catch (cause) {
      this.#suspect = changes.map(({ key }) => key)
      const full = (await this.#availableBytes()) < RECOVERY_BYTES
      throw full
        ? new StoreError('DISK_FULL', 'The disk has no room for the index.', { cause })
        : new StoreError('WRITE_FAILED', 'The index could not be written.', { cause })
    }
  }

  async #writeBatch(operations: BatchOperation[]): Promise<void> {
    this.#batchNumber++
    const numbered = operation(BATCH_NUMBER_KEY, seal(encodeBatchNumber(this.#batchNumber)))
    await this.#level.batch([...operations, numbered], { sync: true })
  }

  /**
   * A failed write may have left half a record in LevelDB's log, and records behind it would be lost at the next
   * start; or a whole one, which the next start would apply although its caller was told otherwise. So before
   * anything else is written the log is recovered, and the write taken back if it is found there.
   */
  async #recover(suspect: Uint8Array[]): Promise<void> {
    if ((await this.#availableBytes()) < RECOVERY_BYTES) {
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
    if ((await readBatchNumber(this.#level)) === this.#batchNumber) {
      await this.#writeBatch(suspect.map((key, i) => operation(key, before[i])))
    }
  }

  async #read<T>(read: () => Promise<T>): Promise<T> {
    await this.#recovering
    if (this.#failure !== undefined) throw this.#failure
    return await read()
  }
}

const storedEntry = (key: Uint8Array, sealed: Uint8Array): StoredEntry => ({
  key,
  value: intact(sealed),
  storedBytes: key.length + sealed.length
})

const operation = (key: Uint8Array, sealed: Uint8Array | undefined): BatchOperation =>
  sealed === undefined ? { type: 'del', key } : { type: 'put', key, value: sealed }

async function openLevel(level: Level): Promise<void> {
  try {
    await level.open()
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    switch (errorCode(cause)) {
      case 'LEVEL_LOCKED':
        throw new StoreError('LOCKED', `Another process has the store open: ${level.location}`, { cause })
      case 'LEVEL_CORRUPTION':
        throw new StoreError('CORRUPT', `The index is damaged: ${level.location}`, { cause })
      default:
        throw mapSystemError(cause ?? error)
    }
  }
}

async function readBatchNumber(level: Level): Promise<number> {
  const sealed = await level.get(BATCH_NUMBER_KEY)
  return sealed === undefined ? 0 : decodeBatchNumber(unseal(sealed))
}
