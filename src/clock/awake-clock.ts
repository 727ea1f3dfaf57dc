import type { Cancel, Clock } from './clock.ts'
import { StarvationMeter } from './starvation-meter.ts'

/**
 * A clock that stops while this process cannot run. Deadlines on it count only the time in which this process could have
 * heard the peer. On the machine's clock, a starved process would time out all its peers at once.
 */
export class AwakeClock implements Clock {
  readonly #clock: Clock
  readonly #meter: StarvationMeter

  /** Measures until `stop`. */
  constructor(clock: Clock) {
    this.#clock = clock
    this.#meter = new StarvationMeter(clock)
  }

  /** Total milliseconds for which this process could not run. */
  get starvedMs(): number {
    return this.#meter.starvedMs
  }

  stop(): void {
    this.#meter.stop()
  }

  nowMs(): number {
    return this.#clock.nowMs()
  }

  /** Milliseconds for which this process was able to run. */
  monotonicMs(): number {
    return this.#clock.monotonicMs() - this.#meter.starvedMs
  }

  after(delayMs: number, run: () => void): Cancel {
    const dueMs = this.monotonicMs() + Math.max(0, delayMs)
    let cancelled = false
    let cancelTimer: Cancel
    const arm = (leftMs: number, starvedMs: number): void => {
      cancelTimer = this.#clock.after(leftMs, () => {
        const stillMs = dueMs - this.monotonicMs()
        if (stillMs >= 1) return arm(stillMs, this.starvedMs)
        if (this.starvedMs - starvedMs < 1) return run()
        // Read what arrived while the process could not run before any deadline fires.
        void this.#clock.turn().then(() => {
          if (!cancelled) run()
        })
      })
    }
    arm(delayMs, this.starvedMs)
    return () => {
      cancelled = true
      cancelTimer()
    }
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error)
      const onAbort = (): void => {
        cancel()
        reject(signal!.reason as Error)
      }
      const cancel = this.after(delayMs, () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  turn(): Promise<void> {
    return this.#clock.turn()
  }
}
