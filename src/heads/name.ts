import { peerIdFromCID } from '@libp2p/peer-id'
import { base36 } from 'multiformats/bases/base36'
import { CID } from 'multiformats/cid'
import type { PeerId } from '@libp2p/interface'

/** multicodec table: libp2p-key. */
const LIBP2P_KEY = 0x72

/** A name as text: the CID of its public key (libp2p-key) in base36, 'k51…', as IPNS writes names. */
export function formatName(name: PeerId): string {
  return name.toCID().toString(base36)
}

/** @returns undefined for text that is not the name of an Ed25519 key */
export function parseName(text: string): PeerId | undefined {
  try {
    const cid = CID.parse(text, base36)
    if (cid.version !== 1 || cid.code !== LIBP2P_KEY) return undefined
    const name = peerIdFromCID(cid)
    return name.type === 'Ed25519' ? name : undefined
  } catch {
    return undefined
  }
}
