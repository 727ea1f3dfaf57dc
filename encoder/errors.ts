/** What an EncoderError is about. The code survives a worker boundary; the message is for people. */
export type EncoderErrorCode =
  /** k, n or blockBytes is not a possible shape. */
  | 'BAD_SHAPE'
  /** A buffer has not the length that the shape asks for. */
  | 'BAD_LENGTH'
  /** Rows out of range, given twice, too few or too many. */
  | 'BAD_ROWS'
  /** No code family has this id or name. */
  | 'UNKNOWN_CODE'
  /** The backend is not there, or failed while computing. */
  | 'BACKEND_FAILED'
  /** More segments wait for a worker than the codec was told to hold. */
  | 'QUEUE_FULL'
  /** The worker that held this job ended before answering. */
  | 'WORKER_LOST'
  /** The codec is closed. */
  | 'CLOSED'

/** The numbers that an error is about, for callers and logs. */
export type EncoderErrorData = Readonly<Record<string, number | string | readonly number[]>>

/** Every refusal of this room: a code, a sentence and the numbers it is about. */
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
