// Objects on the mesh: what an object is, where its shards live, and both ends of the protocols that move them.
// May not enter: sockets, disks and the wiring of a node, which come in as Mesh and Holdings; any other room's code.
export { TokenBucket, UNLIMITED, type Bandwidth, type TokenBucketInit } from './wire/bandwidth.ts'
export { isObjectCid } from './records/cid.ts'
export { HologramError, isHologramError, type HologramErrorCode, type HologramErrorData } from './errors.ts'
export type { AuditStats } from './audit/index.ts'
export type { ClientStats, OperationSink, PeerStats } from './client/index.ts'
export type { DrainStatus } from './drain/index.ts'
export type { FillStats } from './fill/index.ts'
export type { HealStats } from './heal/index.ts'
export type { HolderStats, ServiceName, ServiceWork } from './holder/context.ts'
export type { HologramLogger } from './logger.ts'
export { Holder, type HolderComponents } from './holder/holder.ts'
export { DEFAULT_HOLDER_SETTINGS, type HolderSettings, type StreamLimits } from './holder/settings.ts'
export { Hologram, type HologramComponents, type HologramInit } from './hologram.ts'
export type { Holdings, ShardReader, ShardSummary, ShardUpload, StoredLease, Usage } from './holdings.ts'
export { GET_PROTOCOL, PUT_PROTOCOL } from '../../protocols/limits.ts'
export { Layout, type Segment } from './records/layout.ts'
export { DEFAULT_LEASE_MS, MAX_LEASE_MS } from './records/lease.ts'
export {
  CODES,
  decodeManifest,
  encodeManifest,
  manifestCid,
  neededShards,
  type CodeName,
  type Layer,
  type Manifest
} from './records/manifest.ts'
export type { Mesh, MeshPeer } from './mesh.ts'
export type * from './objects.ts'
export type { SpreadStats } from './spread/index.ts'
export type { Steering } from './steering.ts'
export { isLocalAddress, networkPrefix } from './holder/network-prefix.ts'
export {
  copyHomes,
  homesOf,
  manifestHomes,
  placementWeight,
  type Homes,
  type PlacementPeer
} from './placement/placement.ts'
