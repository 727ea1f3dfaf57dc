// The vocabulary of the protocol: nodes, quorum sets, ballots, statements and signed envelopes.

/** Name of a node: 1 to 128 printable ASCII characters (in the network, a libp2p peer id). */
export type NodeId = string

/** SHA-256 digest as 64 lower-case hex digits. */
export type Hash = string

/**
 * What a node requires before it agrees: at least `threshold` of its `validators` and `innerSets` together. An inner set
 * counts as one entry if its own threshold is met. Nested to depth 4 at most.
 */
export interface QuorumSet {
  readonly threshold: number
  readonly validators: readonly NodeId[]
  readonly innerSets: readonly QuorumSet[]
}

/** A value to agree on: opaque bytes, ordered lexicographically (a prefix sorts first). */
export type Value = Uint8Array

/** Position of a decision in the sequence of decisions: 0 to 2^53 - 1. */
export type SlotIndex = number

/** An attempt at a value. Ordered by counter, then by value. */
export interface Ballot {
  /** 1 to 2^32 - 1; 2^32 - 1 means infinity. */
  readonly counter: number
  readonly value: Value
}

/** Votes and accepts to nominate values; both strictly ascending. */
export interface NominateStatement {
  readonly type: 'nominate'
  readonly nodeId: NodeId
  readonly slotIndex: SlotIndex
  readonly quorumSetHash: Hash
  readonly votes: readonly Value[]
  readonly accepted: readonly Value[]
}

/** Votes to prepare `ballot`; accepted `prepared` and `preparedPrime` as prepared; votes to commit c..h. */
export interface PrepareStatement {
  readonly type: 'prepare'
  readonly nodeId: NodeId
  readonly slotIndex: SlotIndex
  readonly quorumSetHash: Hash
  readonly ballot: Ballot
  readonly prepared: Ballot | undefined
  /** Highest ballot accepted as prepared that is below `prepared` and incompatible with it. */
  readonly preparedPrime: Ballot | undefined
  /** Counter of c, the lowest ballot voted to be committed; 0 for none. */
  readonly commitCounter: number
  /** Counter of h, the highest ballot confirmed as prepared; 0 for none. */
  readonly highCounter: number
}

/** Accepted `commitCounter`..`highCounter` of `ballot.value` as committed; votes for all above. */
export interface ConfirmStatement {
  readonly type: 'confirm'
  readonly nodeId: NodeId
  readonly slotIndex: SlotIndex
  readonly quorumSetHash: Hash
  readonly ballot: Ballot
  readonly preparedCounter: number
  readonly commitCounter: number
  readonly highCounter: number
}

/** Confirmed `commit`..`highCounter` as committed: the slot is decided for this node. */
export interface ExternalizeStatement {
  readonly type: 'externalize'
  readonly nodeId: NodeId
  readonly slotIndex: SlotIndex
  readonly commit: Ballot
  readonly highCounter: number
  /** The quorum set with which the node decided; from now on the node counts as a singleton. */
  readonly commitQuorumSetHash: Hash
}

export type BallotStatement = PrepareStatement | ConfirmStatement | ExternalizeStatement
export type Statement = NominateStatement | BallotStatement

/** A statement with its author's signature over `signedBytes` (docs/reference/protocols.md, "Signed bytes"). */
export interface Envelope<S extends Statement = Statement> {
  readonly statement: S
  readonly signature: Uint8Array
}
