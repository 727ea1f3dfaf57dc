// The limits of the object protocols (docs/reference/protocols.md, "Limits"). Peers that exceed them are disconnected.
import { SIGNED_OVERHEAD_BYTES } from './signed.ts'

/** Names of the protocols, as `Mesh.protocol` takes them. */
export const PUT_PROTOCOL = 'put/1'
export const GET_PROTOCOL = 'get/1'
export const OBJECT_PROTOCOL = 'object/1'

/** Largest n of an object: one shard for each point of GF(2^8). */
export const MAX_SHARDS = 256
/** Largest block of a shard. */
export const MAX_BLOCK_BYTES = 2 ** 20
/** Largest encoded manifest: an inline object of 64 KiB, or 256 roots, with room for the parameters of a tensor. */
export const MAX_MANIFEST_BYTES = 1 << 17
/** Shards beyond those of its manifest that an object may be given later. */
export const MAX_ADDED_SHARDS = 64
/** Largest Lease message: network, id and lessee, four numbers, and the roots of added shards with their tags. */
export const MAX_LEASE_PAYLOAD_BYTES = 256 + MAX_ADDED_SHARDS * 34
/** Largest HolderStatement message: network, id, sequence and 32 shard numbers. */
export const MAX_STATEMENT_PAYLOAD_BYTES = 256
/** Largest Placement message: 512 holders of 47 bytes, the network and the id. */
export const MAX_PLACEMENT_PAYLOAD_BYTES = 32768

/** Audit path of a shard with 2^64 blocks. */
export const MAX_PATH_BYTES = 64 * 32
/** Blocks that one GetRequest may ask for. */
export const MAX_BLOCKS_PER_REQUEST = 64
/** GetRequests of one stream that may wait for their answers. */
export const MAX_PIPELINED_REQUESTS = 16
/** UTF-8 bytes of a reply's message for a person. */
export const MAX_MESSAGE_BYTES = 512
/** Signed holder statements in one message, and kept of one object. */
export const MAX_STATEMENTS = 64
/** Manifests in one request of object/1. */
export const MAX_MANIFESTS_PER_REQUEST = 32
/** Signed leases in one ObjectReply. */
export const MAX_LEASES_PER_REPLY = 64

export const MAX_SIGNED_LEASE_BYTES = MAX_LEASE_PAYLOAD_BYTES + SIGNED_OVERHEAD_BYTES
export const MAX_SIGNED_STATEMENT_BYTES = MAX_STATEMENT_PAYLOAD_BYTES + SIGNED_OVERHEAD_BYTES
export const MAX_SIGNED_PLACEMENT_BYTES = MAX_PLACEMENT_PAYLOAD_BYTES + SIGNED_OVERHEAD_BYTES

/** Tags, lengths and small fields of any message. */
const FIELDS_BYTES = 1024

export const MAX_PUT_FRAME_BYTES =
  Math.max(MAX_BLOCK_BYTES, MAX_MANIFEST_BYTES) + MAX_SIGNED_LEASE_BYTES + FIELDS_BYTES
export const MAX_PUT_REPLY_BYTES = MAX_MESSAGE_BYTES + FIELDS_BYTES
export const MAX_GET_REQUEST_BYTES = 128
export const MAX_GET_REPLY_BYTES = MAX_BLOCK_BYTES + MAX_PATH_BYTES + MAX_MESSAGE_BYTES + FIELDS_BYTES
export const MAX_OBJECT_REQUEST_BYTES =
  MAX_MANIFEST_BYTES +
  MAX_SIGNED_LEASE_BYTES +
  MAX_SIGNED_PLACEMENT_BYTES +
  MAX_STATEMENTS * (MAX_SIGNED_STATEMENT_BYTES + 4) +
  FIELDS_BYTES
/** Bytes of several manifests, with all that goes with them, that fit one request. */
export const MAX_MANIFESTS_BYTES = MAX_OBJECT_REQUEST_BYTES - FIELDS_BYTES
export const MAX_OBJECT_REPLY_BYTES =
  MAX_MANIFEST_BYTES +
  MAX_SIGNED_PLACEMENT_BYTES +
  MAX_LEASES_PER_REPLY * (MAX_SIGNED_LEASE_BYTES + 4) +
  MAX_SHARDS * 4 +
  MAX_STATEMENTS * (MAX_SIGNED_STATEMENT_BYTES + 4) +
  FIELDS_BYTES
