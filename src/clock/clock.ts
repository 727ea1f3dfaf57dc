/** Cancels a scheduled call. Idempotent. */
export type Cancel = () => void

/**
 * Time for everything that acts on peers. A node uses the machine's clock (`system-clock.ts`). Tests and the simulator
 * use a virtual one, so they can test a deadline of an hour without waiting.
 */
export interface Clock {
  /** Wall time, milliseconds since the Unix epoch. May jump. For times that are signed or stored on disk. */
  nowMs(): number
  /** Milliseconds since some fixed moment. Never runs backwards. For durations and deadlines. */
  monotonicMs(): number
  /** Calls `run` once, at least `delayMs` from now, and never before this call has returned. */
  after(delayMs: number, run: () => void): Cancel
  /** @throws the signal's reason, as soon as the signal fires */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
  /** Resolves after other pending work has run. */
  turn(): Promise<void>
}

/** A source of random bits: the operating system's in a node, a seeded one in the simulator. */
export interface RandomSource {
  /** @returns `length` random bytes in a new array */
  bytes(length: number): Uint8Array
  /** @returns a number, uniform in [0, 1) */
  unit(): number
}
