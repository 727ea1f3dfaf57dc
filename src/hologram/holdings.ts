import type { CID } from 'multiformats/cid'
import type { Uint8ArrayList } from 'uint8arraylist'

/** A lease on an object as a holder keeps it: the newest signed statement of one lessee. */
export interface StoredLease {
  /** Peer id (string form) whose signature the lease carries. */
  readonly lessee: string
  readonly sequence: bigint
  /** Milliseconds since the Unix epoch. */
  readonly expiresAtMs: number
  /** The lessee has let go of the object. */
  readonly tombstone: boolean
  /** The `Signed` message as it came, so that it can be passed on and verified again. */
  readonly signed: Uint8Array
}

/** What a peer says it holds of an object, as another peer keeps it. */
export interface StoredStatement {
  /** Peer id (string form) of the holder. */
  readonly holder: string
  readonly sequence: bigint
  /** The `Signed` message as it came. */
  readonly signed: Uint8Array
}

/** A shard that is still arriving. Blocks come in order; nothing is promised before `commit` resolves. */
export interface ShardUpload {
  /** Blocks that are durable from an earlier attempt: the sender goes on from here. */
  readonly blocksHeld: number
  /** Bytes in those blocks: a holder checks them against the layout once it knows the manifest. */
  readonly bytesHeld: number
  /** SHA-256 over the leaf hashes of the held blocks, so that the sender can tell whether they are its own. */
  readonly heldDigest: Uint8Array
  /** @throws StoreError 'QUOTA_EXCEEDED' | 'DISK_FULL' before anything of the block is kept */
  append: (block: Uint8Array | Uint8ArrayList, leaf: Uint8Array) => Promise<void>
  /** Leaf hashes of all blocks so far, 32 bytes each. */
  leaves: () => Uint8Array
  /** Throws away what is held and starts over at block 0. */
  reset: () => Promise<void>
  /** Makes the shard and the manifest durable (fsync of data, leaves, folder; then the index) and readable under `cid`. */
  commit: (cid: CID, manifest: Uint8Array) => Promise<void>
  /** Throws away what has arrived: nobody will go on with it. */
  abandon: () => Promise<void>
  /** Makes what has arrived durable for a later resume and releases the upload. Idempotent; a no-op after commit. */
  close: () => Promise<void>
}

/** A whole shard on disk. */
export interface ShardReader {
  readonly blocks: number
  /**
   * The bytes of one block, checked against its stored leaf hash.
   *
   * @throws StoreError 'CORRUPT' when the disk no longer holds this block; it is marked then, and the others can be read
   */
  read: (index: number, options?: { signal?: AbortSignal }) => Promise<Uint8Array>
  /**
   * Leaf hashes of all blocks, 32 bytes each.
   *
   * @throws StoreError 'CORRUPT' when they are damaged beyond mending; the shard is set aside then
   */
  leaves: () => Promise<Uint8Array>
  /**
   * Leaf hashes of `count` blocks from `first` on, as they are on disk: check them against a root.
   *
   * @param options.copy - prefer the second copies. @default false
   */
  leafRange: (first: number, count: number, options?: { copy?: boolean }) => Promise<Uint8Array>
  /** Roots of the aligned subtrees of 1,024 leaves, 32 bytes each; undefined when the disk does not have them. */
  subtreeRoots: () => Promise<Uint8Array | undefined>
  close: () => Promise<void>
}

/** A shard as its holder knows it. */
export interface HeldShard {
  readonly shard: number
  /** Blocks that are known to be damaged; the others are served. An upload of the shard replaces it. */
  readonly badBlocks: number
}

export interface ShardSummary {
  readonly cid: CID
  readonly shard: number
  readonly sizeBytes: number
  /** Blocks that are known to be damaged. */
  readonly badBlocks: number
}

export interface Usage {
  readonly quotaBytes: number
  readonly usedBytes: number
  /** What may still be accepted: the lesser of quota and disk, uploads in flight reserved. */
  readonly freeBytes: number
}

export interface KeepOptions {
  /** The record is this node's own user's: counted, but not refused by a quota that is meant for strangers. @default false */
  readonly own?: boolean
}

/** Who is charged for a shard. */
export interface Putter {
  /** Peer id in text. */
  readonly peer: string
  /** Where it comes from, as far as addresses say who belongs together. */
  readonly network: string
}

export interface UploadOptions {
  /** Bound by its share of the quota. @default nobody: this node's own user, who is not bound */
  readonly putter?: Putter
  /** Nobody can go on with the upload once its sender has ended, so it is kept for minutes, not for a day. @default false */
  readonly oneShot?: boolean
}

/** A shard that has not been committed. */
export interface UploadSummary {
  readonly shard: number
  readonly sizeBytes: number
  /** Milliseconds since the Unix epoch. */
  readonly touchedAtMs: number
  readonly oneShot: boolean
  /** Blocks are coming in. */
  readonly isOpen: boolean
}

/** What a collection did. */
export interface Collected {
  readonly freedBytes: number
  readonly removedObjects: number
  readonly removedUploads: number
  /** False: what has run out was kept, since the clock may be wrong. */
  readonly clockTrusted: boolean
}

