import { errorCode } from './errors.ts'
import type { Clock } from '../clock/index.ts'
import type { Logger } from '../node/logger.ts'

/** Pause between a collection that freed nothing and the next one. */
const FUTILE_PAUSE_MS = 10_000

export interface PressureInit {
  readonly clock: Clock
  readonly logger: Pick<Logger, 'info' | 'warn'>
  /** @returns bytes freed */
  readonly collect: () => Promise<number>
}

/** Collects garbage when a task fails for lack of room, and retries the task once. */
export class Pressure {
  readonly #init: PressureInit
  #collecting: Promise<number> | undefined
  #pausedUntilMs = -Infinity

  constructor(init: PressureInit) {
    this.#init = init
  }

  /** Runs `task`, which must change nothing if it fails. The caller must not hold an object's lock: collections take them. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task()
    } catch (error) {
      const code = errorCode(error)
      if (code !== 'QUOTA_EXCEEDED' && code !== 'DISK_FULL') throw error
      if ((await this.#collect()) <= 0) throw error
      return await task()
    }
  }

  async #collect(): Promise<number> {
    const { clock, logger, collect } = this.#init
    if (this.#collecting === undefined && clock.monotonicMs() < this.#pausedUntilMs) return 0
    this.#collecting ??= collect().finally(() => {
      this.#collecting = undefined
    })
    try {
      const freedBytes = await this.#collecting
      if (freedBytes <= 0) this.#pausedUntilMs = clock.monotonicMs() + FUTILE_PAUSE_MS
      else logger.info('collected garbage to make room', { freedBytes })
      return freedBytes
    } catch (error) {
      logger.warn('garbage collection to make room failed', { error })
      return 0
    }
  }
}
