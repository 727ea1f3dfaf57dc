import { Inflation } from './inflation.ts'

/** What one observer measured of a peer. */
export interface Observation {
  /** Time to serve a block beyond the round trip, milliseconds; 0 when the observer has asked for none. */
  readonly serviceMs: number
  /** Share of its requests that failed, 0 to 1. */
  readonly failureRate: number
}

/** Service times of peers differ by this much without a queue: scheduling, garbage collection, one slow disk read. */
const FLOOR_MS = 20
/** A peer that fails this share of the requests of an observer is saturated for it. */
const SATURATED_FAILURE_RATE = 0.5

/** Turns what observers measured of peers into heat: each peer against its own baseline, over all observers. */
export class ObservedHeat {
  readonly #peers = new Map<string, Inflation>()
  readonly #maxPeers: number

  constructor(maxPeers = 4096) {
    this.#maxPeers = maxPeers
  }

  /** @returns the heat of the peer as each observer saw it, 0 to 1; observers that saw nothing are left out */
  of(peer: string, observations: readonly Observation[]): number[] {
    const service = this.#peers.get(peer) ?? new Inflation()
    this.#peers.delete(peer)
    this.#peers.set(peer, service)
    if (this.#peers.size > this.#maxPeers) this.#peers.delete(this.#peers.keys().next().value!)
    for (const { serviceMs } of observations) if (serviceMs > 0) service.sample(serviceMs)
    const base = service.baselineMs + FLOOR_MS
    return observations
      .filter(({ serviceMs, failureRate }) => serviceMs > 0 || failureRate > 0)
      .map(({ serviceMs, failureRate }) =>
        Math.min(1, Math.max(0, 1 - base / Math.max(base, serviceMs), failureRate / SATURATED_FAILURE_RATE))
      )
  }
}
