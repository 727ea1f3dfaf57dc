import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { isHologramError } from '../../errors.ts'
import { MAX_LEASE_MS } from '../../records/lease.ts'
import { manifestHomes } from '../../placement/placement.ts'
import { uniquePeers } from '../context.ts'
import type { ClientContext } from '../context.ts'
import { locateManifest } from '../find/locate-manifest.ts'
import { decodeOwned } from './owned.ts'
import { keepLease, makeLease } from '../put/publish.ts'
import type { SignedLease } from '../put/publish.ts'
import { ShardMap } from '../find/shard-map.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** Whom a tombstone reached. */
export interface Withdrawal {
  /** Peers that keep the tombstone. */
  readonly confirmed: number
  /** Peers that did not answer: they keep the object until the lease they have runs out. */
  readonly unreachable: PeerId[]
}

/** Tells everybody who may keep the object on this node's behalf to let go, and forgets that it is this node's. */
export async function removeObject(
  context: ClientContext,
  cid: CID,
  signal: AbortSignal
): Promise<Withdrawal> {
  const { holdings } = context
  const owned = await holdings.getOwned(cid)
  const record = owned === undefined ? undefined : decodeOwned(owned)
  const lease = { sequence: record?.leaseSequence ?? 0, expiresAtMs: record?.leaseExpiresAtMs ?? 0 }
  const peers = [
    ...(record?.holders ?? []).map(({ peer }) => peer),
    ...(await likelyKeepers(context, cid, signal))
  ]
  const withdrawal = await withdraw(context, cid, lease, peers, signal)
  await holdings.deleteOwned(cid)
  return withdrawal
}

/** Sends a tombstone that ends `lease` to `peers`, and keeps it here. */
export async function withdraw(
  context: ClientContext,
  cid: CID,
  lease: Pick<SignedLease, 'sequence' | 'expiresAtMs'>,
  peers: Iterable<PeerId>,
  signal: AbortSignal
): Promise<Withdrawal> {
  const { mesh, objects, nowMs, settings } = context
  // It is to outlive the lease that it ends wherever that one is still passed around.
  const leaseMs = Math.max(settings.leaseMs, lease.expiresAtMs - nowMs()) + DAY_MS
  const tombstone = await makeLease(context, cid, {
    leaseMs: Math.min(leaseMs, MAX_LEASE_MS),
    after: lease.sequence,
    tombstone: true
  })
  await keepLease(context, cid, tombstone)
  const others = uniquePeers(peers).filter((peer) => !peer.equals(mesh.self))
  const putLease = Uint8Array.from(tombstone.signed)
  const answers = await Promise.allSettled(
    others.map(async (peer) => objects.request(peer, { putLease }, signal))
  )
  signal.throwIfAborted()
  return {
    confirmed: answers.filter(({ status }) => status === 'fulfilled').length,
    unreachable: others.filter((_, index) => isSilence(answers[index]))
  }
}

/** Shard holders as far as they can be found, and the homes of the manifest. */
async function likelyKeepers(context: ClientContext, cid: CID, signal: AbortSignal): Promise<PeerId[]> {
  const answer = await locateManifest(context, cid, signal)
  const homes = manifestHomes(cid, 2 * answer.manifest.n, context.mesh.peers()).map(({ id }) => id)
  if (answer.manifest.inline !== undefined) return homes
  return [...homes, ...[...new ShardMap(context, cid, answer).known()].flatMap(([, peers]) => peers)]
}

/** A peer that answered, whatever it said, has nothing of ours to let go of. */
function isSilence(answer: PromiseSettledResult<unknown>): boolean {
  return answer.status === 'rejected' && !isHologramError(answer.reason, 'REMOTE', 'QUOTA')
}
