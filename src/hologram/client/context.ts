import type { PeerId } from '@libp2p/interface'
import type { SegmentCodec } from '../../../encoder/index.ts'
import type { Clock, RandomSource } from '../../clock/index.ts'
import type { Signer } from '../../../protocols/signed.ts'
import type { Holdings } from '../holdings.ts'
import type { HologramLogger } from '../logger.ts'
import type { Mesh } from '../mesh.ts'
import type { Steering } from '../steering.ts'
import type { LineCaps } from '../wire/line-caps.ts'
import type { ClientCounts } from './counts.ts'
import type { BackgroundTasks } from './keep/background.ts'
import type { OwnedObjects } from './keep/owned-objects.ts'
import type { Attempts } from './put/attempts.ts'
import type { PeerExperience } from './find/experience.ts'
import type { ObjectClient } from './wire/object-client.ts'
import type { StreamLines } from './wire/stream-lines.ts'
import type { ClientSettings } from './settings.ts'

/** What every operation of the client side works with. */
export interface ClientContext {
  readonly mesh: Mesh
  readonly holdings: Holdings
  readonly codec: SegmentCodec
  readonly objects: ObjectClient
  readonly background: BackgroundTasks
  /** The records of what this node's user put. */
  readonly owned: OwnedObjects
  readonly experience: PeerExperience
  /** Puts that failed and may be resumed. */
  readonly attempts: Attempts
  /** Caps on the bytes of blocks that this node sends and reads itself. */
  readonly caps: LineCaps
  /** Where puts and gets wait for room at their peers. */
  readonly lines: StreamLines
  readonly settings: ClientSettings
  readonly logger: HologramLogger
  readonly counts: ClientCounts
  readonly clock: Clock
  readonly random: RandomSource
  /** Which holders are asked. */
  readonly steering: Steering
}

/** This node's key, for leases and placement records. */
export function signerOf({ mesh }: Pick<ClientContext, 'mesh'>): Signer {
  return { peer: mesh.self, sign: async (bytes) => mesh.sign(bytes) }
}

/** Peers without repetition, in order. */
export function uniquePeers(peers: Iterable<PeerId>): PeerId[] {
  const seen = new Map<string, PeerId>()
  for (const peer of peers) if (!seen.has(peer.toString())) seen.set(peer.toString(), peer)
  return [...seen.values()]
}
