// Signatures for simulated nodes. The simulator's Byzantine nodes sign only as themselves, so the cheap scheme
// is enough to tell who spoke; the benchmark swaps in Ed25519 to weigh the real thing.

import { createHash, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import type { NodeId } from '../../../fba/index.ts'

export interface SignatureScheme {
  sign(author: NodeId, bytes: () => Uint8Array): Uint8Array
  verify(author: NodeId, bytes: () => Uint8Array, signature: Uint8Array): boolean
}

const TAG = new TextEncoder().encode('signed-by-its-author-as-promised')

/** Costs nothing and proves nothing. */
export const trustingScheme: SignatureScheme = {
  sign: () => TAG,
  verify: (_author, _bytes, signature) => signature === TAG
}

/** Ed25519 with keys made on first use. */
export function ed25519Scheme(): SignatureScheme {
  const keys = new Map<NodeId, { publicKey: KeyObject; privateKey: KeyObject }>()
  const keysOf = (node: NodeId) => {
    let pair = keys.get(node)
    if (pair === undefined) keys.set(node, (pair = generateKeyPairSync('ed25519')))
    return pair
  }
  return {
    sign: (author, bytes) => sign(null, bytes(), keysOf(author).privateKey),
    verify: (author, bytes, signature) => verify(null, bytes(), keysOf(author).publicKey, signature)
  }
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}
