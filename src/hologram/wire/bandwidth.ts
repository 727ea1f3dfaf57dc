import type { Clock } from '../../clock/index.ts'

/** A cap on a direction of traffic, shared by all who send or receive that way. */
export interface Bandwidth {
  /** Resolves when `bytes` more may pass. Rejects when `signal` fires first. */
  take(bytes: number, signal: AbortSignal): Promise<void>
}

export interface TokenBucketInit {
  readonly bytesPerSecond: number
  /** Bytes that may pass at once after a pause. @default a quarter of a second at the rate */
  readonly burstBytes?: number
  readonly clock: Clock
}

/** No cap. */
export const UNLIMITED: Bandwidth = { take: async () => {} }

/**
 * A token bucket that serves its callers in order. It delays a request that does not fit and never refuses one, so a
 * request may be larger than the burst.
 */
export class TokenBucket implements Bandwidth {
  readonly #msPerByte: number
  readonly #burstMs: number
  readonly #clock: Clock
  /** When all that has been asked for until now will have passed at the capped rate. */
  #paidUntilMs = -Infinity

  constructor({ bytesPerSecond, burstBytes = bytesPerSecond / 4, clock }: TokenBucketInit) {
    if (!(bytesPerSecond > 0)) throw new RangeError('a cap is a positive number of bytes per second')
    this.#msPerByte = 1000 / bytesPerSecond
    this.#burstMs = burstBytes * this.#msPerByte
    this.#clock = clock
  }

  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.monotonicMs()
    this.#paidUntilMs = Math.max(this.#paidUntilMs, nowMs - this.#burstMs) + bytes * this.#msPerByte
    const waitMs = this.#paidUntilMs - nowMs
    if (waitMs > 0) await this.#clock.sleep(waitMs, signal)
  }
}
