import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'

/** What a holder needs to keep the blocks that it was sent as a shard. */
export interface Commitment {
  readonly cid: CID
  /** dag-cbor */
  readonly manifest: Uint8Array
  /** A Signed lease of ours. */
  readonly lease: Uint8Array
}

/** One shard on its way to one holder, over the network or on this node's own disk. */
export interface ShardSink {
  readonly peer: PeerId
  /** Blocks that the holder kept of an earlier attempt. */
  readonly heldBlocks: number
  /** SHA-256 over their leaf hashes. */
  readonly heldDigest: Uint8Array
  /** Resolves when the holder is ready for more. Blocks come in order, the first is `heldBlocks`, or 0 after `restart`. */
  send: (index: number, block: Uint8Array, leaf: Uint8Array) => Promise<void>
  /** The holder kept other bytes: the next block is number 0. */
  restart: () => Promise<void>
  /** Resolves when the shard is durable at the holder. */
  commit: (commitment: Commitment) => Promise<void>
  /** Ends the upload; the holder keeps what has arrived for a later attempt. Idempotent; a no-op after `commit`. */
  abandon: (error: Error) => void
}

export interface SinkRequest {
  readonly peer: PeerId
  readonly shard: number
  /** The object's placement seed, 32 bytes. */
  readonly seed: Uint8Array
  /** Size of the shard, 0 when it is not known yet. */
  readonly expectedBytes: number
  /** What arrives is of no use once this node has ended. */
  readonly oneShot: boolean
  /** Of a shard of a hot object: the holder may drop it when the object has cooled down. @default false */
  readonly copy?: boolean
  /** It moves there from this node, which is fuller: the holder takes it at the pace of repair. @default false */
  readonly fill?: boolean
  /** Ends the upload, at any stage. */
  readonly signal: AbortSignal
}

/** @throws HologramError 'UNREACHABLE' | 'TIMEOUT' | 'REMOTE' | 'QUOTA' | 'PROTOCOL' */
export type SinkOpener = (request: SinkRequest) => Promise<ShardSink>
