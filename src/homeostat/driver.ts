import type { Clock, RandomSource } from '../clock/index.ts'

/** What is known of one peer, this node included. */
export interface PeerLoad {
  readonly id: string
  /** Peers with the same value are expected to fail together. */
  readonly domain: string
  /** In proportion to what it can serve. Positive. */
  readonly capacity: number
  /** What it says of itself; undefined when it says nothing. */
  readonly reportedHeat: number | undefined
  /** What others say of it. */
  readonly observedHeat: readonly number[]
}

/** Something that the controller did, for the log, for `thhe events` and for the metrics. */
export interface HomeostatEvent {
  readonly kind: 'dilate' | 'contract' | 'refuse' | 'limit'
  /** A sentence for a person. */
  readonly reason: string
  /** The object, where there is one. */
  readonly object?: string
}

/** All that enters and leaves the controller. A node and the simulator implement it. */
export interface HomeostatDriver {
  readonly clock: Clock
  readonly random: RandomSource
  /** Share of the time since the last question in which the event loop was busy. */
  loopUtilisation(): number
  /** Bytes a second that the node may send; undefined without a limit. */
  uplinkCap(): number | undefined
  peers(): readonly PeerLoad[]
  /** Gives copies of this node's shard of the object to `copies` cool peers. Must not throw. */
  dilate(object: string, copies: number, reason: string): void
  /** Drops the copy of a shard that was taken for another holder, unless it is needed by now. Must not throw. */
  contract(object: string, reason: string): void
  note(event: HomeostatEvent): void
}
