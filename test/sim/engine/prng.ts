// Seeded randomness: one seed, one history. sfc32 (PractRand's small fast counter), seeded by splitmix32.

export class Prng {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number) {
    let state = seed >>> 0
    const splitmix = () => {
      state = (state + 0x9e3779b9) | 0
      let word = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
      word = Math.imul(word ^ (word >>> 15), 0x735a2d97)
      return word ^ (word >>> 15)
    }
    this.#a = splitmix()
    this.#b = splitmix()
    this.#c = splitmix()
    for (let i = 0; i < 12; i++) this.u32()
  }

  /** 0 to 2^32 - 1. */
  u32(): number {
    const word = (this.#a + this.#b + this.#counter++) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + word
    return word >>> 0
  }

  /** From 0 up to, not including, 1. */
  unit(): number {
    return this.u32() / 2 ** 32
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor(this.unit() * limit)
  }

  chance(probability: number): boolean {
    return probability > 0 && this.unit() < probability
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]
  }

  /** `count` different items, or all when there are fewer. */
  sample<T>(items: readonly T[], count: number): T[] {
    const pool = [...items]
    for (let i = 0; i < Math.min(count, pool.length); i++) {
      const j = i + this.below(pool.length - i)
      ;[pool[i], pool[j]] = [pool[j], pool[i]]
    }
    return pool.slice(0, count)
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.u32() & 0xff)
  }

  /** A generator of its own for one part of the world, so that a draw more in one part shifts no other. */
  fork(): Prng {
    return new Prng(this.u32())
  }
}
