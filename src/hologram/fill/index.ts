// Fill: moves shards from this node to emptier peers that are their homes now, so that a newcomer takes its share.
// May not enter: repair of what is lost, which goes first; how peers report their space; sockets, disks.
export { Filler, PROVEN_MS, type FillerComponents, type FillInit, type FillStats } from './filler.ts'
