/** What a healer has done since it was made, for metrics. */
export interface HealCounts {
  /** Objects that were looked at because a peer was lost. */
  examined: number
  /** Objects of which something was rebuilt. */
  repaired: number
  shardsRebuilt: number
  /** Manifests, or copies of inline objects, brought to new homes. */
  manifestsBrought: number
  /** Bytes of shards that were read for repair, and sent. */
  readBytes: number
  sentBytes: number
  /** Attempts that failed; they are made again. */
  failures: number
  /** Repairs left to another peer that was already at it. */
  yielded: number
}

export interface HealStats extends Readonly<HealCounts> {
  /** Objects in the index of who keeps what. */
  readonly indexed: number
  /** Objects that wait for repair, or for a lost peer to come back. */
  readonly waiting: number
  /** Peers that count as lost. */
  readonly lostPeers: number
}

export function newHealCounts(): HealCounts {
  return {
    examined: 0,
    repaired: 0,
    shardsRebuilt: 0,
    manifestsBrought: 0,
    readBytes: 0,
    sentBytes: 0,
    failures: 0,
    yielded: 0
  }
}
