// The agreed map: peers with what they lend, where they are and how they were seen, their seats in placement, and the
// round-trip times between them. Computed from a set of reports and the map before, in integers, so that every engine computes
// the same bytes.
// May not enter: floating point, a node's own measurements, anything but the arguments.
export { buildMap } from './build.ts'
export { mapDelta, patchMap } from './delta.ts'
export { mergeByLabel } from './domains.ts'
export { decodeMap, encodeMap, MapError } from './encoding.ts'
export { MAX_RATE_MULTIPLE } from './heat.ts'
export { REVIEW_SLOTS } from './seats.ts'
export { NEWCOMER_PPM, standingPpm } from './standing.ts'
export { MAP_LIMITS } from './types.ts'
export type { AgreedMap, MapEdge, MapPeer, MapReport, Seat, Sight } from './types.ts'
export { predictRttMicros } from './whereabouts.ts'
export { MIN_VOICES } from './witnesses.ts'
