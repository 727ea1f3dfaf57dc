import { hash } from 'node:crypto'
import type { IndexedObject } from '../heal/object-index.ts'
import { peersOf } from '../heal/object-index.ts'

// Who challenges whom in a round. Pure.

/** Peers that challenge each keeper of an object in a round. One of them may be away, or one may be a liar. */
export const AUDITORS = 2
/** Visits begin within this part of a round; the rest is for peers that were away. */
const VISIT_SHARE = 0.8

/**
 * The peers that `self` challenges for an object in a round. The keepers of the object stand in a ring, in an order that
 * every one of them computes alike and that is another in each round; each challenges those that follow it.
 *
 * @param isLive - peers that are away are left to repair
 */
export function targetsOf(
  object: IndexedObject,
  self: string,
  round: number,
  isLive: (peer: string) => boolean
): string[] {
  const cid = object.cid.toString()
  const ring = [...peersOf(object)]
    .filter((peer) => peer === self || isLive(peer))
    .map((peer) => ({ peer, draw: hash('sha256', `thhe/audit ${round} ${cid} ${peer}`, 'hex') }))
    .sort((a, b) => (a.draw < b.draw ? -1 : 1))
    .map(({ peer }) => peer)
  const at = ring.indexOf(self)
  if (at < 0) return []
  return Array.from(
    { length: Math.min(AUDITORS, ring.length - 1) },
    (_, i) => ring[(at + 1 + i) % ring.length]
  )
}

/** When `self` visits `peer` in a round, in milliseconds after its start: spread, so that no peer is visited by all at once. */
export function visitMs(self: string, peer: string, round: number, roundMs: number): number {
  const draw = Number.parseInt(hash('sha256', `thhe/visit ${round} ${self} ${peer}`, 'hex').slice(0, 8), 16)
  return (draw / 2 ** 32) * VISIT_SHARE * roundMs
}
