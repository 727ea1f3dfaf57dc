/** What went wrong with a table. */
export type TableErrorCode =
  /** Too few keepers or holders answered. Of a change it is not known whether it was made. */
  | 'UNAVAILABLE'
  /** Nothing is kept under the table's name, and it was not to be created. */
  | 'NO_TABLE'
  /** Bytes that should be a part of the table are not. */
  | 'DAMAGED'
  /** A change that is larger than any table takes. */
  | 'TOO_LARGE'
  /** The table is closed. */
  | 'CLOSED'

export class TableError extends Error {
  readonly code: TableErrorCode

  constructor(code: TableErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'TableError'
    this.code = code
  }
}

export const isTableError = (error: unknown, ...codes: TableErrorCode[]): error is TableError =>
  error instanceof TableError && (codes.length === 0 || codes.includes(error.code))

export const undecided = (message: string): TableError => new TableError('UNAVAILABLE', message)

export const unavailable = (cause: unknown): TableError =>
  cause instanceof TableError
    ? cause
    : new TableError('UNAVAILABLE', `The table cannot be reached: ${(cause as Error).message}`, { cause })
