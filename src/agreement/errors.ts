export type AgreementErrorCode =
  /** What this node last decided cannot be read back; it must not vote before it has caught up. */
  | 'BAD_RECORD'
  /** The agreement does not run. */
  | 'NOT_RUNNING'

/** An error of this room: act on `code`, show the message to a person. */
export class AgreementError extends Error {
  override readonly name = 'AgreementError'
  readonly code: AgreementErrorCode

  constructor(code: AgreementErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
