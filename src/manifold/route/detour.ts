// A detour through one relay where the direct path is much longer. 40 % of the pairs of PlanetLab have one that is 10 %
// shorter (Detour, Savage et al. 1999, and RON, Andersen et al. 2001, found the same).

import type { Edge } from './cost.ts'
import { edgeCostMs, heatStretch, RELAY_COST_MS } from './cost.ts'

/** A detour must promise to save this share: less is within the error of what we know. */
export const MIN_GAIN = 0.1

/** A detour must also save this, in milliseconds: a gain below a relay's own jitter is none. */
export const MIN_GAIN_MS = 2

/** Relays of a shortlist: their edges are measured before one of them is used, which costs two pings each. */
export const SHORTLIST = 8

export interface DetourInit extends Edge {
  readonly from: number
  readonly to: number
  /** Peers that could relay. */
  readonly relays: Iterable<number>
}

export interface Route {
  /** undefined: go straight. */
  readonly relay: number | undefined
  /** Expected round trip in milliseconds, relay included, stretched by heat. */
  readonly costMs: number
}

/** The relays that look best by what the map knows, the best first: coordinates, with measured edges laid over them. */
export function shortlistRelays(init: DetourInit, count = SHORTLIST): number[] {
  const best: { readonly relay: number; readonly costMs: number }[] = []
  for (const relay of init.relays) {
    if (relay === init.from || relay === init.to) continue
    const costMs = detourCostMs(init, relay)
    if (best.length === count && costMs >= best[count - 1].costMs) continue
    const place = best.findIndex((other) => costMs < other.costMs)
    best.splice(place < 0 ? best.length : place, 0, { relay, costMs })
    if (best.length > count) best.pop()
  }
  return best.map(({ relay }) => relay)
}

/**
 * The cheapest route of at most one relay; without a clear gain, the direct one. A relay counts only where both of its edges
 * are measured: a predicted edge is a guess, and a guess may be worse than the direct path.
 */
export function chooseRoute(init: DetourInit): Route {
  const { from, to, relays, measuredMs } = init
  const directMs = edgeCostMs(init, from, to)
  let best: Route = { relay: undefined, costMs: directMs }
  for (const relay of relays) {
    if (relay === from || relay === to) continue
    if (measuredMs(from, relay) === undefined || measuredMs(relay, to) === undefined) continue
    const costMs = detourCostMs(init, relay)
    if (costMs < best.costMs && costMs <= directMs * (1 - MIN_GAIN) && costMs <= directMs - MIN_GAIN_MS) {
      best = { relay, costMs }
    }
  }
  return best
}

const detourCostMs = (edge: DetourInit, relay: number): number =>
  edgeCostMs(edge, edge.from, relay) +
  RELAY_COST_MS * heatStretch(edge.heat(relay)) +
  edgeCostMs(edge, relay, edge.to)
