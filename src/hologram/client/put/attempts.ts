/** Attempts that are remembered; the oldest is forgotten first, and what it left ends with its upload's own deadline. */
const MAX_ATTEMPTS = 64

/** Puts that failed and may be resumed, by the names that their users gave them; and names whose puts will not be. */
export class Attempts {
  readonly #failed = new Map<string, () => void>()
  readonly #abandoned = new Set<string>()

  /** A put has failed. @param discard - makes holders free what they have of it */
  failed(attempt: string, discard: () => void): void {
    if (this.#abandoned.has(attempt)) return discard()
    this.#failed.set(attempt, discard)
    forgetOldest(this.#failed)
  }

  /** Nobody will resume the put, which may be failing just now. */
  abandon(attempt: string): void {
    this.#abandoned.add(attempt)
    forgetOldest(this.#abandoned)
    this.#failed.get(attempt)?.()
    this.#failed.delete(attempt)
  }
}

function forgetOldest(remembered: Map<string, unknown> | Set<string>): void {
  if (remembered.size <= MAX_ATTEMPTS) return
  const [oldest] = remembered.keys()
  remembered.delete(oldest)
}
