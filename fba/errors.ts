// Errors that mean a bug or a wrong call, never a peer's doing: what peers send wrong is an outcome.

export type ScpProblem =
  /** The ballot state broke one of its own rules. */
  | 'invariant-broken'
  /** One event set off more transitions than the protocol has. */
  | 'too-many-transitions'
  /** The slot is not one that this node works on. */
  | 'slot-out-of-range'
  /** Restoring a slot that has started, or a record of another node. */
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
