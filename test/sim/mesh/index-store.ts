import { MemoryLevel } from 'memory-level'
import type { Clock } from '../../../src/clock/index.ts'
import type { Level } from '../../../src/store/index.ts'

/**
 * The store's key-value index in memory. A batch is durable when its sync is over and lost before, as LevelDB's log has
 * it; it outlives the process that wrote it.
 */
export class SimIndex {
  readonly #levels = new Map<string, MemoryLevel<Uint8Array, Uint8Array>>()

  /** The view of one running process. */
  mount(path: string, clock: Clock, syncMs: number): Level {
    const level = this.#levels.get(path) ?? new MemoryLevel({ keyEncoding: 'view', valueEncoding: 'view' })
    this.#levels.set(path, level)
    // abstract-level's classes are the same but for what each remembers of its own kind of database.
    return {
      location: path,
      open: async () => await level.open(),
      // The next process opens it again; nothing may be lost by closing.
      close: async () => {},
      get: level.get.bind(level),
      getMany: level.getMany.bind(level),
      has: level.has.bind(level),
      keys: level.keys.bind(level),
      iterator: level.iterator.bind(level),
      batch: async (operations: Parameters<Level['batch']>[0]) => {
        await clock.sleep(syncMs)
        await level.batch(operations)
      }
    } as unknown as Level
  }
}
