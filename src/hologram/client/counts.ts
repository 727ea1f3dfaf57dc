/** What can fail in the middle of an operation that then goes on without it. */
export const SURVIVED = [
  /** A holder did not take its shard. */
  'holder',
  /** A home did not take the manifest. */
  'manifest-home',
  /** A peer did not say what it knows of an object. */
  'question',
  /** The DHT could not be asked. */
  'providers',
  /** A placement record is not in order. */
  'placement-record',
  /** A lease that a peer handed out is not in order. */
  'lease',
  /** A source of blocks of a shard failed. */
  'lane',
  /** A holder is busy, and is asked again. */
  'busy',
  /** A holder cannot read one block of its shard. */
  'block',
  /** A peer from which a lost shard was rebuilt failed; whole shards are read instead. */
  'helper',
  /** A holder did not give back a block of a shard that it had just acknowledged. */
  'read-back',
  /** Missing shards could not be rebuilt at once. */
  'top-up',
  /** A kept stream had ended, or could not be closed in order. */
  'stream',
  /** What an unfinished upload had on this node's disk could not be made durable. */
  'local-upload',
  /** A holder was not told to free an upload that nobody will resume. */
  'discard',
  /** Work in the background. */
  'background'
] as const

export type Survived = (typeof SURVIVED)[number]

/** What the client side has done since it was made, for metrics. */
export interface ClientCounts {
  /** Questions to holders that were not answered. */
  peersSilent: number
  checks: number
  /** Rounds of one object in which every holder took the new lease. */
  renewals: number
  /** Holders that did not take a new lease. */
  renewalsRefused: number
  /** Shards that were rebuilt because nobody had them. */
  shardsRebuilt: number
  /** Attempts to rebuild shards that failed. */
  rebuildsFailed: number
  /** Owned records that could not be read. */
  recordsDamaged: number
  /** Work on one object that failed, whatever it was. */
  failures: number
  /** Work in the background that failed. */
  backgroundFailures: number
  /** Failures that an operation went on from, by what failed. */
  readonly survived: Record<Survived, number>
}

export function newClientCounts(): ClientCounts {
  return {
    peersSilent: 0,
    checks: 0,
    renewals: 0,
    renewalsRefused: 0,
    shardsRebuilt: 0,
    rebuildsFailed: 0,
    recordsDamaged: 0,
    failures: 0,
    backgroundFailures: 0,
    survived: Object.fromEntries(SURVIVED.map((what) => [what, 0])) as Record<Survived, number>
  }
}
