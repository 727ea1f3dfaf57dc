import type { CID } from 'multiformats/cid'

/** A part of an object that many small things share. */
export interface Slice {
  /** Of its first stored byte. */
  readonly start: number
  /** Bytes of the plaintext. */
  readonly plainBytes: number
}

/** Where the bytes of a file or of a node lie. */
export interface Place {
  readonly cid: CID
  /** Absent: the whole object, sealed as single files are (docs/reference/protocols.md, "Sealed objects"). */
  readonly slice?: Slice
  /** 32 bytes; absent where nothing is sealed. */
  readonly key?: Uint8Array
}
