import type { Clock } from '../../clock/index.ts'

/** A cap on a direction of traffic, shared by all who send or receive that way. */
export interface Bandwidth {
  /** Resolves when `bytes` more may pass. Rejects when `signal` fires first. */
  take(bytes: number, signal: AbortSignal): Promise<void>
}

/** The same pace; tells of each take how many bytes have passed. */
export const countedBandwidth = (pace: Bandwidth, onPassed: (bytes: number) => void): Bandwidth => ({
  take: async (bytes, signal) => {
    await pace.take(bytes, signal)
    onPassed(bytes)
  }
})

export interface TokenBucketInit {
  /** Read at each request, so that a controller can move it. Positive; Infinity for no cap. */
  readonly bytesPerSecond: () => number
  /** Bytes that may pass at once after a pause. @default a quarter of a second at the rate */
  readonly burstBytes?: number
  readonly clock: Clock
}

/** What repair may read a second, by its owner's keeper and by a healer, when nothing else is set. */
export const DEFAULT_REPAIR_BYTES_PER_SECOND = 8 * 2 ** 20

/** No cap. */
export const UNLIMITED: Bandwidth = { take: async () => {} }

/**
 * A token bucket that serves its callers in order. It delays a request that does not fit and never refuses one, so a
 * request may be larger than the burst. A new rate applies to requests that come after it.
 */
export class TokenBucket implements Bandwidth {
  readonly #bytesPerSecond: () => number
  readonly #burstBytes: number | undefined
  readonly #clock: Clock
  /** When all that has been asked for until now will have passed at the capped rate. */
  #paidUntilMs = -Infinity

  /** @throws {RangeError} when the rate is not positive */
  constructor({ bytesPerSecond, burstBytes, clock }: TokenBucketInit) {
    this.#bytesPerSecond = bytesPerSecond
    this.#burstBytes = burstBytes
    this.#clock = clock
    this.#rate()
  }

  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.monotonicMs()
    const rate = this.#rate()
    if (rate === Infinity) return
    const msPerByte = 1000 / rate
    const burstMs = (this.#burstBytes ?? rate / 4) * msPerByte
    this.#paidUntilMs = Math.max(this.#paidUntilMs, nowMs - burstMs) + bytes * msPerByte
    const waitMs = this.#paidUntilMs - nowMs
    if (waitMs > 0) await this.#clock.sleep(waitMs, signal)
  }

  #rate(): number {
    const rate = this.#bytesPerSecond()
    if (!(rate > 0)) throw new RangeError('A cap must be a positive number of bytes per second.')
    return rate
  }
}
