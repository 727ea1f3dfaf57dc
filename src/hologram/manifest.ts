/** One scale of a tensor, or the whole of a blob. */
export interface Layer {
  /** Blocks of a segment, i.e. shards needed to read the layer. */
  readonly k: number
  /** Stored bytes of the layer. */
  readonly length: number
}

/** What an object is and how its bytes lie on n shards; dag-cbor encoded, its CID is the object's id. */
export interface Manifest {
  /** Format version. */
  readonly version: 1
  readonly kind: 'blob' | 'tensor'
  /** Stored bytes: the sum of the layers' lengths. */
  readonly size: number
  /** Sealed by the client (docs/PROTOCOLS.md, "Sealing"); the key is in the link. */
  readonly sealed: boolean
  /** Code family, `encoder` id. */
  readonly code: 'rs8'
  readonly n: number
  /** Bytes of a full block. */
  readonly blockBytes: number
  readonly layers: readonly Layer[]
  /** RFC 9162 Merkle root of each shard, 32 bytes each; empty for an inline object. */
  readonly roots: readonly Uint8Array[]
  /** 32 bytes from which the shards' homes are computed. */
  readonly seed: Uint8Array
  /** SHA-256 of the stored bytes. */
  readonly digest: Uint8Array
  /** The bytes themselves when they fit one block. */
  readonly inline?: Uint8Array
  /** Set for tensors: element type, shape, per-layer transform parameters; dag-cbor, opaque here. */
  readonly tensor?: Uint8Array
}
