/** Codes of EncoderErrors. The code survives a worker boundary; the message is for people. */
export type EncoderErrorCode =
  /** k, n or blockBytes is invalid. */
  | 'BAD_SHAPE'
  /** A buffer does not have the length that the shape requires. */
  | 'BAD_LENGTH'
  /** Rows are out of range, repeated, too few or too many. */
  | 'BAD_ROWS'
  /** No code family has this id or name. */
  /** The backend is not available, or failed during a computation. */
  | 'BACKEND_FAILED'
  /** The codec's queue of segments that wait for a worker is full. */
  | 'QUEUE_FULL'
  /** The worker that held this job ended before answering. */
  | 'WORKER_LOST'
  /** The codec is closed. */
  | 'CLOSED'

/** The data of an error, for callers and logs. */
export type EncoderErrorData = Readonly<Record<string, number | string | readonly number[]>>

/** An error of this room: a code, a sentence and its data. */
export class EncoderError extends Error {
  override readonly name = 'EncoderError'
  readonly code: EncoderErrorCode
  readonly data: EncoderErrorData

  constructor(code: EncoderErrorCode, message: string, data: EncoderErrorData = {}) {
    super(message)
    this.code = code
    this.data = data
  }
}
