import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { sha256 } from 'multiformats/hashes/sha2'

/** CIDv1, dag-cbor, sha2-256: 4 bytes of codes, then the hash. */
export const CID_BYTES = 36

/** The id of the object whose encoded manifest has this SHA-256. */
export function objectCid(manifestSha256: Uint8Array): CID {
  return CID.createV1(dagCbor.code, Digest.create(sha256.code, manifestSha256))
}

/** The object id in `bytes`, or undefined when they are anything else than one CIDv1 of dag-cbor under sha2-256. */
export function decodeObjectCid(bytes: Uint8Array): CID | undefined {
  if (bytes.byteLength !== CID_BYTES) return undefined
  try {
    const cid = CID.decode(bytes)
    return isObjectCid(cid) ? cid : undefined
  } catch {
    return undefined
  }
}

/** Whether `cid` can be the id of an object. */
export function isObjectCid(cid: CID): boolean {
  return (
    cid.version === 1 &&
    cid.code === dagCbor.code &&
    cid.multihash.code === sha256.code &&
    cid.multihash.digest.byteLength === 32
  )
}
