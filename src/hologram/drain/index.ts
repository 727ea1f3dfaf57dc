// Drain: brings what this node keeps to other peers, so that it can be switched off.
// May not enter: why the node is drained, and how others hear of it; sockets, disks.
export { Drainer, type DrainerComponents, type DrainStatus } from './drainer.ts'
