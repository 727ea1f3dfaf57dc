import { counter, gauge } from './metrics.ts'
import type { Registry } from 'prom-client'
import type { Cancel, Clock, RandomSource } from '../clock/index.ts'
import type { Store } from '../store/index.ts'
import type { Logger } from './logger.ts'
import type { Module } from './module.ts'

const DAY_MS = 24 * 3_600_000
/** Delay after the start: a starting node has more urgent work. */
const MAX_FIRST_MS = 10 * 60_000
/** Rest after a complete scrub. */
const MAX_PAUSE_MS = DAY_MS
/** Part of the period that the rest, and the delay after the start, take at most. */
const IDLE_SHARE = 1 / 14
/**
 * Part of the period in which everything is read. Each pass starts elsewhere, so a fault is met after two passes and two rests
 * at the latest: within the period.
 */
const READ_SHARE = 0.4
/** Bounds of the read rate: a small store is not read too slowly, and a large one leaves disk bandwidth to others. */
const MIN_BYTES_PER_SECOND = 64 * 1024
const MAX_BYTES_PER_SECOND = 8 * 1024 * 1024

export interface ScrubberInit {
  readonly store: Pick<Store, 'scrub' | 'usage'>
  readonly clock: Clock
  readonly random: RandomSource
  readonly logger: Logger
  /** Everything is read once in this time. */
  readonly periodMs: number
}

/** Reads the whole store slowly, again and again, to find damage before a reader does. */
export class Scrubber implements Module {
  readonly name = 'scrub'
  readonly #init: ScrubberInit
  readonly #stopping = new AbortController()
  #cancel: Cancel = () => {}
  #running: Promise<void> | undefined
  /** Part of the store that the pass under way has read; 1 when none is under way. */
  #progress = 1
  #readBytes = 0
  #damagedShards = 0
  /** Seconds since the Unix epoch; 0 before the first pass has ended. */
  #finishedAt = 0

  constructor(init: ScrubberInit) {
    this.#init = init
  }

  start(): void {
    this.#schedule(Math.min(MAX_FIRST_MS, this.#init.periodMs * IDLE_SHARE))
  }

  /** Resolves when no block is being read. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the node stops'))
    this.#cancel()
    await this.#running
  }

  metrics(registry: Registry): void {
    gauge(
      registry,
      'thhe_scrub_progress_ratio',
      'Part of the store that the pass under way has read; 1 when none is under way',
      () => this.#progress
    )
    counter(
      registry,
      'thhe_scrub_read_bytes_total',
      'Bytes read from the own disk to find damage',
      () => this.#readBytes
    )
    counter(
      registry,
      'thhe_scrub_damaged_shards_total',
      'Shards in which passes over the own disk found damage',
      () => this.#damagedShards
    )
    gauge(
      registry,
      'thhe_scrub_finished_timestamp_seconds',
      'When the last pass over the own disk ended, since the Unix epoch; 0 before the first',
      () => this.#finishedAt
    )
  }

  #schedule(delayMs: number): void {
    if (this.#stopping.signal.aborted) return
    this.#cancel = this.#init.clock.after(delayMs, () => {
      this.#running = this.#pass().finally(() =>
        this.#schedule(Math.min(MAX_PAUSE_MS, this.#init.periodMs * IDLE_SHARE))
      )
    })
  }

  async #pass(): Promise<void> {
    const { store, logger, random, clock } = this.#init
    const { signal } = this.#stopping
    try {
      const { usedBytes } = await store.usage()
      const wanted = Math.ceil(usedBytes / ((READ_SHARE * this.#init.periodMs) / 1000))
      const bytesPerSecond = Math.min(MAX_BYTES_PER_SECOND, Math.max(MIN_BYTES_PER_SECOND, wanted))
      // A random start: even a node that restarts often reads every part.
      let readBytes = 0
      this.#progress = 0
      const report = await store.scrub({
        ...{ signal, bytesPerSecond },
        startAt: random.unit(),
        onProgress: ({ bytes }) => {
          this.#readBytes += bytes - readBytes
          readBytes = bytes
          this.#progress = Math.min(1, bytes / Math.max(1, usedBytes))
        }
      })
      this.#damagedShards += report.damagedShards
      this.#finishedAt = clock.nowMs() / 1000
      if (report.damagedShards > 0) logger.warn('the store has damage', { ...report })
      else logger.debug('the store has been read', { ...report })
    } catch (error) {
      if (!signal.aborted) logger.warn('reading the store failed', { error })
    } finally {
      this.#progress = 1
    }
  }
}
