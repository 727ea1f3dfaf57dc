// The agreed map: peers with what they lend and how they were seen, and the round-trip times between them. Computed from a
// set of reports and the map before, in integers, so that every engine computes the same bytes.
// May not enter: floating point, a node's own measurements, anything but the arguments.
export { buildMap } from './build.ts'
export { decodeMap, encodeMap, MapError } from './encoding.ts'
export { MAP_LIMITS } from './types.ts'
export type { AgreedMap, MapEdge, MapPeer, MapReport, Sight } from './types.ts'
