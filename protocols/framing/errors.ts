/** The data of each error code. */
export interface FramingErrorData {
  /** The peer sent a frame or message that is too long, cut off or malformed. */
  PROTOCOL: { reason: string; peer?: string }
  /** The peer sent nothing, or accepted nothing, before the deadline. */
  TIMEOUT: { afterMs: number; what: 'read' | 'write'; peer?: string }
  /** The stream or its connection broke. */
  UNREACHABLE: { peer?: string }
  /** The memory limit of the peer's streams, or of all streams, is reached. */
  OVERLOADED: { neededBytes: number; peer?: string }
  /** The caller's signal fired. */
  ABORTED: Record<never, never>
}

export type FramingErrorCode = keyof FramingErrorData

/** A conversation over a stream ended early; `code` says why. */
export class FramingError<C extends FramingErrorCode = FramingErrorCode> extends Error {
  readonly code: C
  readonly data: FramingErrorData[C]

  constructor(code: C, message: string, data: FramingErrorData[C], options?: ErrorOptions) {
    super(message, options)
    this.name = 'FramingError'
    this.code = code
    this.data = data
  }
}

/** Whether `error` is a FramingError with one of `codes`, or with any code if `codes` is empty. */
export function isFramingError<C extends FramingErrorCode = FramingErrorCode>(
  error: unknown,
  ...codes: C[]
): error is FramingError<C> {
  return error instanceof FramingError && (codes.length === 0 || codes.includes(error.code as C))
}
