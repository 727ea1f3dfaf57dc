// How good coordinates are: error over all pairs, the ten nearest, and what a choice among sixteen costs.

import type { Dice } from './random.ts'

/** Nearest rank. @param sorted - ascending. @returns NaN where there is nothing */
export function quantileOf(sorted: ArrayLike<number>, share: number): number {
  const rank = Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))
  return sorted[rank] ?? NaN
}

export interface PairWorld {
  readonly nodes: readonly number[]
  /** True round-trip time in milliseconds, 0 where it is not known. */
  readonly rttMs: (from: number, to: number) => number
  readonly predictedMs: (from: number, to: number) => number
}

export interface RelativeError {
  readonly median: number
  readonly p90: number
}

/** |predicted - true| / true over all ordered pairs whose true time is known. */
export function relativeErrorOf({ nodes, rttMs, predictedMs }: PairWorld): RelativeError {
  const errors = new Float64Array(nodes.length * nodes.length)
  let count = 0
  for (const from of nodes) {
    for (const to of nodes) {
      const truth = from === to ? 0 : rttMs(from, to)
      if (truth > 0) errors[count++] = Math.abs(predictedMs(from, to) - truth) / truth
    }
  }
  const sorted = errors.subarray(0, count).sort()
  return { median: quantileOf(sorted, 0.5), p90: quantileOf(sorted, 0.9) }
}

/** Of the ten truly nearest of each node, the share that is among the ten predicted nearest. */
export function nearestRecall({ nodes, rttMs, predictedMs }: PairWorld, count = 10): number {
  let [hits, total] = [0, 0]
  for (const from of nodes) {
    const others = nodes.filter((to) => to !== from && rttMs(from, to) > 0)
    const nearest = (ms: (from: number, to: number) => number): number[] =>
      others
        .map((to) => ({ to, ms: ms(from, to) }))
        .sort((a, b) => a.ms - b.ms)
        .slice(0, count)
        .map(({ to }) => to)
    const predicted = new Set(nearest(predictedMs))
    const truth = nearest(rttMs)
    total += truth.length
    hits += truth.filter((to) => predicted.has(to)).length
  }
  return hits / total
}

/** Mean of how many milliseconds longer the predicted nearest of 16 random peers is than the truly nearest of them. */
export function bestOfPenaltyMs(
  { nodes, rttMs, predictedMs }: PairWorld,
  dice: Dice,
  of = 16,
  draws = 20
): number {
  let [sum, count] = [0, 0]
  for (const from of nodes) {
    const others = nodes.filter((to) => to !== from && rttMs(from, to) > 0)
    if (others.length === 0) continue
    for (let draw = 0; draw < draws; draw++) {
      const offered = dice.sample(others, of)
      const chosen = offered.reduce((best, to) =>
        predictedMs(from, to) < predictedMs(from, best) ? to : best
      )
      sum += rttMs(from, chosen) - Math.min(...offered.map((to) => rttMs(from, to)))
      count++
    }
  }
  return sum / count
}
