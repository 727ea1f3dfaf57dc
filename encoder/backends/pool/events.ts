import type { SegmentShape } from '../../shape.ts'
import type { Calibration } from '../calibration.ts'
import type { BackendEvent, FallbackEvent } from '../open.ts'

/** A worker ended with pending jobs. They were rejected; a new worker starts with the next job. */
export interface WorkerLostEvent {
  readonly type: 'worker-lost'
  readonly reason: string
  /** Number of rejected jobs. */
  readonly jobs: number
}

/** A shape was measured; from now on it uses the fastest backend. */
export interface CalibratedEvent {
  readonly type: 'calibrated'
  readonly shape: SegmentShape
  readonly calibration: Calibration
}

/** Events of a codec. */
export type CodecEvent = BackendEvent | FallbackEvent | WorkerLostEvent | CalibratedEvent
