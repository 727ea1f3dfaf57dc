import { availableParallelism } from 'node:os'
import { EncoderError } from '../../errors.ts'
import type { GivenRows, Pair } from '../../pairs/codec.ts'
import { parityRows } from '../../plan.ts'
import { MAX_ROWS, checkLength, checkRows, checkShape, checkSurvivors } from '../../shape.ts'
import type { SegmentShape } from '../../shape.ts'
import type { BackendName } from '../backend.ts'
import type { CodingWorker } from './coding-worker.ts'
import type { CodecEvent } from './events.ts'
import type {
  CodingJob,
  EncodeJob,
  EncodedPair,
  EncodedSegment,
  Job,
  ReconstructJob,
  ResultOf
} from './messages.ts'
import { createSelector } from './selector.ts'
import type { BackendSelector } from './selector.ts'
import { WorkerGroup } from './worker-group.ts'

export interface SegmentCodecInit {
  /**
   * Maximum threads; each starts when there is work for it. @default one less than the processor's, 1 to 4
   */
  workers?: number
  /**
   * The preferred backend, or `auto`: WebAssembly or, with a choicesFile, the fastest backend for each shape.
   * @default 'auto'
   */
  backend?: 'auto' | BackendName
  /**
   * File for measurements of this machine. With it, `auto` measures each new shape once, in the background, and uses a GPU
   * if that is faster.
   */
  choicesFile?: string
  /** Maximum jobs that wait for a worker; more are refused. @default 1024 */
  maxQueuedJobs?: number
  onEvent?: (event: CodecEvent) => void
}

export interface JobOptions {
  /** Rejects the job with the signal's reason; a worker's result is dropped. */
  signal?: AbortSignal
}

export interface EncodeOptions extends JobOptions {
  /** Different rows of the code, in the order wanted. @default k to n-1 */
  rows?: readonly number[]
}

/** Encodes and decodes segments on other threads, so that the event loop stays free. */
export interface SegmentCodec {
  /**
   * @param data - k * blockBytes bytes. Its whole ArrayBuffer is transferred to the worker and returned as the result's
   *   `data`; a view of part of a buffer is copied first.
   * @throws EncoderError BAD_SHAPE, BAD_LENGTH, BAD_ROWS, QUEUE_FULL, BACKEND_FAILED, WORKER_LOST, CLOSED
   */
  encode(shape: SegmentShape, data: Uint8Array, options?: EncodeOptions): Promise<EncodedSegment>
  /**
   * @param have - exactly k different rows
   * @param blocks - those rows, in that order, have.length * blockBytes bytes; copied, so the caller keeps them
   * @param want - different rows, in the order wanted
   * @returns the rows of `want`, contiguous
   * @throws EncoderError like encode
   */
  reconstruct(
    shape: SegmentShape,
    have: readonly number[],
    blocks: Uint8Array,
    want: readonly number[],
    options?: JobOptions
  ): Promise<Uint8Array>
  /**
   * Encodes a pair of segments with rs8p; `shape.n` is the number of rows with which the object was put, and rows beyond it may be
   * asked for.
   *
   * @param data - k * blockBytes bytes of each segment, transferred like those of `encode`
   * @throws EncoderError like encode
   */
  encodePair(shape: SegmentShape, data: Pair, options?: EncodeOptions): Promise<EncodedPair>
  /** PairCodec.reconstructSecond on a worker; the blocks are copied. @throws EncoderError like encode */
  reconstructSecond(
    shape: SegmentShape,
    first: GivenRows,
    second: GivenRows,
    want: readonly number[],
    options?: JobOptions
  ): Promise<Uint8Array>
  /**
   * Both blocks of a lost row of a pair.
   *
   * @param available - what PairCode.repair was given
   * @param blocks - those that it named, in its order; copied
   * @throws EncoderError like encode
   */
  repairPair(
    shape: SegmentShape,
    lost: number,
    available: readonly number[],
    blocks: Pair,
    options?: JobOptions
  ): Promise<Pair>
  /** Rejects pending jobs and ends the workers. */
  close(): Promise<void>
}

export function createSegmentCodec(init: SegmentCodecInit = {}): SegmentCodec {
  return new SegmentCodecPool(init)
}

/** A job that waits for a worker. */
interface QueuedJob {
  readonly job: Job
  readonly group: WorkerGroup
  readonly start: (worker: CodingWorker) => void
  readonly refuse: (error: EncoderError) => void
}

