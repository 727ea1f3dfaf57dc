/** Cancels what was scheduled. Idempotent. */
export type Cancel = () => void

/**
 * Time for everything that acts on peers. A node has the machine's clock (`system-clock.ts`); tests and the simulator
 * have a virtual one, so that a deadline of an hour is tested without waiting.
 */
export interface Clock {
  /** Wall time, milliseconds since the Unix epoch. May jump; for what is signed or kept on disk. */
  nowMs(): number
  /** Milliseconds since some fixed moment. Never runs backwards; for durations and deadlines. */
  monotonicMs(): number
  /** Calls `run` once, `delayMs` from now at the earliest, and never before this call has returned. */
  after(delayMs: number, run: () => void): Cancel
  /** @throws the signal's reason, as soon as the signal fires */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
  /** Resolves after other work that is ready has had its turn. */
  turn(): Promise<void>
}

/** A source of random bits: the operating system's in a node, a seeded one in the simulator. */
export interface RandomSource {
  /** @returns `length` fresh bytes, the caller's own */
  bytes(length: number): Uint8Array
  /** @returns a number that is uniform in [0, 1) */
  unit(): number
}
