import type { Cut } from './wedge/index.ts'
import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import type { CodeName, Layer, Manifest } from './records/manifest.ts'

/** How the bytes of a tensor fall into layers, which lie one after another in the source, coarse to fine. */
export interface TensorForm {
  /** k ascends; the last is the k of the whole object. Every layer has bytes, unless there is but one. */
  readonly layers: readonly Layer[]
  /** Element type, shape and how to put the layers together; opaque here, sealed by the client or not. */
  readonly parameters: Uint8Array
}

export interface PutOptions {
  /** Data shards. @default from the network descriptor */
  k?: number
  /** Shards in all. @default from the network descriptor */
  n?: number
  /** How parity is made: rs8p rebuilds one lost shard from fewer bytes. @default rs8 */
  code?: CodeName
  /** How many shards over k must be acknowledged for the put to succeed. @default ceil((n - k) / 2) */
  margin?: number
  /** Accept fewer than n shards when there are fewer than n peers (never fewer than k + margin). @default false */
  allowFewerShards?: boolean
  /** The bytes are sealed: noted in the manifest so that a reader without the key gets a clear answer. @default false */
  sealed?: boolean
  /** The bytes are the layers of a tensor. @default they are a blob */
  tensor?: TensorForm
  /** Name for `ls`; stays on this node. */
  name?: string
  /** @default 30 days */
  leaseMs?: number
  /**
   * The source cannot be read again, so that nobody can resume this put: holders free what has arrived as soon as it fails,
   * or, should this node end too, after minutes. @default false
   */
  oneShot?: boolean
  /** Names the attempt, so that `abandonPut` can drop what it left should it fail. Unique; at most 64 characters. */
  attempt?: string
  /** Expected number of bytes, for progress and early quota refusal; 0 or absent when unknown. */
  sizeHint?: number
  signal?: AbortSignal
  onProgress?: (progress: PutProgress) => void
}

export interface PutProgress {
  /** Bytes of the source taken in so far. */
  readonly readBytes: number
  /** Coded bytes handed to peers so far. */
  readonly sentBytes: number
  readonly shardsAcknowledged: number
}

export interface PutResult {
  readonly cid: CID
  readonly manifest: Manifest
  /** Shards (or replicas, for an inline object) acknowledged after fsync, with the peer that holds each. */
  readonly stored: ReadonlyArray<{ shard: number; peer: PeerId }>
  /** Shards without a holder yet; completed in the background. */
  readonly missing: ReadonlyArray<{ shard: number; reason: string }>
  /** How many holders may be lost now before the object is. */
  readonly tolerates: number
  /** Set when placement could not keep to the failure-domain cap, in words. */
  readonly warning?: string
  readonly codedBytes: number
}

export interface GetOptions {
  /** Half-open byte range of the stored bytes. @default everything */
  range?: { start: number; end: number }
  signal?: AbortSignal
}

export interface ObjectReader {
  readonly cid: CID
  readonly manifest: Manifest
  /** Bytes in order. Throws HologramError 'NOT_ENOUGH_SHARDS' (with how many are missing) and the like. */
  readonly bytes: AsyncIterable<Uint8Array>
}

/** An object whose manifest has been found: one look-up for all that is read of it. */
export interface OpenObject {
  readonly cid: CID
  readonly manifest: Manifest
  /**
   * The bytes of a half-open range of the stored bytes, in order, to be iterated once. Throws what `ObjectReader.bytes` does.
   *
   * @throws HologramError 'BAD_RANGE'
   */
  read: (options?: { readonly range?: { start: number; end: number } }) => AsyncIterable<Uint8Array>
}

export interface ShardStatus {
  readonly shard: number
  /** Undefined when nobody answers for it. */
  readonly peer?: PeerId
  readonly live: boolean
  /** The holder knows damaged blocks of it; repair puts it there again. */
  readonly damaged: boolean
}

export interface ObjectStat {
  readonly cid: CID
  /** With as many shards as the leases ask for, which may be others than were put (`reshape`). */
  readonly manifest: Manifest
  readonly shards: readonly ShardStatus[]
  readonly live: number
  /** Shards that live, but only with damaged blocks. */
  readonly damaged: number
  /** live - k of the layer with the largest k: below zero the object cannot be read in full. */
  readonly spare: number
  /** Peers that may hold something of the object, and how many of them answered in time. */
  readonly asked: number
  readonly answered: number
  /** When they were asked, in milliseconds since the Unix epoch. */
  readonly checkedMs: number
  /** Coded bytes / stored bytes. */
  readonly overhead: number
  readonly leases: ReadonlyArray<{ lessee: string; expiresAtMs: number; tombstone: boolean }>
  /**
   * The fewest hosts, and the fewest failure domains, whose loss makes it unreadable, among the holders that answered. Empty
   * when it is unreadable already.
   */
  readonly weakest: { readonly hosts: Cut; readonly domains: Cut }
  /** Peers that are rebuilding it now, and since when, in milliseconds since the Unix epoch. */
  readonly repairs: ReadonlyArray<{ readonly peer: PeerId; readonly sinceMs: number }>
}

