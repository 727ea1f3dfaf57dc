import type { SegmentShape } from '../../shape.ts'
import type { Calibration } from '../calibration.ts'
import type { BackendEvent, FallbackEvent } from '../open.ts'

/** A worker ended with jobs in hand. They were rejected; a new worker starts with the next job. */
export interface WorkerLostEvent {
  readonly type: 'worker-lost'
  readonly reason: string
  /** Jobs that went with it. */
  readonly jobs: number
}

/** A shape was measured; from now on it goes to the fastest backend. */
export interface CalibratedEvent {
  readonly type: 'calibrated'
  readonly shape: SegmentShape
  readonly calibration: Calibration
}

/** What a codec reports besides its results. */
export type CodecEvent = BackendEvent | FallbackEvent | WorkerLostEvent | CalibratedEvent
