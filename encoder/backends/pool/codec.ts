import { availableParallelism } from 'node:os'
import { EncoderError } from '../../errors.ts'
import { parityRows } from '../../plan.ts'
import { checkLength, checkRows, checkShape, checkSurvivors } from '../../shape.ts'
import type { SegmentShape } from '../../shape.ts'
import type { BackendName } from '../backend.ts'
import type { BackendEvent, FallbackEvent } from '../open.ts'
import type { EncodedSegment, Job, JobResult } from './messages.ts'
import { CodingWorker } from './coding-worker.ts'

/** A worker ended with jobs in hand. They were rejected; a new worker starts with the next job. */
export interface WorkerLostEvent {
  readonly type: 'worker-lost'
  readonly reason: string
  /** Jobs that went with it. */
  readonly jobs: number
}

/** What a codec reports besides its results. */
export type CodecEvent = BackendEvent | FallbackEvent | WorkerLostEvent

export interface SegmentCodecInit {
  /** Threads at most; each starts when there is work for it. @default one less than the processor's, 1 to 4 */
  workers?: number
  /** @default 'auto' */
  backend?: 'auto' | BackendName
  /** Jobs that may wait for a worker before more are refused. @default 1024 */
  maxQueuedJobs?: number
  onEvent?: (event: CodecEvent) => void
}

export interface JobOptions {
  /** Rejects the job with the signal's reason; what a worker computes meanwhile is dropped. */
  signal?: AbortSignal
}

export interface EncodeOptions extends JobOptions {
  /** Different rows of the code, in the order wanted. @default k to n-1 */
  rows?: readonly number[]
}

/** Codes segments on other threads, so that the event loop stays free. */
export interface SegmentCodec {
  /**
   * @param data - k * blockBytes bytes. Its whole ArrayBuffer moves to the worker and comes back as the result's
   *   `data`; a view of part of a buffer is copied first.
   * @throws EncoderError BAD_SHAPE, BAD_LENGTH, BAD_ROWS, QUEUE_FULL, BACKEND_FAILED, WORKER_LOST, CLOSED
   */
  encode(shape: SegmentShape, data: Uint8Array, options?: EncodeOptions): Promise<EncodedSegment>
  /**
   * @param have - exactly k different rows
   * @param blocks - those rows, in that order, have.length * blockBytes bytes; copied, and still the caller's
   * @param want - different rows, in the order wanted
   * @returns the rows of `want`, one after another
   * @throws EncoderError as encode does
   */
  reconstruct(
    shape: SegmentShape,
    have: readonly number[],
    blocks: Uint8Array,
    want: readonly number[],
    options?: JobOptions
  ): Promise<Uint8Array>
  /** Rejects what is under way and ends the workers. */
  close(): Promise<void>
}

export function createSegmentCodec(init: SegmentCodecInit = {}): SegmentCodec {
  return new SegmentCodecPool(init)
}

/** Jobs that a worker holds at a time: the next one waits there while one runs, which hides the way to and fro. */
const JOBS_A_WORKER = 2

/** A job that waits for a worker. */
interface QueuedJob {
  readonly job: Job
  readonly start: (worker: CodingWorker) => void
  readonly refuse: (error: EncoderError) => void
}

class SegmentCodecPool implements SegmentCodec {
  readonly #order: readonly BackendName[]
  readonly #maxWorkers: number
  readonly #maxQueuedJobs: number
  readonly #onEvent: (event: CodecEvent) => void
  readonly #workers = new Set<CodingWorker>()
  readonly #queue = new Set<QueuedJob>()
  #closed = false

  constructor({ workers, backend = 'auto', maxQueuedJobs = 1024, onEvent = () => {} }: SegmentCodecInit) {
    this.#maxWorkers = workers ?? Math.min(4, Math.max(1, availableParallelism() - 1))
    this.#order = backend === 'auto' ? ['wasm', 'scalar'] : [...new Set([backend, 'wasm', 'scalar'] as const)]
    this.#maxQueuedJobs = maxQueuedJobs
    this.#onEvent = onEvent
  }

  async encode(
    shape: SegmentShape,
    data: Uint8Array,
    { rows, signal }: EncodeOptions = {}
  ): Promise<EncodedSegment> {
    checkShape(shape)
    checkLength(data, shape.k, shape.blockBytes)
    if (rows !== undefined) checkRows(rows, shape.n)
    const job = { kind: 'encode', shape, rows: rows ?? parityRows(shape.k, shape.n), data } as const
    return (await this.#submit(job, signal)) as EncodedSegment
  }

  async reconstruct(
    shape: SegmentShape,
    have: readonly number[],
    blocks: Uint8Array,
    want: readonly number[],
    { signal }: JobOptions = {}
  ): Promise<Uint8Array> {
    checkShape(shape)
    checkSurvivors(have, shape.k, shape.n)
    checkRows(want, shape.n)
    checkLength(blocks, have.length, shape.blockBytes)
    return (await this.#submit({ kind: 'reconstruct', shape, have, blocks, want }, signal)) as Uint8Array
  }

  async close(): Promise<void> {
    this.#closed = true
    const closed = new EncoderError('CLOSED', 'The codec is closed.')
    for (const queued of this.#queue) queued.refuse(closed)
    this.#queue.clear()
    await Promise.all(Array.from(this.#workers, (worker) => worker.end(closed)))
  }

  #submit(job: Job, signal?: AbortSignal): Promise<JobResult> {
    signal?.throwIfAborted()
    if (this.#closed) throw new EncoderError('CLOSED', 'The codec is closed.')
    if (this.#queue.size >= this.#maxQueuedJobs) {
      throw new EncoderError('QUEUE_FULL', `${this.#queue.size} segments wait already.`, {
        queued: this.#queue.size
      })
    }
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#queue.delete(queued)
        reject(signal!.reason)
      }
      const settle = () => signal?.removeEventListener('abort', abort)
      const queued: QueuedJob = {
        job,
        start: (worker) => {
          worker.run(job).then(resolve, reject).finally(settle)
        },
        refuse: (error) => {
          settle()
          reject(error)
        }
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.#queue.add(queued)
      this.#dispatch()
    })
  }

  /** Hands waiting jobs to the workers with the least to do, and starts a worker when all are busy. */
  #dispatch(): void {
    for (const queued of this.#queue) {
      const worker = this.#availableWorker()
      if (worker === undefined) return
      this.#queue.delete(queued)
      queued.start(worker)
    }
  }

  #availableWorker(): CodingWorker | undefined {
    const [least] = [...this.#workers].sort((a, b) => a.jobCount - b.jobCount)
    if (least !== undefined && least.jobCount === 0) return least
    if (this.#workers.size < this.#maxWorkers) return this.#startWorker()
    return least.jobCount < JOBS_A_WORKER ? least : undefined
  }

  #startWorker(): CodingWorker {
    const worker = new CodingWorker(
      { order: this.#order },
      {
        onEvent: this.#onEvent,
        onIdle: () => this.#dispatch(),
        onEnd: (reason, jobs) => {
          this.#workers.delete(worker)
          if (jobs > 0) this.#onEvent({ type: 'worker-lost', reason, jobs })
          if (!this.#closed) this.#dispatch()
        }
      }
    )
    this.#workers.add(worker)
    return worker
  }
}
