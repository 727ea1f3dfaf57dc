/** Limits on everything that a peer can make grow (docs/reference/protocols.md, "Agreed slots"). Bytes, unless it says otherwise. */
export const FIELD_LIMITS = {
  /** Value of a slot. */
  valueBytes: 64 * 1024,
  /** Items of a slot that is a set, and bytes of each. */
  setItems: 1024,
  itemBytes: 1024,
  /** Peers that a slot names as its writers. */
  writers: 16,
  /** One signed transaction: a value and what stands around it. */
  transactionBytes: 66 * 1024,
  /** Transactions of one round, and their bytes together. */
  batchTransactions: 4096,
  batchBytes: 1024 * 1024,
  /** A transaction is valid for at most so long, in milliseconds; each is tried once within that time. */
  lifetimeMs: 120_000,
  /** How far ahead of this node's clock a round may be closed, in milliseconds. */
  clockAheadMs: 10_000,
  /** Slots that one peer may own. */
  slotsPerOwner: 256,
  /** All slots whose ids begin with the same byte, encoded. There are 256 such buckets. */
  bucketBytes: 1024 * 1024,
  /** All slots, encoded: what every node keeps in memory. */
  stateBytes: 64 * 1024 * 1024,
  /** Transactions that wait for a round: of everybody, and of one author. */
  pending: 16_384,
  pendingBytes: 16 * 1024 * 1024,
  pendingPerAuthor: 2_048,
  pendingBytesPerAuthor: 2 * 1024 * 1024,
  /** A slot that nobody changes for so long is dropped at the next round, in milliseconds: 400 days. */
  idleMs: 400 * 24 * 60 * 60 * 1000,
  /** What is left of a removed slot is dropped after so long, in milliseconds: 7 days. */
  removedMs: 7 * 24 * 60 * 60 * 1000,
  /** Changes of each slot that a node remembers. */
  logEntries: 64
} as const

/** Rounds that peers may still ask about, as `Scp` keeps them. */
export const ROUNDS_KEPT = 12
/** Buckets of the state, by the first byte of a slot's id. */
export const BUCKETS = 256
export const HASH_BYTES = 32
