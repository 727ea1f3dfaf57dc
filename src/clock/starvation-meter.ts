import type { Cancel, Clock } from './clock.ts'

/** Interval between two readings of the clock: stalls are measured to this precision. */
const TICK_MS = 100

/** Measures how long this process could not run, by the lateness of its own timers. */
export class StarvationMeter {
  readonly #clock: Clock
  #lateMs = 0
  #dueMs = 0
  #cancelTick: Cancel | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#tickLater()
  }

  /** Total milliseconds, including the time since an overdue tick. Never decreases. */
  get starvedMs(): number {
    return this.#lateMs + this.#overdueMs()
  }

  stop(): void {
    this.#lateMs += this.#overdueMs()
    this.#cancelTick?.()
    this.#cancelTick = undefined
  }

  #overdueMs(): number {
    return this.#cancelTick === undefined ? 0 : Math.max(0, this.#clock.monotonicMs() - this.#dueMs)
  }

  #tickLater(): void {
    this.#dueMs = this.#clock.monotonicMs() + TICK_MS
    this.#cancelTick = this.#clock.after(TICK_MS, () => {
      this.#lateMs += this.#overdueMs()
      this.#tickLater()
    })
  }
}
