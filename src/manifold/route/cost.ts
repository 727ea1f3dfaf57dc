// What a path costs: measured edges laid over predicted ones, stretched by the heat of the peer that it enters. Coordinates
// alone cannot express a detour, as their geodesics are straight; measured edges can.

/** Time that a relay takes to pass a message on, in milliseconds of round trip. */
export const RELAY_COST_MS = 1

/** Heat up to which a peer costs nothing; 1 is saturated. Queues grow as 1 / (1 - load) above (M/M/1). */
export const FREE_HEAT = 0.5

/** Heat above this is counted as this, so that a cost stays finite. */
export const MAX_COUNTED_HEAT = 0.95

export interface Edge {
  /** Measured round-trip time in milliseconds. @returns undefined where neither end measured it */
  readonly measuredMs: (from: number, to: number) => number | undefined
  readonly predictedMs: (from: number, to: number) => number
  /** Load of a peer, 0 to 1, as others observe it. */
  readonly heat: (peer: number) => number
}

/** By how much entering a peer of this heat stretches the way to it: 1 up to FREE_HEAT, then as queues grow. */
export function heatStretch(heat: number): number {
  const counted = Math.min(MAX_COUNTED_HEAT, Math.max(FREE_HEAT, heat))
  return (1 - FREE_HEAT) / (1 - counted)
}

/** Cost of going from one peer straight to another, in milliseconds of round trip. */
export function edgeCostMs(edge: Edge, from: number, to: number): number {
  return (edge.measuredMs(from, to) ?? edge.predictedMs(from, to)) * heatStretch(edge.heat(to))
}
