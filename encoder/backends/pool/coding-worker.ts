import { Worker } from 'node:worker_threads'
import { EncoderError } from '../../errors.ts'
import type { BackendEvent, FallbackEvent } from '../open.ts'
import type { CloseMessage, Job, JobMessage, ResultOf, WorkerInit, WorkerMessage } from './messages.ts'

const WORKER_FILE = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)

/**
 * Heap limit of a worker, which holds only plans and one backend: a leak must not take down the process.
 */
const HEAP_LIMIT_MIB = 96

/** Time for a thread to close its backend; it is stopped after that. */
const CLOSE_DEADLINE_MILLIS = 2000

interface PendingJob {
  readonly resolve: (result: never) => void
  readonly reject: (error: EncoderError) => void
}

export interface CodingWorkerHooks {
  onEvent(event: BackendEvent | FallbackEvent): void
  /** A job ended: there is room for another. */
  onIdle(): void
  /** The thread ended, by itself or on request; `jobs` were lost. */
  onEnd(reason: string, jobs: number): void
}

/** One thread and its jobs. It keeps the process alive only while it has segments. */
export class CodingWorker {
  readonly #worker: Worker
  readonly #hooks: CodingWorkerHooks
  readonly #jobs = new Map<number, PendingJob>()
  readonly #exited: Promise<void>
  #nextId = 0
  #lastError = 'it ended by itself'
  #ending: EncoderError | undefined

  constructor(init: WorkerInit, hooks: CodingWorkerHooks) {
    this.#hooks = hooks
    this.#worker = new Worker(WORKER_FILE, {
      workerData: init,
      // Flags of the main program (--eval, --input-type) may be invalid for a worker.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_LIMIT_MIB }
    })
    this.#worker.unref()
    this.#worker.on('message', (message: WorkerMessage) => this.#receive(message))
    this.#worker.on('error', (error) => (this.#lastError = error.message))
    this.#exited = new Promise((resolve) =>
      this.#worker.on('exit', () => {
        this.#ended()
        resolve()
      })
    )
  }

  get jobCount(): number {
    return this.#jobs.size
  }

  run<J extends Job>(job: J): Promise<ResultOf<J>> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++
      this.#jobs.set(id, { resolve, reject })
      if (job.kind !== 'calibrate') this.#worker.ref()
      this.#post({ id, job })
    })
  }

  /** Ends the thread and rejects its jobs with `error`: from inside if it can, so that a GPU's driver is left in order. */
  async end(error: EncoderError): Promise<void> {
    this.#ending = error
    this.#rejectJobs(error)
    this.#worker.ref()
    this.#worker.postMessage({ close: true } satisfies CloseMessage)
    const deadline = setTimeout(() => void this.#worker.terminate(), CLOSE_DEADLINE_MILLIS)
    await this.#exited
    clearTimeout(deadline)
  }

  #post({ id, job }: JobMessage): void {
    if (job.kind === 'encode') {
      const data = movable(job.data)
      this.#worker.postMessage({ id, job: { ...job, data } }, [data.buffer, job.parity.buffer as ArrayBuffer])
    } else if (job.kind === 'reconstruct') {
      const blocks = new Uint8Array(job.blocks)
      this.#worker.postMessage({ id, job: { ...job, blocks } }, [blocks.buffer])
    } else if (job.kind === 'encode-pair') {
      const data = { first: movable(job.data.first), second: movable(job.data.second) }
      this.#worker.postMessage({ id, job: { ...job, data } }, [data.first.buffer, data.second.buffer])
    } else {
      // The blocks are copied: their readers keep them.
      this.#worker.postMessage({ id, job })
    }
  }

  #receive(message: WorkerMessage): void {
    if (message.type === 'event') return this.#hooks.onEvent(message.event)
    const pending = this.#jobs.get(message.id)
    // The thread is ending, and its jobs were rejected.
    if (pending === undefined) return
    this.#jobs.delete(message.id)
    if (this.#jobs.size === 0) this.#worker.unref()
    if (message.type === 'done') pending.resolve(message.result as never)
    else pending.reject(new EncoderError(message.code, message.message, message.data))
    this.#hooks.onIdle()
  }

  #ended(): void {
    const jobs = this.#jobs.size
    this.#rejectJobs(
      this.#ending ??
        new EncoderError('WORKER_LOST', `The encoding thread ended: ${this.#lastError}.`, { jobs })
    )
    this.#hooks.onEnd(this.#lastError, this.#ending === undefined ? jobs : 0)
  }

  #rejectJobs(error: EncoderError): void {
    for (const pending of this.#jobs.values()) pending.reject(error)
    this.#jobs.clear()
  }
}

/** The bytes in their own buffer, which can be transferred: copies a view of part of a buffer. */
function movable(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes
  const alone = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length
  return alone ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes)
}
