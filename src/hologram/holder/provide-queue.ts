import type { CID } from 'multiformats/cid'
import type { Mesh } from '../mesh.ts'
import type { HolderLogger } from './context.ts'

export interface ProvideQueueInit {
  /** Objects that may wait; what is more is left out: readers find manifests by computing their homes first. */
  readonly maxBacklog: number
  /** @default 4 */
  readonly concurrency?: number
  /** One announcement. @default 60 s */
  readonly timeoutMs?: number
}

/** Announces in the DHT, a few at a time and behind everything else, that this node has the manifests of objects. */
export class ProvideQueue {
  readonly #mesh: Pick<Mesh, 'provide'>
  readonly #logger: HolderLogger
  readonly #maxBacklog: number
  readonly #concurrency: number
  readonly #timeoutMs: number
  readonly #waiting = new Map<string, CID>()
  readonly #running = new Set<Promise<void>>()

  constructor(
    components: { mesh: Pick<Mesh, 'provide'>; logger: HolderLogger },
    { maxBacklog, concurrency = 4, timeoutMs = 60_000 }: ProvideQueueInit
  ) {
    this.#mesh = components.mesh
    this.#logger = components.logger
    this.#maxBacklog = maxBacklog
    this.#concurrency = concurrency
    this.#timeoutMs = timeoutMs
  }

  get backlog(): number {
    return this.#waiting.size
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
    while (!signal.aborted) {
      const next = this.#waiting.entries().next()
      if (next.done === true) return
      const [key, cid] = next.value
      this.#waiting.delete(key)
      try {
        await this.#mesh.provide(cid, {
          signal: AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)])
        })
      } catch (error) {
        this.#logger.debug('an announcement in the DHT failed', { cid: key, error })
      }
    }
  }
}
