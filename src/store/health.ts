import { describeKey } from './records.ts'
import type { Logger } from '../node/logger.ts'

/** Damage found in this store. Counts are since the start, unless they say 'now'. */
export interface StoreHealth {
  /** Index entries whose checksum did not match. */
  readonly damagedEntries: number
  /** Those of them that were restored from the mirror. */
  readonly restoredEntries: number
  /** The index had lost entries at this start and was rebuilt. */
  readonly indexRebuilt: boolean
  /** Shards that were missing from the index and were recovered from their files. */
  readonly shardsFound: number
  /** Blocks marked as damaged, now. */
  readonly badBlocks: number
  /** Shards with such blocks, now. */
  readonly damagedShards: number
  /** Shards set aside because they cannot be served, now. */
  readonly shardsSetAside: number
}

/** Damaged entries remembered. Damaged entries beyond that are logged and counted on every read. */
const MAX_ENTRIES_REMEMBERED = 4096

/** Counts and logs damage. */
export class Health {
  readonly #logger: Pick<Logger, 'warn'>
  readonly #seen = new Set<string>()
  readonly #badBlocks = new Map<string, number>()
  #damagedEntries = 0
  #restoredEntries = 0
  #shardsFound = 0
  #shardsSetAside = 0
  indexRebuilt = false

  constructor(logger: Pick<Logger, 'warn'>) {
    this.#logger = logger
  }

  get snapshot(): StoreHealth {
    return {
      damagedEntries: this.#damagedEntries,
      restoredEntries: this.#restoredEntries,
      indexRebuilt: this.indexRebuilt,
      shardsFound: this.#shardsFound,
      badBlocks: [...this.#badBlocks.values()].reduce((sum, count) => sum + count, 0),
      damagedShards: this.#badBlocks.size,
      shardsSetAside: this.#shardsSetAside
    }
  }

  /** Logs and counts an entry once. */
  entryDamaged(key: Uint8Array, isRestored: boolean): void {
    const name = Buffer.from(key).toString('hex')
    if (this.#seen.has(name)) return
    if (this.#seen.size < MAX_ENTRIES_REMEMBERED) this.#seen.add(name)
    this.#damagedEntries++
    if (isRestored) this.#restoredEntries++
    const message = isRestored
      ? 'an entry of the index was damaged; its second copy restores it'
      : 'an entry of the index is damaged'
    this.#logger.warn(message, describeKey(key))
  }

  shardFound(): void {
    this.#shardsFound++
  }

  shardSetAside(change: 1 | -1): void {
    this.#shardsSetAside += change
  }

  /** @param count - marked blocks of the shard, now; 0 removes it from the list */
  setBadBlocks(slotName: string, count: number): void {
    if (count === 0) this.#badBlocks.delete(slotName)
    else this.#badBlocks.set(slotName, count)
  }
}
