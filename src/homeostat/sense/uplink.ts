/** Rates are measured over at least this long. */
const WINDOW_MS = 250
/** Writers that wait on average when it is the line that is full, and not one slow reader. */
const STALLED_WRITERS = 2
/** What is assumed of a line of which nothing is known: 100 Mbit/s. */
const FIRST_GUESS_BYTES_PER_SECOND = 12.5e6
/** A line on which nobody waits is at most this full. */
const FULL_WITHOUT_STALLS = 0.7
const GAIN = 0.25

/**
 * How full the uplink is. Nobody says how much it carries, so that is learnt: where several writers wait for room, the line
 * is full and carries what it carries now; where nobody waits, it carries more than now.
 */
export class Uplink {
  readonly #cap: () => number | undefined
  #capacity = FIRST_GUESS_BYTES_PER_SECOND
  #sinceMs: number
  #bytes = 0
  #waitedMs = 0
  #utilisation = 0

  /** @param cap - bytes a second that the node may send, where a setting says so */
  constructor(nowMs: number, cap: () => number | undefined = () => undefined) {
    this.#sinceMs = nowMs
    this.#cap = cap
  }

  /** Bytes a second that the line is believed to carry. */
  get capacityBytesPerSecond(): number {
    return Math.min(this.#capacity, this.#cap() ?? Infinity)
  }

  /** @param waitedMs - for which the writer of these bytes had to wait for room */
  noteSent(bytes: number, waitedMs: number, nowMs: number): void {
    this.#bytes += bytes
    this.#waitedMs += waitedMs
    this.#close(nowMs)
  }

  /** 0 to 1. */
  utilisation(nowMs: number): number {
    this.#close(nowMs)
    return this.#utilisation
  }

  #close(nowMs: number): void {
    const elapsedMs = nowMs - this.#sinceMs
    if (elapsedMs < WINDOW_MS) return
    const rate = (1000 * this.#bytes) / elapsedMs
    const isFull = this.#waitedMs / elapsedMs >= STALLED_WRITERS
    this.#sinceMs = nowMs
    this.#bytes = this.#waitedMs = 0
    if (isFull && rate > 0) this.#capacity += GAIN * (rate - this.#capacity)
    else this.#capacity = Math.max(this.#capacity, rate / FULL_WITHOUT_STALLS)
    this.#utilisation = isFull ? 1 : Math.min(1, rate / this.capacityBytesPerSecond)
  }
}
