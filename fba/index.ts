// The Stellar Consensus Protocol and quorum analysis: pure state machines behind one driver.
// No network, clock, randomness, disk or other room may enter: they come in through `ScpDriver`.

export { compareBallots, INFINITE_COUNTER } from './ballot-order.ts'
export type { BallotPhase } from './ballot-state.ts'
export { EncodingError } from './bytes.ts'
export * from './driver.ts'
export * from './encoding.ts'
export * from './errors.ts'
export * from './evidence.ts'
export * from './limits.ts'
export * from './persistence.ts'
export * from './proof.ts'
export * from './quorum-set.ts'
export * from './scp.ts'
export type { Slot, SlotOutcome } from './slot.ts'
export { areContradictory, isNewerStatement, isStatementSane, statementValues } from './statement.ts'
export * from './types.ts'
export * from './analysis/index.ts'
