import type { EncoderError } from '../../errors.ts'
import { isOnGpu } from '../backend.ts'
import type { BackendName } from '../backend.ts'
import { orderFrom } from '../open.ts'
import { CodingWorker } from './coding-worker.ts'
import type { CodecEvent } from './events.ts'

/**
 * Jobs that a worker holds at a time. On a processor, one job runs while the next one waits, which hides the transfer. A
 * GPU hashes each block on one of its many slow threads, so it needs many blocks at a time.
 */
const JOBS_ON_PROCESSOR = 2
const JOBS_ON_GPU = 32

export interface WorkerGroupHooks {
  onEvent(event: CodecEvent): void
  /** There is room for a job. */
  onIdle(): void
}

/**
 * The workers that start with the same backend. Workers start when there is work, and are replaced when they are lost.
 */
export class WorkerGroup {
  readonly #backend: BackendName
  readonly #maxWorkers: number
  readonly #jobsAWorker: number
  readonly #hooks: WorkerGroupHooks
  readonly #workers = new Set<CodingWorker>()

  constructor(backend: BackendName, maxWorkers: number, hooks: WorkerGroupHooks) {
    const isGpu = isOnGpu(backend)
    this.#backend = backend
    this.#maxWorkers = isGpu ? 1 : maxWorkers
    this.#jobsAWorker = isGpu ? JOBS_ON_GPU : JOBS_ON_PROCESSOR
    this.#hooks = hooks
  }

  /**
   * The least busy worker; a new one if all are busy and the limit allows it; undefined if none has room.
   */
  available(): CodingWorker | undefined {
    const [least] = [...this.#workers].sort((a, b) => a.jobCount - b.jobCount)
    if (least !== undefined && least.jobCount === 0) return least
    if (this.#workers.size < this.#maxWorkers) return this.#startWorker()
    return least.jobCount < this.#jobsAWorker ? least : undefined
  }

  /** Ends the workers and rejects their jobs with `error`. */
  async end(error: EncoderError): Promise<void> {
    await Promise.all(Array.from(this.#workers, (worker) => worker.end(error)))
  }

  #startWorker(): CodingWorker {
    const worker = new CodingWorker(
      { order: orderFrom(this.#backend) },
      {
        onEvent: this.#hooks.onEvent,
        onIdle: this.#hooks.onIdle,
        onEnd: (reason, jobs) => {
          this.#workers.delete(worker)
          if (jobs > 0) this.#hooks.onEvent({ type: 'worker-lost', reason, jobs })
          this.#hooks.onIdle()
        }
      }
    )
    this.#workers.add(worker)
    return worker
  }
}
