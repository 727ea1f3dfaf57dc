// Which connections become mesh links: some of the nearest, so that a message hops in milliseconds, and some at random, so
// that the near groups hang together. Only near ones make islands that far messages enter late.

import type { Random } from '../coordinate/index.ts'

/** Mesh links in all that a node chooses itself; the other end's choices come on top. Half of gossipsub's D = 8. */
export const CHOSEN_LINKS = 4

/** Of them, at random: 2 to 4 of a mesh of 8 keep the small-world property (Kleinberg, "The small-world phenomenon", 2000). */
export const LONG_LINKS = 2

export interface Connection<Id> {
  readonly peer: Id
  /** Measured or predicted round-trip time in milliseconds. */
  readonly rttMs: number
}

export interface MeshChoiceInit {
  readonly random: Random
  /** @default CHOSEN_LINKS */
  readonly links?: number
  /** @default LONG_LINKS */
  readonly long?: number
}

/** The peers to graft: the nearest first, then random ones of the rest. */
export function chooseMesh<Id>(
  connections: readonly Connection<Id>[],
  { random, links = CHOSEN_LINKS, long = LONG_LINKS }: MeshChoiceInit
): Id[] {
  const byDistance = nearestFirst(connections)
  const near = byDistance.splice(0, Math.max(0, links - long))
  const chosen = near
  for (let i = 0; i < long && byDistance.length > 0; i++) {
    chosen.push(...byDistance.splice(Math.floor(random() * byDistance.length), 1))
  }
  return chosen.map(({ peer }) => peer)
}

/**
 * The order in which copies of a large message leave: each waits for the uplink until those before it are sent, and a near
 * peer that has its copy early passes it on early.
 */
export const nearestFirst = <Id>(connections: readonly Connection<Id>[]): Connection<Id>[] =>
  [...connections].sort((a, b) => a.rttMs - b.rttMs)
