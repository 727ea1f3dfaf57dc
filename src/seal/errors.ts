/** What each code says besides its message. */
export interface SealErrorData {
  /** The text is not a link. `link` is its part before '#', so that no key is repeated. */
  BAD_LINK: { link: string }
  /** The link names another network. Both are the hexadecimal digits that stand in links. */
  WRONG_NETWORK: { expected: string; found: string }
  /** The key is not 32 bytes of base64url, or there is none. */
  BAD_KEY: { reason: 'malformed' | 'missing' }
  /** The first sealed bytes do not open: another key sealed them, or they are damaged. */
  WRONG_KEY: { chunk: number }
  /** A later chunk does not open. */
  CORRUPT: { what: string }
  /** The sealed bytes end before their final chunk. */
  TRUNCATED: { what: string }
  /** A half-open range that does not lie within the plaintext. */
  BAD_RANGE: { start: number; end: number; size: number }
  /** The name does not fit into the header. */
  NAME_TOO_LONG: { bytes: number; maxBytes: number }
}

export type SealErrorCode = keyof SealErrorData

/** An error of this room: act on `code`, read the figures in `data`, show the message to a person. */
export class SealError<C extends SealErrorCode = SealErrorCode> extends Error {
  override readonly name = 'SealError'
  readonly code: C
  readonly data: SealErrorData[C]

  constructor(code: C, message: string, data: SealErrorData[C]) {
    super(message)
    this.code = code
    this.data = data
  }
}

/** Whether `error` is a SealError with one of `codes` (any, when none is named). */
export function isSealError<C extends SealErrorCode = SealErrorCode>(
  error: unknown,
  ...codes: C[]
): error is SealError<C> {
  return error instanceof SealError && (codes.length === 0 || codes.includes(error.code as C))
}
