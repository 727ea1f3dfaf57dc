// Errors that mean a bug or a wrong call. Invalid input from peers is an outcome, never an error.

export type ScpProblem =
  /** The ballot state broke one of its own rules. */
  | 'invariant-broken'
  /** One event triggered more transitions than the protocol allows. */
  | 'too-many-transitions'
  /** This node does not work on this slot. */
  | 'slot-out-of-range'
  /** The slot to restore has already started, or the record belongs to another node. */
  | 'cannot-restore'

export class ScpError extends Error {
  override readonly name = 'ScpError'
  readonly code: ScpProblem
  readonly detail: string

  constructor(code: ScpProblem, detail: string) {
    super(`${code}: ${detail}`)
    this.code = code
    this.detail = detail
  }
}
