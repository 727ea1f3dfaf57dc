import { createHash } from 'node:crypto'

const DOMAIN = new TextEncoder().encode('thhe/seed/1')

/**
 * The 32 bytes from which an object's shards are placed: SHA-256("thhe/seed/1" || first segment as stored, without
 * padding). Known when the first segment is, long before the object's id.
 */
export function placementSeed(firstSegment: Uint8Array): Uint8Array {
  return createHash('sha256').update(DOMAIN).update(firstSegment).digest()
}
