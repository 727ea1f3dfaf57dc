import type { FanOutTiming } from './put/fan-out.ts'

/** Settings of the client side, with the network's code. Times are milliseconds. */
export interface ClientSettings {
  /** Data shards when a put names none; from the network descriptor. */
  readonly k: number
  /** Shards in all when a put names none; from the network descriptor. */
  readonly n: number
  /** Bytes of a full block; objects of many shards get smaller ones (`planPut`). */
  readonly blockBytes: number
  readonly leaseMs: number
  /** Coded bytes by which the slowest holder of a put may be behind the source. */
  readonly putWindowBytes: number
  /** Bytes that a get asks for ahead of its consumer. */
  readonly readAheadBytes: number
  /** Segments that are coded at the same time. */
  readonly codingDepth: number
  /** From dialling a peer to its first answer. */
  readonly openTimeoutMs: number
  /** One request of object/1, dialling included. */
  readonly requestTimeoutMs: number
  /** `stat` answers within this time, with what has arrived by then. */
  readonly statTimeoutMs: number
  readonly putTiming: FanOutTiming
  /** A reader asks a second holder after this time at the earliest. */
  readonly minHedgeMs: number
  /** A reader gives up a holder that delivers no block for this long. */
  readonly readStallTimeoutMs: number
  /** Peers to ask one by one when neither homes nor records lead to an object. */
  readonly maxSweep: number
  /**
   * Streams of put/1, streams of get/1 and requests of object/1 that this node has under way with one peer; the others wait
   * in line. Read at each use, so that a controller can move it.
   */
  readonly maxPerPeer: (peer: string) => number
  /** A holder that was never asked is judged by its distance; else by what is typical of the others. */
  readonly nearestFirst: boolean
}

/** A quarter of the streams that a holder takes from one peer: it counts a stream until both ends have closed it. */
const MAX_PER_PEER = 16

export const DEFAULT_SETTINGS: Omit<ClientSettings, 'k' | 'n'> = {
  blockBytes: 262_144,
  leaseMs: 30 * 24 * 60 * 60 * 1000,
  putWindowBytes: 12 * 2 ** 20,
  readAheadBytes: 6 * 2 ** 20,
  codingDepth: 3,
  openTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  statTimeoutMs: 3_000,
  putTiming: { stallTimeoutMs: 20_000, commitTimeoutMs: 60_000, patienceMs: 3_000 },
  minHedgeMs: 50,
  readStallTimeoutMs: 10_000,
  maxSweep: 64,
  maxPerPeer: () => MAX_PER_PEER,
  nearestFirst: true
}
