import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { MeshPeer } from '../../src/hologram/index.ts'

/** Ids of peers that nobody runs. */
export async function peerIds(count: number): Promise<PeerId[]> {
  const keys = await Promise.all(Array.from({ length: count }, async () => generateKeyPair('Ed25519')))
  return keys.map((key) => peerIdFromPrivateKey(key))
}

/** A table of equals, each in its own failure domain. */
export async function meshPeers(count: number): Promise<MeshPeer[]> {
  const ids = await peerIds(count)
  return ids.map((id) => ({
    id,
    capacityBytes: 2 ** 30,
    freeBytes: 2 ** 30,
    reliabilityPpm: 1_000_000,
    failureDomain: id.toString()
  }))
}
