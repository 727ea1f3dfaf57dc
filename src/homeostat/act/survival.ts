/** Days until half of what was seen is forgotten. */
const HALF_LIFE_MS = 30 * 86_400_000
/** Failures in one domain within this time have one cause. */
const CORRELATION_MS = 120_000

/**
 * How probable it is that something fails within one period, as a Beta distribution: the conjugate prior of a yes-or-no
 * outcome (Gelman et al., "Bayesian Data Analysis", section 2.1). The prior is one failure in a hundred periods. Old
 * observations lose weight by a half-life, so that a repaired machine is trusted again.
 */
export class BetaPosterior {
  #failures: number
  #periods: number
  #atMs: number

  constructor(nowMs: number, { failures = 0.05, periods = 5 } = {}) {
    this.#failures = failures
    this.#periods = periods
    this.#atMs = nowMs
  }

  /** Mean probability of a failure in one period. */
  mean(nowMs: number): number {
    const { failures, periods } = this.#decayed(nowMs)
    return failures / periods
  }

  /** @param periods - that have passed, in parts if need be @param failures - that have happened in them */
  note(periods: number, failures: number, nowMs: number): void {
    const decayed = this.#decayed(nowMs)
    this.#failures = decayed.failures + failures
    this.#periods = decayed.periods + Math.max(periods, failures)
    this.#atMs = nowMs
  }

  #decayed(nowMs: number): { failures: number; periods: number } {
    const keep = 2 ** (-Math.max(0, nowMs - this.#atMs) / HALF_LIFE_MS)
    // The prior stays: with nothing seen for long, the estimate returns to it.
    return {
      failures: 0.05 + keep * (this.#failures - 0.05),
      periods: 5 + keep * (this.#periods - 5)
    }
  }
}

export interface SurvivalPeer {
  readonly id: string
  readonly domain: string
}

export interface SurvivalInit {
  /** Length of the period for which failures are predicted: how long a repair may take to begin and end. */
  readonly periodMs: number
}

/**
 * Learns from failures: which peers fail, and which failure domains fail as a whole. Peers of one domain that fail within two
 * minutes have failed once, together: the domain is blamed and the peers are not.
 */
export class Survival {
  readonly #init: SurvivalInit
  readonly #peers = new Map<string, BetaPosterior>()
  readonly #domains = new Map<string, BetaPosterior>()
  /** The first failure of each domain within the correlation time. */
  readonly #recent = new Map<string, { readonly atMs: number; readonly peer: string; blamed: boolean }>()

  constructor(init: SurvivalInit) {
    this.#init = init
  }

  /** Time has passed in which these peers did not fail. */
  notePresent(peers: readonly SurvivalPeer[], elapsedMs: number, nowMs: number): void {
    const periods = elapsedMs / this.#init.periodMs
    for (const { id } of peers) this.#peer(id, nowMs).note(periods, 0, nowMs)
    // A domain in which nothing has failed together is not suspected beyond its peers.
    for (const domain of new Set(peers.map((peer) => peer.domain)))
      this.#domains.get(domain)?.note(periods, 0, nowMs)
  }

  noteFailure({ id, domain }: SurvivalPeer, nowMs: number): void {
    const recent = this.#recent.get(domain)
    if (recent === undefined || nowMs - recent.atMs > CORRELATION_MS) {
      this.#recent.set(domain, { atMs: nowMs, peer: id, blamed: false })
      this.#peer(id, nowMs).note(0, 1, nowMs)
      return
    }
    if (recent.peer === id || recent.blamed) return
    recent.blamed = true
    // The first of them did not fail alone either.
    this.#peer(recent.peer, nowMs).note(0, -1, nowMs)
    getOrMake(this.#domains, domain, () => new BetaPosterior(nowMs)).note(0, 1, nowMs)
  }

  /** Probability that the peer alone fails in one period. */
  ofPeer(id: string, nowMs: number): number {
    return this.#peers.get(id)?.mean(nowMs) ?? new BetaPosterior(nowMs).mean(nowMs)
  }

  /** Probability that the whole domain fails in one period; 0 until it has failed once. */
  ofDomain(domain: string, nowMs: number): number {
    return this.#domains.get(domain)?.mean(nowMs) ?? 0
  }

  /** Probability that more than `spare` of the holders are lost in one period. */
  lossProbability(holders: readonly SurvivalPeer[], spare: number, nowMs: number): number {
    const byDomain = new Map<string, SurvivalPeer[]>()
    for (const holder of holders)
      byDomain.set(holder.domain, [...(byDomain.get(holder.domain) ?? []), holder])
    let lost = [1]
    for (const [domain, members] of byDomain) {
      const alone = members.reduce(
        (sum, { id }) => convolve(sum, [1 - this.ofPeer(id, nowMs), this.ofPeer(id, nowMs)]),
        [1]
      )
      const together = this.ofDomain(domain, nowMs)
      const mixed = alone.map((probability) => probability * (1 - together))
      mixed[members.length] += together
      lost = convolve(lost, mixed)
    }
    return lost.slice(spare + 1).reduce((sum, probability) => sum + probability, 0)
  }

  /**
   * The fewest spare shards with which the object survives one period with probability 1 - `target`.
   *
   * @param holders - of one shard each
   * @param most - no more than this many; the n - k of the code, for instance
   */
  neededSpare(holders: readonly SurvivalPeer[], target: number, most: number, nowMs: number): number {
    let spare = 0
    while (spare < most && this.lossProbability(holders, spare, nowMs) > target) spare++
    return spare
  }

  #peer(id: string, nowMs: number): BetaPosterior {
    return getOrMake(this.#peers, id, () => new BetaPosterior(nowMs))
  }
}

function convolve(a: readonly number[], b: readonly number[]): number[] {
  const sum = new Array<number>(a.length + b.length - 1).fill(0)
  a.forEach((x, i) => b.forEach((y, j) => (sum[i + j] += x * y)))
  return sum
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
