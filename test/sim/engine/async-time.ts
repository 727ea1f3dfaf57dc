// Lets asynchronous code live on the virtual clock: between two events, all promises that are ready run.

import type { Cancel, Clock, RandomSource } from '../../../src/clock/index.ts'
import type { VirtualClock } from './clock.ts'
import type { Prng } from './prng.ts'

/** When simulated histories begin: 2026-01-01. */
export const EPOCH_MS = Date.UTC(2026, 0, 1)

/** The clock of one simulated node. Its wall time may be off; its durations are those of all. */
export class NodeClock implements Clock {
  readonly #clock: VirtualClock
  #skewMs: number
  #isStopped = false

  constructor(clock: VirtualClock, skewMs = 0) {
    this.#clock = clock
    this.#skewMs = skewMs
  }

  nowMs(): number {
    return Math.floor(EPOCH_MS + this.#skewMs + this.#clock.nowMicros / 1000)
  }

  monotonicMs(): number {
    return this.#clock.nowMicros / 1000
  }

  after(delayMs: number, run: () => void): Cancel {
    if (this.#isStopped) return () => {}
    const event = this.#clock.after(Math.max(0, delayMs) * 1000, () => {
      if (!this.#isStopped) run()
    })
    return () => event.cancel()
  }

  async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onAbort = (): void => {
      cancel()
      reject(signal!.reason as Error)
    }
    const cancel = this.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
    await promise
  }

  async turn(): Promise<void> {
    await this.sleep(0)
  }

  /** Moves the wall clock, as an operator or NTP does. */
  jump(byMs: number): void {
    this.#skewMs += byMs
  }

  /** A process that was killed has no timers any more. */
  stop(): void {
    this.#isStopped = true
  }
}

export function randomSource(prng: Prng): RandomSource {
  return { bytes: (length) => prng.bytes(length), unit: () => prng.unit() }
}

/**
 * Runs events until `isDone`, or until `untilMicros` has passed.
 *
 * @returns how many events ran
 * @throws Error when nothing is left to happen and it is not done: somebody waits for ever
 */
export async function drive(
  clock: VirtualClock,
  untilMicros: number,
  isDone: () => boolean = () => false
): Promise<number> {
  let ran = 0
  await settle()
  while (!isDone()) {
    if (clock.run(untilMicros, 1) === 0) break
    ran++
    await settle()
  }
  return ran
}

/**
 * Resolves when every promise that is ready has run: Node empties the queue of microtasks before it goes on to the next
 * macrotask.
 */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve))
}
