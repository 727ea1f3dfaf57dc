import type { CID } from 'multiformats/cid'
import { deadlineIn } from '../../clock/index.ts'
import type { Clock } from '../../clock/index.ts'
import type { Mesh } from '../mesh.ts'
import type { HologramLogger } from '../logger.ts'

export interface ProvideQueueInit {
  /** Objects that may wait; what is more is left out: readers find manifests by computing their homes first. */
  readonly maxBacklog: number
  /** @default 1 */
  readonly concurrency?: number
  /**
   * Rest after an announcement, as a multiple of the time it took: announcing thousands of small objects at once
   * would otherwise take every peer's processor from the objects themselves. @default 0
   */
  readonly restRatio?: number
  /** Announcements of a row after which the rest is longer. @default none */
  readonly promptCount?: number
  /**
   * The rest after these. An announcement costs all peers together some fifty requests, so a peer that took a thousand
   * objects spreads theirs over hours. @default restRatio
   */
  readonly backlogRestRatio?: number
  /**
   * Wait before the first of a row of announcements: whoever reads what has just been put finds it by its homes, and
   * would share the processors with lookups that nobody needs yet. @default 0
   */
  readonly delayMs?: number
  /** One announcement. @default 60 s */
  readonly timeoutMs?: number
}

/** Announces in the DHT, a few at a time and behind everything else, that this node has the manifests of objects. */
export class ProvideQueue {
  readonly #mesh: Pick<Mesh, 'provide'>
  readonly #logger: HologramLogger
  readonly #clock: Clock
  readonly #maxBacklog: number
  readonly #concurrency: number
  readonly #restRatio: number
  readonly #promptCount: number
  readonly #backlogRestRatio: number
  readonly #delayMs: number
  readonly #timeoutMs: number
  readonly #waiting = new Map<string, CID>()
  readonly #running = new Set<Promise<void>>()

  constructor(
    components: { mesh: Pick<Mesh, 'provide'>; logger: HologramLogger; clock: Clock },
    init: ProvideQueueInit
  ) {
    const { maxBacklog, concurrency = 1, restRatio = 0, delayMs = 0, timeoutMs = 60_000 } = init
    const { promptCount = Infinity, backlogRestRatio = restRatio } = init
    this.#mesh = components.mesh
    this.#logger = components.logger
    this.#clock = components.clock
    this.#maxBacklog = maxBacklog
    this.#concurrency = concurrency
    this.#restRatio = restRatio
    this.#promptCount = promptCount
    this.#backlogRestRatio = backlogRestRatio
    this.#delayMs = delayMs
    this.#timeoutMs = timeoutMs
  }

  add(cid: CID, signal: AbortSignal): void {
    if (this.#waiting.size >= this.#maxBacklog) {
      this.#logger.debug('too many announcements wait: one is left out', { cid: cid.toString() })
      return
    }
    this.#waiting.set(cid.toString(), cid)
    if (this.#running.size >= this.#concurrency) return
    const run = this.#run(signal).finally(() => this.#running.delete(run))
    this.#running.add(run)
  }

  /** Resolves when nothing runs any more. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  async #run(signal: AbortSignal): Promise<void> {
    if (this.#delayMs > 0) await this.#rest(this.#delayMs, signal)
    for (let done = 1; !signal.aborted; done++) {
      const next = this.#waiting.entries().next()
      if (next.done === true) return
      const [key, cid] = next.value
      this.#waiting.delete(key)
      const startedMs = this.#clock.monotonicMs()
      try {
        using deadline = deadlineIn(this.#clock, this.#timeoutMs, signal)
        await this.#mesh.provide(cid, { signal: deadline.signal })
      } catch (error) {
        this.#logger.debug('an announcement in the DHT failed', { cid: key, error })
      }
      const ratio = done <= this.#promptCount ? this.#restRatio : this.#backlogRestRatio
      await this.#rest((this.#clock.monotonicMs() - startedMs) * ratio, signal)
    }
  }

  async #rest(restMs: number, signal: AbortSignal): Promise<void> {
    if (restMs === 0) return
    // Rejects only when the holder stops, which the loop sees for itself.
    await this.#clock.sleep(restMs, signal).catch(() => {})
  }
}
