import { counter } from './metrics.ts'
import type { Registry } from 'prom-client'
import type { Cancel, Clock } from '../clock/index.ts'
import type { Collected, Holdings } from '../hologram/holdings.ts'
import type { Logger } from './logger.ts'
import type { Module } from './module.ts'

const INTERVAL_MS = 3_600_000
/** Delay after the start: a starting node has more urgent work. */
const FIRST_MS = 60_000

export interface GarbageCollectorInit {
  readonly holdings: Pick<Holdings, 'collectGarbage'>
  readonly clock: Clock
  readonly logger: Logger
}

/** Removes what no lease keeps: every hour, and on request. */
export class GarbageCollector implements Module {
  readonly name = 'garbage collection'
  readonly #init: GarbageCollectorInit
  #freedBytes = 0
  #removedObjects = 0
  #cancel: Cancel = () => {}
  #running: Promise<Collected | undefined> | undefined
  #isStopped = false

  constructor(init: GarbageCollectorInit) {
    this.#init = init
  }

  start(): void {
    this.#schedule(FIRST_MS)
  }

  /** Resolves when a running collection has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancel()
    await this.#running
  }

  metrics(registry: Registry): void {
    counter(
      registry,
      'thhe_collected_bytes_total',
      'Bytes freed by garbage collection',
      () => this.#freedBytes
    )
    counter(
      registry,
      'thhe_collected_objects_total',
      'Objects removed by garbage collection',
      () => this.#removedObjects
    )
  }

  /** Collects now, or joins the running collection. @throws what the store throws */
  async collectNow(): Promise<Collected> {
    const collected = await this.#init.holdings.collectGarbage()
    this.#freedBytes += collected.freedBytes
    this.#removedObjects += collected.removedObjects
    return collected
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped) return
    this.#cancel = this.#init.clock.after(delayMs, () => {
      this.#running = this.#collect().finally(() => this.#schedule(INTERVAL_MS))
    })
  }

  async #collect(): Promise<Collected | undefined> {
    const { logger } = this.#init
    try {
      const collected = await this.collectNow()
      const { freedBytes, removedObjects, removedUploads } = collected
      if (removedObjects + removedUploads > 0) {
        logger.info('collected garbage', { freedBytes, removedObjects, removedUploads })
      }
      return collected
    } catch (error) {
      logger.warn('garbage collection failed', { error })
      return undefined
    }
  }
}
