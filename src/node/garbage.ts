import type { Holdings } from '../hologram/holdings.ts'
import type { Logger } from './logger.ts'

const INTERVAL_MS = 3_600_000
/** A node that starts has more urgent things to do. */
const FIRST_MS = 60_000

export interface GarbageCollectorInit {
  readonly holdings: Pick<Holdings, 'collectGarbage'>
  readonly nowMs: () => number
  readonly onCollected: (freedBytes: number, objects: number) => void
  readonly logger: Logger
}

/** Removes what no lease keeps, every hour. */
export class GarbageCollector {
  readonly #init: GarbageCollectorInit
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined

  constructor(init: GarbageCollectorInit) {
    this.#init = init
  }

  start(): void {
    this.#schedule(FIRST_MS)
  }

  /** Resolves when a collection that is under way has ended. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#running
    clearTimeout(this.#timer)
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#collect().finally(() => this.#schedule(INTERVAL_MS))
    }, delayMs)
    this.#timer.unref()
  }

  async #collect(): Promise<void> {
    const { holdings, nowMs, onCollected, logger } = this.#init
    try {
      const { freedBytes, removedObjects, removedUploads } = await holdings.collectGarbage(nowMs())
      onCollected(freedBytes, removedObjects)
      if (removedObjects + removedUploads > 0) {
        logger.info('collected garbage', { freedBytes, removedObjects, removedUploads })
      }
    } catch (error) {
      logger.warn('garbage collection failed', { error })
    }
  }
}
