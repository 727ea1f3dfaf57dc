// Limits on everything that a peer can make grow. docs/reference/protocols.md lists them for other implementations.

/** Longest value. Values name larger payloads by their hash; nodes fetch them before a vote. */
export const MAX_VALUE_BYTES = 16 * 1024

/** Most values in the votes, and most in the accepted values, of one nomination. */
export const MAX_NOMINATION_VALUES = 32

export const MAX_SIGNATURE_BYTES = 128

/** Longest encoded statement: a nomination with both lists full of the longest values. */
export const MAX_STATEMENT_BYTES = 2 * MAX_NOMINATION_VALUES * (MAX_VALUE_BYTES + 4) + 1024

/** Nodes of the transitive quorum that are heard; those nearest to the local quorum set come first. */
export const MAX_QUORUM_NODES = 2000

/**
 * Bytes kept in one slot for all the nodes that one node of the local quorum set introduced. Two of the longest statements
 * of nodes at distance 2 fit.
 */
export const MAX_INTRODUCED_BYTES = 4 * 1024 * 1024 + 64 * 1024

/** Total nodes named by the quorum sets of the nodes that one node of the local quorum set introduced. */
export const MAX_INTRODUCED_SET_NODES = 32_000

/** Introducers recorded for one node: the node is heard while one of them has room. */
export const MAX_INTRODUCERS = 16

/** Quorum sets that one node can make us fetch at a time: the one it uses and the one it changes to. */
export const MAX_FETCHES_PER_NODE = 2

/** Quorum sets kept, beyond those in use at the last count, before the unused ones are dropped. */
export const MAX_UNUSED_QUORUM_SETS = 64

/** A ballot counter may not exceed this plus the age of its slot in seconds. */
export const COUNTER_ALLOWANCE = 1000

/** Transitions that one event may trigger; a correct implementation needs far fewer. */
export const MAX_TRANSITIONS_PER_EVENT = 50

/** Longest delay of a timer: above 2^31 - 1 ms the platform's timers fire at once. */
export const MAX_TIMER_MILLIS = 2 ** 31 - 1

/** Nomination rounds without a new leader that are skipped at a time. */
export const MAX_LEADERLESS_ROUNDS = 100
