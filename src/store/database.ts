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

interface Waiting {
  readonly changes: readonly Change[]
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Concurrent writes are merged into one synced batch of about this size. */
const GROUP_BYTES = 4 * 1024 * 1024
const WRITE_BUFFER_BYTES = 8 * 1024 * 1024
const CACHE_BYTES = 8 * 1024 * 1024
const BATCH_NUMBER_KEY = kindKey(KIND.batchNumber)

type Level = ClassicLevel<Uint8Array, Uint8Array>

/**
 * The index: LevelDB with checksummed values, where every write is durable when it resolves. Writes that come
 * while another is being synced share the next sync (group commit).
 */
export class Database {
  readonly #level: Level
  #batchNumber: number
  #queue: Waiting[] = []
  #draining: Promise<void> | undefined
  #failure: StoreError | undefined

  /** @throws StoreError 'LOCKED' | 'CORRUPT' | 'DISK_FULL' */
  static async open(path: string): Promise<Database> {
    const level: Level = new ClassicLevel(path, {
      keyEncoding: 'view',
      valueEncoding: 'view',
      compression: false,
      writeBufferSize: WRITE_BUFFER_BYTES,
      cacheSize: CACHE_BYTES
    })
    await openLevel(level, path)
    return new Database(level, await readBatchNumber(level))
  }

  /** Use `Database.open`. */
  constructor(level: Level, batchNumber: number) {
    this.#level = level
    this.#batchNumber = batchNumber
  }

  /** @throws StoreError 'CORRUPT' */
  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const sealed = await this.#guard(this.#level.get(key))
    return sealed === undefined ? undefined : unseal(sealed)
  }

  async has(key: Uint8Array): Promise<boolean> {
    return await this.#guard(this.#level.has(key))
  }

  /** What the entry counts for against the quota; 0 when there is none. */
  async storedBytes(key: Uint8Array): Promise<number> {
    const sealed = await this.#guard(this.#level.get(key))
    return sealed === undefined ? 0 : key.length + sealed.length
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
   * @throws StoreError 'DISK_FULL' when none was applied; 'FAILED' when that is open until the next start
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
    this.#batchNumber++
    const numbered = { key: BATCH_NUMBER_KEY, value: encodeBatchNumber(this.#batchNumber) }
    const operations = [...group.flatMap(({ changes }) => changes), numbered].map(({ key, value }) =>
      value === undefined
        ? ({ type: 'del', key } as const)
        : ({ type: 'put', key, value: seal(value) } as const)
    )
    try {
      await this.#level.batch(operations, { sync: true })
    } catch (error) {
      await this.#settle(error)
    }
  }

  /**
   * A failed write may have left half a record in LevelDB's log, and whatever came behind it would be lost at the
   * next start. So the log is recovered at once, and the batch number tells whether the write made it.
   */
  async #settle(cause: unknown): Promise<void> {
    let survived: number
    try {
      await this.#level.close()
      await openLevel(this.#level, this.#level.location)
      survived = await readBatchNumber(this.#level)
    } catch (error) {
      this.#failure = new StoreError(
        'FAILED',
        'The index cannot be written; its folder must be opened anew.',
        {
          cause: error
        }
      )
      throw this.#failure
    }
    if (survived === this.#batchNumber) return
    this.#batchNumber = survived
    throw isIoError(cause)
      ? new StoreError('DISK_FULL', 'The disk takes no more of the index.', { cause })
      : cause
  }

  async #guard<T>(read: Promise<T>): Promise<T> {
    try {
      return await read
    } catch (error) {
      throw this.#failure ?? mapSystemError(error)
    }
  }
}

async function openLevel(level: Level, path: string): Promise<void> {
  try {
    await level.open()
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    switch (errorCode(cause)) {
      case 'LEVEL_LOCKED':
        throw new StoreError('LOCKED', `Another process has the store open: ${path}`, { cause })
      case 'LEVEL_CORRUPTION':
        throw new StoreError('CORRUPT', `The index is damaged: ${path}`, { cause })
      default:
        throw mapSystemError(cause ?? error)
    }
  }
}

async function readBatchNumber(level: Level): Promise<number> {
  const sealed = await level.get(BATCH_NUMBER_KEY)
  return sealed === undefined ? 0 : decodeBatchNumber(unseal(sealed))
}

const isIoError = (error: unknown): boolean => errorCode(error) === 'LEVEL_IO_ERROR'
