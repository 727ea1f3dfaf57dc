// Seeded randomness for simulations: one seed, one history. sfc32 (PractRand's small fast counter), seeded by splitmix32.

export interface Dice {
  /** From 0 up to, not including, 1. */
  readonly unit: () => number
  /** An integer from 0 to `limit` - 1. */
  readonly below: (limit: number) => number
  /** Normal with mean 0 and deviation 1 (Box and Muller). */
  readonly gaussian: () => number
  /** `count` different items, or all where there are fewer. */
  readonly sample: <T>(items: readonly T[], count: number) => T[]
  /** Dice of their own for one part of the world, so that one more throw there shifts no other. */
  readonly fork: () => Dice
}

export function seededDice(seed: number): Dice {
  let state = seed >>> 0
  const splitmix = (): number => {
    state = (state + 0x9e3779b9) | 0
    let word = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97)
    return word ^ (word >>> 15)
  }
  let [a, b, c, counter] = [splitmix(), splitmix(), splitmix(), 1]
  const u32 = (): number => {
    const word = (a + b + counter++) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + word
    return word >>> 0
  }
  for (let i = 0; i < 12; i++) u32()
  const unit = (): number => u32() / 2 ** 32
  const below = (limit: number): number => Math.floor(unit() * limit)
  return {
    unit,
    below,
    gaussian: () => Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit()),
    sample: (items, count) => {
      const pool = [...items]
      for (let i = 0; i < Math.min(count, pool.length); i++) {
        const j = i + below(pool.length - i)
        ;[pool[i], pool[j]] = [pool[j], pool[i]]
      }
      return pool.slice(0, count)
    },
    fork: () => seededDice(u32())
  }
}
