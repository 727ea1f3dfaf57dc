import type { PeerId } from '@libp2p/interface'

/** Why a lane ended before it was closed. */
export type LaneFailure =
  /** No connection, or it broke. */
  | 'unreachable'
  /** No block arrived in time. */
  | 'slow'
  /** A block that the shard's root does not prove, or an unexpected answer. */
  | 'lied'
  /** The peer says that it does not hold the shard, or can read nothing of it. */
  | 'missing'

export interface LaneListener {
  /** The next block of those asked for, verified against the shard's root. */
  onBlock: (lane: Lane, index: number, data: Uint8Array) => void
  /**
   * The peer cannot read one block of those asked for; the others still come.
   *
   * @param error - what it was, for the log
   */
  onBadBlock: (lane: Lane, index: number, error: unknown) => void
  /** @param error - what it was, for the log */
  onFailure: (lane: Lane, failure: LaneFailure, error: unknown) => void
  /** The peer is overloaded and may be asked again after `retryAfterMs`, or later; the lane is over. */
  onBusy: (lane: Lane, retryAfterMs: number) => void
}

/** Blocks that a peer cannot read, one after another, before its shard counts as lost. */
export const MAX_BAD_IN_A_ROW = 256

/**
 * Blocks of one shard from one peer: asked for in runs, delivered in the order of `outstanding`. A block that the peer
 * cannot read is reported and left out. Silent once closed.
 */
export interface Lane {
  readonly shard: number
  readonly peer: PeerId
  /** Indices asked for and not delivered, in the order of delivery. */
  readonly outstanding: readonly number[]
  /**
   * When the wait for the first outstanding block began, on the reader's clock; Infinity while the lane waits in line at
   * this end. Meaningless when none is outstanding.
   */
  readonly waitingSinceMs: number
  request: (first: number, count: number) => void
  close: () => void
}

/** Opens a lane without waiting: failure to reach the peer is reported to the listener. */
export type LaneOpener = (shard: number, peer: PeerId, listener: LaneListener) => Lane
