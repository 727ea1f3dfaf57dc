export type HeadErrorCode =
  /** Bytes that are no head, or one that breaks a rule. */
  | 'BAD_HEAD'
  /** No keeper that answered has a head of this name. */
  | 'NO_HEAD'
  /** A head with a higher sequence is kept already. */
  | 'STALE_HEAD'
  /** A keeper did not do what it was asked for. */
  | 'REFUSED'
  /** Fewer keepers than a majority answered. */
  | 'NO_MAJORITY'

export class HeadError extends Error {
  override readonly name = 'HeadError'
  readonly code: HeadErrorCode
  readonly data: Readonly<Record<string, unknown>>

  constructor(
    code: HeadErrorCode,
    message: string,
    data: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions
  ) {
    super(message, options)
    this.code = code
    this.data = data
  }
}

export const isHeadError = (error: unknown, code?: HeadErrorCode): error is HeadError =>
  error instanceof HeadError && (code === undefined || error.code === code)
