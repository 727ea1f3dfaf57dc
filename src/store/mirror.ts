import { errorCode } from './errors.ts'
import {
  BATCH_NUMBER_KEY,
  batchNumberOf,
  isLevelDamage,
  moveAside,
  openLevel,
  repairLevel,
  type BatchOperation,
  type Level
} from './level.ts'
import { intact } from './records.ts'
import type { Logger } from '../node/logger.ts'

/** Entries compared and written in one step of a copy. */
const ENTRIES_PER_STEP = 256
/** Entries between two progress lines in the log. */
const PROGRESS_ENTRIES = 50_000
/** Pause after a failed write before the mirror is updated again. */
const RETRY_MS = 60_000

export interface MirrorInit {
  /** Milliseconds that never run backwards. */
  readonly monotonicMs: () => number
  readonly logger: Pick<Logger, 'info' | 'warn'>
}

/**
 * A second copy of the index, in its own folder. Each write goes to the index first and to the mirror later, unsynced: the
 * mirror adds no latency and never fails a write. It is read when the index or one of its entries is damaged. The number
 * of the last batch in each copy shows which one is behind.
 */
export class Mirror {
  readonly #level: Level
  readonly #init: MirrorInit
  #writing: Promise<void> = Promise.resolve()
  /** When a write failed; later writes are missing here. */
  #failedAtMs: number | undefined

  /** @param level - an open level */
  constructor(level: Level, init: MirrorInit) {
    this.#level = level
    this.#init = init
  }

  async batchNumber(): Promise<number> {
    return await batchNumberOf(this.#level)
  }

  /** The intact value of an entry; undefined if there is none or the mirror cannot be read. */
  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    await this.#writing
    try {
      const stored = await this.#level.get(key)
      return stored && intact(stored)
    } catch (error) {
      this.#init.logger.warn('the mirror of the index cannot be read', { error })
      return undefined
    }
  }

  /** Queues operations that have just been written to the index. Resolves when the previous batch has been written. */
  async apply(operations: BatchOperation[], index: Level): Promise<void> {
    await this.#writing
    this.#writing = this.#write(operations, index)
  }

  /** Makes the mirror equal to the index. */
  async copyFrom(index: Level): Promise<void> {
    await copyEntries(index, this.#level, this.#init.logger)
  }

  /** Makes the index equal to the mirror; if the mirror is damaged too, to what LevelDB can repair of it. */
  async copyTo(index: Level): Promise<void> {
    const { logger } = this.#init
    try {
      await copyEntries(this.#level, index, logger)
    } catch (error) {
      if (!isLevelDamage(error)) throw error
      logger.warn('the mirror of the index is damaged; LevelDB saves what it can of it', { error })
      await this.#level.close()
      await repairLevel(this.#level.location)
      await openLevel(this.#level)
      await copyEntries(this.#level, index, logger)
    }
  }

  /** Moves an unreadable mirror aside and starts a new one with the entries of the index. */
  async replaceBy(index: Level): Promise<void> {
    await this.#level.close()
    await moveAside(this.#level.location)
    await openLevel(this.#level)
    await this.copyFrom(index)
  }

  /** The mirror's level, after all queued writes. */
  async readable(): Promise<Level> {
    await this.#writing
    return this.#level
  }

  async close(): Promise<void> {
    await this.#writing
    await this.#level.close()
  }

  async #write(operations: BatchOperation[], index: Level): Promise<void> {
    const { monotonicMs, logger } = this.#init
    try {
      if (this.#failedAtMs === undefined) return await this.#level.batch(operations, { sync: false })
      if (monotonicMs() - this.#failedAtMs < RETRY_MS) return
      await this.copyFrom(index)
      this.#failedAtMs = undefined
    } catch (error) {
      this.#failedAtMs = monotonicMs()
      logger.warn('the mirror of the index cannot be written; the node tries again in a minute', {
        error,
        code: errorCode(error)
      })
    }
  }
}

/**
 * Makes `to` equal to `from`. The batch number is written last, to reveal an interrupted copy. A damaged value never
 * replaces an intact one.
 */
async function copyEntries(from: Level, to: Level, logger: MirrorInit['logger']): Promise<void> {
  let copied = 0
  for await (const step of inSteps(from.iterator())) {
    const present = await to.getMany(step.map(([key]) => key))
    const changed = step.filter(([key, stored], i) => !isBatchNumber(key) && isBetter(stored, present[i]))
    await to.batch(
      changed.map(([key, value]) => ({ type: 'put', key, value })),
      { sync: false }
    )
    copied += step.length
    if (copied % PROGRESS_ENTRIES < step.length) logger.info('entries of the index compared', { copied })
  }
  for await (const step of inSteps(to.iterator())) {
    const present = await from.getMany(step.map(([key]) => key))
    const gone = step.filter((_, i) => present[i] === undefined)
    await to.batch(
      gone.map(([key]) => ({ type: 'del', key })),
      { sync: false }
    )
  }
  const number = await from.get(BATCH_NUMBER_KEY)
  if (number !== undefined) {
    await to.batch([{ type: 'put', key: BATCH_NUMBER_KEY, value: number }], { sync: true })
  }
}

const isBatchNumber = (key: Uint8Array): boolean => Buffer.compare(key, BATCH_NUMBER_KEY) === 0

function isBetter(stored: Uint8Array, present: Uint8Array | undefined): boolean {
  if (present === undefined) return true
  if (Buffer.compare(stored, present) === 0) return false
  return intact(stored) !== undefined || intact(present) === undefined
}

async function* inSteps<T>(items: AsyncIterable<T>): AsyncGenerator<T[]> {
  let step: T[] = []
  for await (const item of items) {
    step.push(item)
    if (step.length < ENTRIES_PER_STEP) continue
    yield step
    step = []
  }
  if (step.length > 0) yield step
}