class SegmentCodecPool implements SegmentCodec {
  readonly #maxWorkers: number
  readonly #maxQueuedJobs: number
  readonly #onEvent: (event: CodecEvent) => void
  /** The workers that start with each backend. */
  readonly #groups = new Map<BackendName, WorkerGroup>()
  readonly #queue = new Set<QueuedJob>()
  readonly #selector: BackendSelector
  #closed = false

  constructor({ workers, backend, choicesFile, maxQueuedJobs = 1024, onEvent = () => {} }: SegmentCodecInit) {
    this.#maxWorkers = workers ?? Math.min(4, Math.max(1, availableParallelism() - 1))
    this.#maxQueuedJobs = maxQueuedJobs
    this.#onEvent = onEvent
    this.#selector = createSelector(backend ?? 'auto', this.#maxWorkers, choicesFile, onEvent)
  }

  async encode(
    shape: SegmentShape,
    data: Uint8Array,
    { rows, signal }: EncodeOptions = {}
  ): Promise<EncodedSegment> {
    checkShape(shape)
    checkLength(data, shape.k, shape.blockBytes)
    if (rows !== undefined) checkRows(rows, shape.n)
    const made = rows ?? parityRows(shape.k, shape.n)
    const parity = new Uint8Array(made.length * shape.blockBytes)
    const job: EncodeJob = { kind: 'encode', shape, rows: made, data, parity }
    return this.#submit(job, signal)
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
    const job: ReconstructJob = { kind: 'reconstruct', shape, have, blocks, want }
    return this.#submit(job, signal)
  }

  async encodePair(
    shape: SegmentShape,
    data: Pair,
    { rows = parityRows(shape.k, shape.n), signal }: EncodeOptions = {}
  ): Promise<EncodedPair> {
    checkShape(shape)
    checkLength(data.first, shape.k, shape.blockBytes)
    checkLength(data.second, shape.k, shape.blockBytes)
    checkRows(rows, MAX_ROWS)
    return this.#submit({ kind: 'encode-pair', shape, rows, data } as const, signal)
  }

  async reconstructSecond(
    shape: SegmentShape,
    first: GivenRows,
    second: GivenRows,
    want: readonly number[],
    { signal }: JobOptions = {}
  ): Promise<Uint8Array> {
    checkShape(shape)
    return this.#submit({ kind: 'reconstruct-second', shape, first, second, want } as const, signal)
  }

  async repairPair(
    shape: SegmentShape,
    lost: number,
    available: readonly number[],
    blocks: Pair,
    { signal }: JobOptions = {}
  ): Promise<Pair> {
    checkShape(shape)
    return this.#submit({ kind: 'repair-pair', shape, lost, available, blocks } as const, signal)
  }

  async close(): Promise<void> {
    this.#closed = true
    const closed = new EncoderError('CLOSED', 'The codec is closed.')
    for (const queued of this.#queue) queued.refuse(closed)
    this.#queue.clear()
    await Promise.all([
      this.#selector.close(),
      ...Array.from(this.#groups.values(), (group) => group.end(closed))
    ])
  }

  #submit<J extends CodingJob>(job: J, signal?: AbortSignal): Promise<ResultOf<J>> {
    signal?.throwIfAborted()
    if (this.#closed) throw new EncoderError('CLOSED', 'The codec is closed.')
    if (this.#queue.size >= this.#maxQueuedJobs) {
      throw new EncoderError('QUEUE_FULL', `${this.#queue.size} segments wait already.`, {
        queued: this.#queue.size
      })
    }
    const group = this.#groupOf(this.#selector.backendFor(job.shape))
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#queue.delete(queued)
        reject(signal!.reason)
      }
      const settle = () => signal?.removeEventListener('abort', abort)
      const queued: QueuedJob = {
        job,
        group,
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

  /** Assigns waiting jobs to workers with room, first come, first served within a group. */
  #dispatch(): void {
    const full = new Set<WorkerGroup>()
    for (const queued of this.#queue) {
      if (full.has(queued.group)) continue
      const worker = queued.group.available()
      if (worker === undefined) {
        full.add(queued.group)
      } else {
        this.#queue.delete(queued)
        queued.start(worker)
      }
    }
  }

  #groupOf(backend: BackendName): WorkerGroup {
    let group = this.#groups.get(backend)
    if (group === undefined) {
      group = new WorkerGroup(backend, this.#maxWorkers, {
        onEvent: this.#onEvent,
        onIdle: () => {
          if (!this.#closed) this.#dispatch()
        }
      })
      this.#groups.set(backend, group)
    }
    return group
  }
}
