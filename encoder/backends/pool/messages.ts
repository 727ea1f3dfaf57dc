// What passes between the pool and its workers.

import type { EncoderErrorCode, EncoderErrorData } from '../../errors.ts'
import type { SegmentShape } from '../../shape.ts'
import type { BackendName } from '../backend.ts'
import type { BackendEvent, FallbackEvent } from '../open.ts'

/** What a worker is started with: the backends to try, best first. */
export interface WorkerInit {
  readonly order: readonly BackendName[]
}

/** A segment to code; its rows lie one after another in one buffer. */
export type Job =
  | {
      readonly kind: 'encode'
      readonly shape: SegmentShape
      readonly rows: readonly number[]
      readonly data: Uint8Array
    }
  | {
      readonly kind: 'reconstruct'
      readonly shape: SegmentShape
      readonly have: readonly number[]
      readonly blocks: Uint8Array
      readonly want: readonly number[]
    }

/** What encoding a segment gives. */
export interface EncodedSegment {
  /** The k * blockBytes bytes that went in, handed back. */
  readonly data: Uint8Array
  /** Rows k to n-1, or the rows asked for, one after another. */
  readonly parity: Uint8Array
  /** RFC 9162 leaf hashes of 32 bytes: of the data rows first, then of the rows of `parity`. */
  readonly leaves: Uint8Array
}

export type JobResult = EncodedSegment | Uint8Array

export interface JobMessage {
  readonly id: number
  readonly job: Job
}

export type WorkerMessage =
  | { readonly type: 'done'; readonly id: number; readonly result: JobResult }
  | {
      readonly type: 'failed'
      readonly id: number
      readonly code: EncoderErrorCode
      readonly message: string
      readonly data: EncoderErrorData
    }
  | { readonly type: 'event'; readonly event: BackendEvent | FallbackEvent }
