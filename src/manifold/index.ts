// The manifold: where peers are in latency space, one map of all of them, and paths and trees that follow it. Pure: time,
// randomness and measurements come in from outside. May not import any other room.
export * from './coordinate/index.ts'
export * from './gossip/index.ts'
export * from './map/index.ts'
export * from './route/index.ts'
