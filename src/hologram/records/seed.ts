import { createHash } from 'node:crypto'

const DOMAIN = new TextEncoder().encode('thhe/seed/1')

/**
 * The 32 bytes from which an object's shards are placed: SHA-256("thhe/seed/1" || first segment as stored, without
 * padding). Known when the first segment is, long before the object's id.
 */
export function placementSeed(firstSegment: Uint8Array): Uint8Array {
  return createHash('sha256').update(DOMAIN).update(firstSegment).digest()
}

const UPLOAD_DOMAIN = new TextEncoder().encode('thhe/upload/1')

/**
 * Under which a holder keeps the unfinished shards of an object: SHA-256("thhe/upload/1" || putter's peer id || seed).
 * The putter is part of it because a seed is no secret, and nobody shall spoil or hold up another's upload.
 *
 * @param putter - multihash bytes of the peer id
 */
export function uploadId(putter: Uint8Array, seed: Uint8Array): Uint8Array {
  return createHash('sha256').update(UPLOAD_DOMAIN).update(putter).update(seed).digest()
}
