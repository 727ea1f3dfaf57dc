import type { Cancel, Clock } from '../../src/clock/index.ts'

/** Work that is not ready after so many turns waits for time. */
const IDLE_TURNS = 20

interface Entry {
  atMs: number
  sequence: number
  run: (() => void) | undefined
}

/** A clock that stands still until a test moves it. */
export class VirtualTime implements Clock {
  #monotonicMs = 0
  #wallOffsetMs: number
  #sequence = 0
  #entries: Entry[] = []

  /** @param startMs - wall time at the start */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#wallOffsetMs = startMs
  }

  nowMs(): number {
    return Math.floor(this.#wallOffsetMs + this.#monotonicMs)
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  after(delayMs: number, run: () => void): Cancel {
    const entry: Entry = { atMs: this.#monotonicMs + Math.max(0, delayMs), sequence: this.#sequence++, run }
    this.#entries.push(entry)
    return () => {
      entry.run = undefined
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
    return settled()
  }

  /** Sets the wall clock forward or back, as an operator or NTP does. Timers do not notice. */
  jump(byMs: number): void {
    this.#wallOffsetMs += byMs
  }

  /** Lets time pass while nothing runs, as on a machine without a free processor: timers are late afterwards. */
  stall(forMs: number): void {
    this.#monotonicMs += forMs
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#entries.filter((entry) => entry.run !== undefined).length
  }

  /** Moves time on, timer by timer; between two timers everything that is ready runs. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#monotonicMs + byMs
    await settled()
    for (;;) {
      const next = this.#takeNext(untilMs)
      if (next === undefined) break
      this.#monotonicMs = Math.max(this.#monotonicMs, next.atMs)
      next.run?.()
      await settled()
    }
    this.#monotonicMs = untilMs
  }

  /**
   * Moves time on from timer to timer for as long as `work` needs it. Not for work that waits for sockets or disks: time
   * would run away from them.
   *
   * @throws whatever `work` throws, or an Error when it still waits after `limitMs`
   */
  async during<R>(work: Promise<R>, limitMs = 3_600_000): Promise<R> {
    const untilMs = this.#monotonicMs + limitMs
    let ended = false
    const end = (): void => {
      ended = true
    }
    work.then(end, end)
    let idle = 0
    for (await settled(); !ended; await settled()) {
      const next = this.#takeNext(untilMs)
      // Work that lets others have their turn is ready again only after one.
      if (next === undefined && ++idle < IDLE_TURNS) continue
      idle = 0
      if (next === undefined) throw new Error(`the work has not ended after ${limitMs} virtual ms`)
      this.#monotonicMs = Math.max(this.#monotonicMs, next.atMs)
      next.run?.()
    }
    return work
  }

  #takeNext(untilMs: number): Entry | undefined {
    this.#entries = this.#entries.filter((entry) => entry.run !== undefined)
    let next: Entry | undefined
    for (const entry of this.#entries) {
      if (entry.atMs > untilMs) continue
      const isSooner =
        next === undefined ||
        entry.atMs < next.atMs ||
        (entry.atMs === next.atMs && entry.sequence < next.sequence)
      if (isSooner) next = entry
    }
    if (next !== undefined) this.#entries.splice(this.#entries.indexOf(next), 1)
    return next
  }
}

/** Resolves when no promise that is ready is left to run: a macrotask comes after all of them. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}
