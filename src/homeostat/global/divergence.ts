/** Shares below this count as this much, so that a peer without load costs no infinite divergence. */
const FLOOR = 1e-9

/** Non-negative numbers as shares of their sum; equal shares when the sum is 0. */
export function sharesOf(amounts: readonly number[]): number[] {
  const sound = amounts.map((amount) => (amount > 0 && amount < Infinity ? amount : 0))
  const sum = sound.reduce((a, b) => a + b, 0)
  return sum === 0 ? sound.map(() => 1 / sound.length) : sound.map((amount) => amount / sum)
}

/** KL(p || q) in nats: 0 when the shares are equal, never negative. Both lists in the same order. */
export function klDivergence(p: readonly number[], q: readonly number[]): number {
  if (p.length !== q.length) throw new RangeError('Two distributions over different sets cannot be compared.')
  const sum = p.reduce(
    (acc, share, i) => (share > 0 ? acc + share * Math.log(share / Math.max(q[i], FLOOR)) : acc),
    0
  )
  return Math.max(0, sum)
}

/** Largest load over mean load, each per unit of capacity; 1 when all carry the same. */
export function imbalance(loads: readonly number[]): number {
  const mean = loads.reduce((a, b) => a + b, 0) / loads.length
  return mean > 0 ? Math.max(...loads) / mean : 1
}
