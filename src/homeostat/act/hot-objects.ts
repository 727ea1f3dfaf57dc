export interface HotObject {
  readonly key: string
  /** Bytes served in a period, smoothed over some of them. An upper bound when the table was full. */
  readonly bytes: number
}

/** Share of the past that a period keeps. */
const KEEP = 0.6

/**
 * The objects that are asked for most, in bounded memory: the space-saving algorithm (Metwally, Agrawal and El Abbadi, 2005).
 * A newcomer takes the place and the count of the least one, so that a hot object is never missed, only overrated.
 */
export class HotObjects {
  readonly #capacity: number
  readonly #bytes = new Map<string, number>()
  #total = 0

  constructor(capacity = 64) {
    this.#capacity = capacity
  }

  /** Bytes of all objects, smoothed likewise. */
  get totalBytes(): number {
    return this.#total
  }

  add(key: string, bytes: number): void {
    this.#total += bytes
    const known = this.#bytes.get(key)
    if (known !== undefined || this.#bytes.size < this.#capacity) {
      this.#bytes.set(key, (known ?? 0) + bytes)
      return
    }
    let least: readonly [string, number] = ['', Infinity]
    for (const entry of this.#bytes) if (entry[1] < least[1]) least = entry
    this.#bytes.delete(least[0])
    this.#bytes.set(key, least[1] + bytes)
  }

  bytesOf(key: string): number {
    return this.#bytes.get(key) ?? 0
  }

  /** The hottest first. */
  top(count: number): HotObject[] {
    return [...this.#bytes]
      .map(([key, bytes]) => ({ key, bytes }))
      .sort((a, b) => b.bytes - a.bytes || (a.key < b.key ? -1 : 1))
      .slice(0, count)
  }

  endPeriod(): void {
    this.#total *= KEEP
    for (const [key, bytes] of this.#bytes) {
      if (bytes * KEEP < 1) this.#bytes.delete(key)
      else this.#bytes.set(key, bytes * KEEP)
    }
  }
}
