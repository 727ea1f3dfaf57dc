import type { FixedCoordinate } from '../coordinate/index.ts'

/** What one peer saw of another since its last report. */
export interface Sight {
  readonly peer: string
  /** Round-trip time, microseconds; 1 to `MAP_LIMITS.maxRttMicros`. */
  readonly rttMicros: number
  /** Requests that failed, of a million. */
  readonly failuresPpm: number
  /** Time that it took to serve a block, without the round trip, microseconds; 0 when it served none. */
  readonly serviceMicros: number
  /** Rate at which it sent blocks; 0 when it sent none. */
  readonly kibPerSecond: number
  /** Failure domain in which it was seen; '' when it was not seen directly. */
  readonly domain: string
}

/** What the map takes from a signed report. */
export interface MapReport {
  readonly peer: string
  readonly sequence: number
  readonly issuedAtMs: number
  readonly capacityBytes: number
  readonly freeBytes: number
  /** Label of a failure domain; '' when the operator named none. */
  readonly domain: string
  /** Undefined while the peer has measured nothing. */
  readonly coordinate: FixedCoordinate | undefined
  /** Load as the peer feels it, parts per million. */
  readonly heatPpm: number
  /** What its operator allows, KiB per second; 0: no limit. */
  readonly upKibPerSecond: number
  readonly downKibPerSecond: number
  /** The peer says that it leaves. */
  readonly isLeaving: boolean
  /** At most `MAP_LIMITS.sights`, of different peers. */
  readonly sights: readonly Sight[]
}

/** A peer's part in placement. */
export interface Seat {
  readonly capacityBytes: number
  /** What counts of the capacity, parts per million: failures seen by others, and the time for which the peer is there. */
  readonly reliabilityPpm: number
  /** Peers with the same value are expected to fail together. */
  readonly domain: string
}

export interface MapPeer {
  readonly id: string
  readonly sequence: number
  readonly issuedAtMs: number
  /** Slot whose set had this peer's newest report. */
  readonly reportedInSlot: number
  readonly capacityBytes: number
  readonly freeBytes: number
  /** Label of a failure domain, as the peer reports it. */
  readonly domain: string
  /** When the map that first had the peer was closed. */
  readonly sinceMs: number
  /** Failure domain in which most places see it; '' while none does. */
  readonly seenIn: string
  /** Undefined while the peer has none. */
  readonly coordinate: FixedCoordinate | undefined
  /** Most of those who measured it find it elsewhere than it claims. */
  readonly isDoubted: boolean
  /** Load, parts per million. */
  readonly heatPpm: number
  /** Time to serve a block, as others observe it, microseconds; 0 while too few do. */
  readonly serviceMicros: number
  /** KiB per second; 0 when nothing is known. */
  readonly upKibPerSecond: number
  readonly downKibPerSecond: number
  /** Undefined while it has no part in placement. */
  readonly seat: Seat | undefined
  /** Median over those who saw it, of a million; 0 when nobody did. */
  readonly failuresPpm: number
  /** Peers that saw it. */
  readonly witnesses: number
}

/** The way between two peers, given by their places in the list of peers. */
export interface MapEdge {
  readonly from: number
  /** Greater than `from`. */
  readonly to: number
  readonly rttMicros: number
  /** 2 when both ends have measured it. */
  readonly witnesses: 1 | 2
}

export interface AgreedMap {
  readonly slot: number
  readonly closedAtMs: number
  /** Slot in which a seat last changed; 0 while there is none. */
  readonly era: number
  /** Ascending by id. */
  readonly peers: readonly MapPeer[]
  /** Ascending by `from`, then `to`. */
  readonly edges: readonly MapEdge[]
}

/** Peers on a map, and what a report may say of others. */
const MAX_PEERS = 500
const MAX_SIGHTS = 32

export const MAP_LIMITS = {
  peers: MAX_PEERS,
  sights: MAX_SIGHTS,
  /** As many as a report measures, so that no measured edge is ever left out. */
  edgesPerPeer: MAX_SIGHTS,
  /** With the longest texts and numbers such a map has 0.75 MB: less than the largest payload. */
  edges: MAX_PEERS * MAX_SIGHTS,
  /** A minute: longer than any way through the Internet, and shorter than what overflows a sum of a route. */
  maxRttMicros: 60_000_000,
  maxIdLength: 128,
  maxDomainLength: 64,
  /** `label:` or `peer:` and a label or an id. */
  maxSeatDomainLength: 134,
  /** A peer without a new report is kept for this many slots: a restart that is shorter moves no homes. */
  slotsToLive: 24,
  /** A coordinate follows its claim by at most this much a slot. */
  maxDriftMicros: 20_000,
  /**
   * An edge may at most double or halve from one slot to the next, and both ends have to insist: a lie moves the map slowly
   * (frog-boiling, Chan-Tin et al. 2009), and in the open.
   */
  maxEdgeFactor: 2
} as const
