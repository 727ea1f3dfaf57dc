import type { Cancel, Clock } from './clock.ts'

/** Between two looks at the clock: a stall is noticed, and taken out of a deadline, to this many milliseconds. */
const TICK_MS = 100

/** Measures for how long this process could not run, by how late its own timers are. */
export class StarvationMeter {
  readonly #clock: Clock
  #lateMs = 0
  #dueMs = 0
  #cancelTick: Cancel | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#tickLater()
  }

  /** Milliseconds in all, the time since a tick that is overdue included. Never falls. */
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
