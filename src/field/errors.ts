export type FieldErrorCode =
  /** The name of a slot is not OWNER/LABEL. */
  | 'BAD_SLOT_NAME'
  /** A value, a delta or a set of writers is out of limits. */
  | 'BAD_SLOT_VALUE'
  /** Too many transactions wait on this node. */
  | 'FIELD_BUSY'
  /** The quorum has decided against the transaction; `refusal` says why. */
  | 'CHANGE_REFUSED'
  /** No round took it before it expired: it was not applied, and never will be. */
  | 'CHANGE_EXPIRED'
  /** It was not decided before it expired here. It may have been applied: look at the slot. */
  | 'CHANGE_UNDECIDED'
  /** Too few validators answer: what is known here may not be the newest. */
  | 'NO_QUORUM'
  /** There is no slot of that name. */
  | 'NO_SLOT'
  /** What this node last agreed to cannot be read back. */
  | 'BAD_RECORD'
  | 'FIELD_STOPPED'

/** An error of this room: act on `code`, show the message to a person. */
export class FieldError extends Error {
  override readonly name = 'FieldError'
  readonly code: FieldErrorCode
  /** More about a 'CHANGE_REFUSED' transaction, for programs. */
  readonly data: Readonly<Record<string, unknown>>

  constructor(
    code: FieldErrorCode,
    message: string,
    data: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions
  ) {
    super(message, options)
    this.code = code
    this.data = data
  }
}