/** How far a long piece of work on one object is. */
export interface CareProgress {
  readonly doneBytes: number
  readonly totalBytes: number
  /** What is going on, when it is not the usual. */
  readonly note?: string
}

export interface CareOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: CareProgress) => void
}

export interface VerifiedShard {
  readonly shard: number
  /** Undefined when no peer says that it has it. */
  readonly peer?: PeerId
  /**
   * 'whole': every block is right. 'damaged': the holder says that it cannot read some. 'wrong': it sent other bytes.
   * 'missing': it says that it has the shard, and does not. 'silent': it did not answer for all of it. 'lost': no peer has it.
   */
  readonly state: 'whole' | 'damaged' | 'wrong' | 'missing' | 'silent' | 'lost'
  /** Blocks that were read, or copies of an inline object. */
  readonly blocks: number
  readonly badBlocks: number
}

export interface VerifyReport {
  readonly cid: CID
  readonly manifest: Manifest
  /** In order; of an inline object its copies. */
  readonly shards: readonly VerifiedShard[]
  readonly whole: number
  /** whole - k of the layer with the largest k. */
  readonly spare: number
  readonly readBytes: number
}

export interface RepairReport {
  readonly cid: CID
  /**
   * 'whole': nothing was missing. 'repaired': all of it is there again. 'partial': some is still missing. 'ended': no lease
   * keeps the object. 'busy': another peer is still rebuilding it.
   */
  readonly outcome: 'whole' | 'repaired' | 'partial' | 'ended' | 'busy'
  /** Shards, or copies, over those that are needed, before. */
  readonly spareBefore: number
  readonly rebuilt: ReadonlyArray<{ readonly shard: number; readonly peer: PeerId }>
  /** Peers that were given the manifest, and with it an inline object. */
  readonly manifests: readonly PeerId[]
  readonly readBytes: number
  readonly sentBytes: number
}

export interface ReshapeReport {
  readonly cid: CID
  /** Shards that this node asked for before, and asks for now. */
  readonly before: number
  readonly n: number
  /** Shards that were made and sent; some of them may have been missing before. */
  readonly added: ReadonlyArray<{ readonly shard: number; readonly peer: PeerId }>
  /** Shards that this node does not ask for any more. */
  readonly dropped: readonly number[]
  /** Shards that no peer took; the keeper goes on with them. */
  readonly missing: number
  /** Peers that did not take the new lease; they keep to the old number until the lease that they have ends. */
  readonly unreachable: readonly PeerId[]
  readonly readBytes: number
  readonly sentBytes: number
}

export interface OwnedObject {
  readonly cid: CID
  readonly name: string
  readonly sizeBytes: number
  readonly sealed: boolean
  readonly k: number
  readonly n: number
  readonly createdAtMs: number
  /** Until when at least k shards, and the manifest, are leased. */
  readonly leaseExpiresAtMs: number
  /** Shards that no peer answered for at `checkedMs`; undefined when that is more than an hour ago. */
  readonly missing: number | undefined
  /** When the holders were last asked, in milliseconds since the Unix epoch; 0 for never. */
  readonly checkedMs: number
  /** In words, when the object is in danger: holders lost, a lease that is not renewed, a damaged record. */
  readonly warning?: string
}

export interface ListOptions {
  /** Ask the holders of every object first whether they have their shards. @default false */
  readonly check?: boolean
  readonly signal?: AbortSignal
}

/** What the node offers its user. Implemented by `hologram`, wired by `node`, served by `gateway`. */
export interface Objects {
  put: (source: AsyncIterable<Uint8Array>, options?: PutOptions) => Promise<PutResult>
  get: (cid: CID, options?: GetOptions) => Promise<ObjectReader>
  /** Finds an object, to read several ranges of it. `signal` ends the reading too. */
  open: (cid: CID, options?: { signal?: AbortSignal }) => Promise<OpenObject>
  /** Asks who holds what, for three seconds at most: a peer that has not answered by then counts as silent. */
  stat: (cid: CID, options?: { signal?: AbortSignal }) => Promise<ObjectStat>
  list: (options?: ListOptions) => AsyncIterable<OwnedObject>
  /** Reads every block of every shard from its holder, and checks it. What is wrong is repaired by those that keep the object. */
  verify: (cid: CID, options?: CareOptions) => Promise<VerifyReport>
  /** Rebuilds what is missing, now. */
  repair: (cid: CID, options?: CareOptions) => Promise<RepairReport>
  /**
   * Changes the number of shards of an object that was put through this node; its id stays. More shards are computed and sent
   * to further peers; fewer are kept once those that stay are whole.
   */
  reshape: (cid: CID, n: number, options?: CareOptions) => Promise<ReshapeReport>
  /**
   * Nobody will resume the put of this attempt: as far as they can be reached, holders free at once what they have of it.
   * Holders take this only from the node that put. Returns at once.
   */
  abandonPut: (attempt: string) => void
  /** Tombstones this node's lease at every reachable holder. Returns how many confirmed and who did not answer. */
  remove: (
    cid: CID,
    options?: { signal?: AbortSignal }
  ) => Promise<{ confirmed: number; unreachable: PeerId[] }>
}