/** What makes an object a peer's to keep, its shards aside. */
export interface KeptObject {
  /** dag-cbor */
  readonly manifest: Uint8Array
  /** A live lease. */
  readonly lease: StoredLease
  /** A placement record (a `Signed` message) and its sequence. */
  readonly placement?: { readonly record: Uint8Array; readonly sequence: bigint }
}

export interface KeepObjectOptions extends KeepOptions {
  /** Leases that one object may have. @default no limit */
  readonly maxLeases?: number
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number
}

export type KeepOutcome =
  | {
      readonly outcome: 'kept'
      /** What is kept of the lessee now: the lease given, or a later one. */
      readonly lease: Omit<StoredLease, 'lessee'>
    }
  /** The lessee has let go of the object since it signed this lease; nothing has been kept. */
  | { readonly outcome: 'ended' }
  /** The object has as many lessees as it may have, and this is another; nothing has been kept. */
  | { readonly outcome: 'too-many-leases' }

/**
 * What a peer keeps on disk for the mesh. Implemented by `src/store`; everything that resolves is durable.
 * All methods may be called concurrently; two uploads of the same shard are refused with 'UPLOAD_BUSY'.
 */
export interface Holdings {
  /**
   * Opens or resumes the upload of shard `shard` under the 32-byte `upload` id (the object's placement seed).
   * `blockSizes` tells nothing beforehand: block i's size is what `append` was given.
   *
   * @param expectedBytes - must fit now, though only a little of it is reserved; 0 when the size is not known beforehand
   * @throws StoreError 'QUOTA_EXCEEDED' | 'DISK_FULL' | 'UPLOAD_BUSY'
   */
  openUpload: (
    upload: Uint8Array,
    shard: number,
    expectedBytes: number,
    options?: UploadOptions
  ) => Promise<ShardUpload>
  /** Uploads under way, and those that were broken off. */
  listUploads: () => AsyncIterable<UploadSummary>
  /** Undefined when this peer does not hold that shard. */
  openShard: (cid: CID, shard: number) => Promise<ShardReader | undefined>
  /** Indices of the shards of `cid` held here, ascending; also of those with damaged blocks. */
  shardsOf: (cid: CID) => Promise<number[]>
  /** The shards of `cid` held here, ascending. */
  heldShards: (cid: CID) => Promise<HeldShard[]>
  listShards: () => AsyncIterable<ShardSummary>

  /**
   * Removes the shards of `cid` that are held here, from number `first` on; its manifest and records stay. Idempotent.
   *
   * @param first - default 0
   * @param isUnwanted - given the leases, none of which is kept between this answer and the removal. @default always
   */
  dropShards: (
    cid: CID,
    first?: number,
    isUnwanted?: (leases: readonly StoredLease[]) => boolean
  ) => Promise<void>

  /** Removes one shard of `cid` and keeps what else is here of it. Idempotent. */
  dropShard: (cid: CID, shard: number) => Promise<void>

  /**
   * Keeps a manifest (a manifest home, or an inline object), its lease and its placement record, all or none. Of lease and
   * record the newest stay, by sequence. Durable when resolved.
   *
   * @throws StoreError 'QUOTA_EXCEEDED' | 'DISK_FULL'
   */
  keepObject: (cid: CID, object: KeptObject, options: KeepObjectOptions) => Promise<KeepOutcome>
  getManifest: (cid: CID) => Promise<Uint8Array | undefined>
  /** The newest placement record by its sequence: a `Signed` message. */
  getPlacement: (cid: CID) => Promise<Uint8Array | undefined>

  /**
   * Keeps what a peer says it holds, the newest statement of each peer, beside a manifest that is kept here. The
   * newest `maxStatements` are kept.
   */
  putStatement: (cid: CID, statement: StoredStatement, maxStatements: number) => Promise<void>
  statements: (cid: CID) => Promise<StoredStatement[]>

  /** Objects whose manifest is kept here. */
  listObjects: () => AsyncIterable<CID>

  /**
   * Keeps the lease when its sequence is higher than that of the lessee's earlier one; says whether it was kept. A tombstone
   * frees the object's space at once when no other lease keeps it.
   */
  putLease: (cid: CID, lease: StoredLease, options?: KeepOptions) => Promise<boolean>
  leases: (cid: CID) => Promise<StoredLease[]>

  /** Objects this node's own user put, for `ls`, renewal and background completion; value is opaque to the store. */
  putOwned: (cid: CID, value: Uint8Array) => Promise<void>
  getOwned: (cid: CID) => Promise<Uint8Array | undefined>
  deleteOwned: (cid: CID) => Promise<void>
  /** The value of a damaged entry is undefined. */
  listOwned: () => AsyncIterable<{ cid: CID; value: Uint8Array | undefined }>

  usage: () => Promise<Usage>
  /**
   * Removes objects that no lease keeps (so put the lease before what it protects), leases past their usefulness, and
   * uploads that have been idle for too long. What has run out is kept for a day more, and for as long as the clock may be
   * wrong.
   *
   * @param nowMs - milliseconds since the Unix epoch. @default the clock's
   */
  collectGarbage: (nowMs?: number) => Promise<Collected>
}
