// How likely objects are lost when many peers fail at the same moment, before anything can be repaired. Exact, no dice.

/** Natural logarithms of factorials, 0! to `largest`!. */
function logFactorials(largest: number): Float64Array {
  const logs = new Float64Array(largest + 1)
  for (let i = 2; i <= largest; i++) logs[i] = logs[i - 1] + Math.log(i)
  return logs
}

/**
 * Probability that an object of n shards at n of `peers` peers loses more than n - k of them when `failing` peers fail at once: the tail
 * of the hypergeometric distribution.
 */
export function lossChance(
  { k, n }: { readonly k: number; readonly n: number },
  { peers, failing }: { readonly peers: number; readonly failing: number }
): number {
  const log = logFactorials(peers)
  const choose = (all: number, some: number): number =>
    some < 0 || some > all ? -Infinity : log[all] - log[some] - log[all - some]
  let chance = 0
  for (let lost = n - k + 1; lost <= Math.min(n, failing); lost++) {
    chance += Math.exp(choose(n, lost) + choose(peers - n, failing - lost) - choose(peers, failing))
  }
  return chance
}

/** Probability that any of so many independent sets of peers is lost, each with this probability. */
export function anyChance(chance: number, sets: number): number {
  return -Math.expm1(sets * Math.log1p(-chance))
}
