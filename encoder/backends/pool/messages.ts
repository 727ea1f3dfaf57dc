// What passes between the pool and its workers.

import type { EncoderErrorCode, EncoderErrorData } from '../../errors.ts'
import type { SegmentShape } from '../../shape.ts'
import type { BackendName } from '../backend.ts'
import type { Calibration } from '../calibration.ts'
import type { BackendEvent, FallbackEvent } from '../open.ts'

/** What a worker is started with: the backends to try, best first. */
export interface WorkerInit {
  readonly order: readonly BackendName[]
}

/** A segment to encode; its data rows lie one after another in a buffer that moves with it. */
export interface EncodeJob {
  readonly kind: 'encode'
  readonly shape: SegmentShape
  readonly rows: readonly number[]
  readonly data: Uint8Array
  /** Where the rows go; moves with the job. A thread that made it would keep its memory when another has let it go. */
  readonly parity: Uint8Array
}

/** Rows to make from the k rows of `have`, which lie one after another. */
export interface ReconstructJob {
  readonly kind: 'reconstruct'
  readonly shape: SegmentShape
  readonly have: readonly number[]
  readonly blocks: Uint8Array
  readonly want: readonly number[]
}

/** A shape for which the fastest backend is to be found. */
export interface CalibrateJob {
  readonly kind: 'calibrate'
  readonly shape: SegmentShape
}

export type Job = EncodeJob | ReconstructJob | CalibrateJob

/** What encoding a segment gives. */
export interface EncodedSegment {
  /** The k * blockBytes bytes that went in, handed back. */
  readonly data: Uint8Array
  /** Rows k to n-1, or the rows asked for, one after another. */
  readonly parity: Uint8Array
  /** RFC 9162 leaf hashes of 32 bytes: of the data rows first, then of the rows of `parity`. */
  readonly leaves: Uint8Array
}

export interface JobResults {
  encode: EncodedSegment
  reconstruct: Uint8Array
  calibrate: Calibration
}
export type ResultOf<J extends Job> = JobResults[J['kind']]

export interface JobMessage {
  readonly id: number
  readonly job: Job
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
