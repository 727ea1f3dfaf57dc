import type { ByteBudgetInit } from '../../../protocols/framing/index.ts'

/** Limits on the streams of one protocol. Functions are read at each new stream, so that a controller can move them. */
export interface StreamLimits {
  /**
   * On one connection; libp2p resets further streams. Above the limit of a peer, so that it is told BUSY first: streams that
   * are being closed count here, too.
   */
  readonly perConnection: number
  /** Of one peer, over all its connections; further streams are answered BUSY. */
  readonly perPeer: () => number
  /** Of all peers; further streams are answered BUSY. */
  readonly total: () => number
}

/** The settings of the holder side. Times are milliseconds. */
export interface HolderSettings {
  readonly put: StreamLimits
  readonly get: StreamLimits
  readonly object: StreamLimits
  /** Memory for requests that have begun to arrive; what is beyond is answered BUSY. */
  readonly unread: ByteBudgetInit
  /** A peer that owes us bytes, or does not take ours, for this long is cut off. */
  readonly idleTimeoutMs: number
  /** How long a peer may take to close its end when we are done. */
  readonly lingerMs: number
  /** What a peer that is told BUSY should wait. Read at each answer, so that a controller can move it. */
  readonly retryAfterMs: () => number
  /** Blocks read from disk ahead of the one being sent, in one stream. */
  readonly readAheadBlocks: number
  /** Merkle trees kept for audit paths, 64 bytes a block. */
  readonly treeCacheBytes: number
  /** Signed leases kept for one object, one a lessee. */
  readonly maxLeases: number
  /** Announcements in the DHT that may wait; what is more is left out. */
  readonly maxProvideBacklog: number
  /** Rest after an announcement in the DHT, as a multiple of the time it took. */
  readonly provideRestRatio: number
  /** Announcements of a row after which the rest is longer. */
  readonly providePromptCount: number
  /** The rest after these, likewise. */
  readonly provideBacklogRestRatio: number
  /** How long an object is here before it is announced in the DHT. */
  readonly provideDelayMs: number
}

export const DEFAULT_HOLDER_SETTINGS: HolderSettings = {
  put: { perConnection: 128, perPeer: () => 64, total: () => 128 },
  get: { perConnection: 128, perPeer: () => 64, total: () => 256 },
  object: { perConnection: 128, perPeer: () => 64, total: () => 1024 },
  unread: { totalBytes: 128 * 2 ** 20, perPeerBytes: 32 * 2 ** 20, minPerPeerBytes: 2 ** 19 },
  idleTimeoutMs: 30_000,
  lingerMs: 2_000,
  retryAfterMs: () => 1_000,
  readAheadBlocks: 4,
  treeCacheBytes: 64 * 2 ** 20,
  maxLeases: 64,
  maxProvideBacklog: 4096,
  provideRestRatio: 9,
  providePromptCount: 16,
  provideBacklogRestRatio: 199,
  provideDelayMs: 5_000
}
