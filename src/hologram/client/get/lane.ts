import type { PeerId } from '@libp2p/interface'

/** Why a lane ended before it was closed. */
export type LaneFailure =
  /** No connection, or it broke. */
  | 'unreachable'
  /** Nothing came for too long. */
  | 'slow'
  /** A block that does not belong under the shard's root, or an answer that was not asked for. */
  | 'lied'
  /** The peer says that it does not hold the shard, or can no longer read it. */
  | 'missing'

export interface LaneListener {
  /** The next block of those asked for, verified against the shard's root. */
  onBlock: (lane: Lane, index: number, data: Uint8Array) => void
  /** @param error - what it was, for the log */
  onFailure: (lane: Lane, failure: LaneFailure, error: unknown) => void
  /** The peer is overloaded and may be asked again after `retryAfterMs`; the lane is over. */
  onBusy: (lane: Lane, retryAfterMs: number) => void
}

/** Blocks of one shard from one peer: asked for in runs, delivered in the order of asking. Silent once closed. */
export interface Lane {
  readonly shard: number
  readonly peer: PeerId
  /** Indices asked for and not delivered, in the order of asking. */
  readonly outstanding: readonly number[]
  /** Since when the first outstanding block has been waited for, on the reader's clock; meaningless without one. */
  readonly waitingSinceMs: number
  request: (first: number, count: number) => void
  close: () => void
}

/** Opens a lane without waiting: failure to reach the peer is reported to the listener. */
export type LaneOpener = (shard: number, peer: PeerId, listener: LaneListener) => Lane
