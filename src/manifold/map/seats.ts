// Who has a seat in placement, and with which weight. Seats change seldom, since each change moves homes: a silent peer keeps
// its seat while it is on the map, and weights are reviewed every REVIEW_SLOTS with hysteresis.

import { mergeByLabel } from './domains.ts'
import { standingPpm } from './standing.ts'
import type { MapPeer, Seat } from './types.ts'
import { MIN_VOICES } from './witnesses.ts'

const FULL_PPM = 1_000_000
/** Slots between two reviews of the weights: ten minutes of epochs of 5 seconds. */
export const REVIEW_SLOTS = 120
/** A capacity that changes by less than a quarter moves nothing. */
const CAPACITY_CHANGE = { times: 5, by: 4 } as const
/** Reliability must fall to a quarter, or double, before it moves anything. */
const RELIABILITY_FALL = 4
const RELIABILITY_RISE = 2

export interface SeatContext {
  readonly slot: number
  readonly closedAtMs: number
  /** Places that saw the peer in this slot. */
  readonly voices: (peer: string) => number
  /** Places, other than the peer's own, that could have seen it. */
  readonly audience: (peer: string) => number
}

/** The peers with their seats, in the same order. */
export function assignSeats(peers: readonly MapPeer[], context: SeatContext): MapPeer[] {
  const isReview = context.slot % REVIEW_SLOTS === 0
  const domains = mergeByLabel(
    peers.map(({ id, seenIn, domain }) => ({
      domain: seenIn || `peer:${id}`,
      label: seenIn === '' ? '' : domain
    }))
  )
  return peers.map((peer, i) => {
    const due = dueSeat(peer, domains[i], context.closedAtMs)
    if (peer.capacityBytes === 0) return { ...peer, seat: undefined }
    if (peer.seat !== undefined) {
      return isReview && differs(peer.seat, due) ? { ...peer, seat: due } : peer
    }
    const needed = Math.min(MIN_VOICES, context.audience(peer.id))
    return context.voices(peer.id) < needed ? peer : { ...peer, seat: due }
  })
}

function dueSeat({ capacityBytes, failuresPpm, sinceMs }: MapPeer, domain: string, closedAtMs: number): Seat {
  const standing = standingPpm(closedAtMs - sinceMs)
  return {
    capacityBytes,
    reliabilityPpm: Math.max(1, Math.floor(((FULL_PPM - failuresPpm) * standing) / FULL_PPM)),
    domain
  }
}

function differs(seat: Seat, due: Seat): boolean {
  const { times, by } = CAPACITY_CHANGE
  return (
    seat.domain !== due.domain ||
    due.capacityBytes * by >= seat.capacityBytes * times ||
    due.capacityBytes * times <= seat.capacityBytes * by ||
    due.reliabilityPpm * RELIABILITY_FALL <= seat.reliabilityPpm ||
    due.reliabilityPpm >= seat.reliabilityPpm * RELIABILITY_RISE
  )
}

/** Whether placement by these peers would be the same. */
export function haveSameSeats(before: readonly MapPeer[], now: readonly MapPeer[]): boolean {
  const seats = (peers: readonly MapPeer[]): string =>
    peers
      .flatMap(({ id, seat }) =>
        seat === undefined ? [] : `${id} ${seat.capacityBytes} ${seat.reliabilityPpm} ${seat.domain}`
      )
      .join('\n')
  return seats(before) === seats(now)
}
