// Messages between the pool and its workers.

import type { EncoderErrorCode, EncoderErrorData } from '../../errors.ts'
import type { GivenRows, Pair } from '../../pairs/codec.ts'
import type { SegmentShape } from '../../shape.ts'
import type { BackendName } from '../backend.ts'
import type { Calibration } from '../calibration.ts'
import type { BackendEvent, FallbackEvent } from '../open.ts'

/** Initial data of a worker: the backends to try, best first. */
export interface WorkerInit {
  readonly order: readonly BackendName[]
}

/** A segment to encode; its data rows are contiguous in a buffer that is transferred. */
export interface EncodeJob {
  readonly kind: 'encode'
  readonly shape: SegmentShape
  readonly rows: readonly number[]
  readonly data: Uint8Array
  /** Buffer for the rows, transferred with the job: a worker that allocates it keeps its memory after others free it. */
  readonly parity: Uint8Array
}

/** Rows to make from the k contiguous rows of `have`. */
export interface ReconstructJob {
  readonly kind: 'reconstruct'
  readonly shape: SegmentShape
  readonly have: readonly number[]
  readonly blocks: Uint8Array
  readonly want: readonly number[]
}

/** A pair of segments to encode with rs8p; see EncodeJob. */
export interface EncodePairJob {
  readonly kind: 'encode-pair'
  readonly shape: SegmentShape
  readonly rows: readonly number[]
  readonly data: Pair
}

/** Rows of the second segment of a pair to make from k rows of each. */
export interface ReconstructSecondJob {
  readonly kind: 'reconstruct-second'
  readonly shape: SegmentShape
  readonly first: GivenRows
  readonly second: GivenRows
  readonly want: readonly number[]
}

/** One row of a pair to rebuild from the blocks that PairCode.repair names. */
export interface RepairPairJob {
  readonly kind: 'repair-pair'
  readonly shape: SegmentShape
  readonly lost: number
  readonly available: readonly number[]
  readonly blocks: Pair
}

/** A shape whose fastest backend must be measured. */
export interface CalibrateJob {
  readonly kind: 'calibrate'
  readonly shape: SegmentShape
  /** Threads of the pool that will use the result. */
  readonly maxThreads: number
}

/** Jobs of a codec's callers. */
export type CodingJob = EncodeJob | ReconstructJob | EncodePairJob | ReconstructSecondJob | RepairPairJob
export type Job = CodingJob | CalibrateJob

/** The result of encoding a segment. */
export interface EncodedSegment {
  /** The k * blockBytes bytes of the input, returned. */
  readonly data: Uint8Array
  /** Rows k to n-1, or the requested rows, contiguous. */
  readonly parity: Uint8Array
  /** RFC 9162 leaf hashes of 32 bytes: first of the data rows, then of the rows of `parity`. */
  readonly leaves: Uint8Array
}

/** The result of encoding a pair. */
export interface EncodedPair {
  readonly first: EncodedSegment
  readonly second: EncodedSegment
}

export interface JobResults {
  encode: EncodedSegment
  reconstruct: Uint8Array
  'encode-pair': EncodedPair
  'reconstruct-second': Uint8Array
  'repair-pair': Pair
  calibrate: Calibration
}
export type ResultOf<J extends Job> = JobResults[J['kind']]

export interface JobMessage {
  readonly id: number
  readonly job: Job
}

/** Closes the backend and ends the thread from inside. A GPU's driver may crash the process when its thread is just stopped. */
export interface CloseMessage {
  readonly close: true
}

export type WorkerMessage =
  | { readonly type: 'done'; readonly id: number; readonly result: ResultOf<Job> }
  | {
      readonly type: 'failed'
      readonly id: number
      readonly code: EncoderErrorCode
      readonly message: string
      readonly data: EncoderErrorData
    }
  | { readonly type: 'event'; readonly event: BackendEvent | FallbackEvent }
