// Limits the time and the steps of an analysis. The caller provides the clock.

/** Any monotonic clock: this room is pure. */
export interface Clock {
  nowMillis(): number
}

/** A limit stopped the work before the answer was known. */
export class AnalysisLimitError extends Error {
  override readonly name = 'AnalysisLimitError'
  readonly code: 'time' | 'steps' | 'sets'

  constructor(code: AnalysisLimitError['code']) {
    super(`analysis stopped at its limit of ${code}`)
    this.code = code
  }
}

/** Counts steps of a search and ends it at a deadline or at a number of steps. */
export class Budget {
  readonly #clock: Clock
  readonly #deadlineMillis: number
  readonly #maxSteps: number
  #steps = 0

  /**
   * @param deadlineMillis when to stop, on `clock`; Infinity for no deadline
   * @param maxSteps maximum steps; unlike time, the same on every machine; Infinity for no limit
   */
  constructor(clock: Clock, deadlineMillis: number, maxSteps = Infinity) {
    this.#clock = clock
    this.#deadlineMillis = deadlineMillis
    this.#maxSteps = maxSteps
  }

  /** @throws {AnalysisLimitError} at the limit */
  step(): void {
    this.#steps++
    if (this.#steps > this.#maxSteps) throw new AnalysisLimitError('steps')
    if (this.#clock.nowMillis() >= this.#deadlineMillis) {
      throw new AnalysisLimitError('time')
    }
  }
}
