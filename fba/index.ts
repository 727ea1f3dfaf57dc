// The Stellar Consensus Protocol and quorum analysis: pure state machines behind one driver.
// No network, clock, randomness, disk or other room may enter: they come in through `ScpDriver`.

export * from './types.ts'
export * from './quorum-set.ts'
