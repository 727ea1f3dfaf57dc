import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { isHologramError } from '../../errors.ts'
import { MAX_LEASE_MS } from '../../records/lease.ts'
import { manifestHomes } from '../../placement/placement.ts'
import { shapeOf } from '../../records/shape.ts'
import { uniquePeers } from '../context.ts'
import type { ClientContext } from '../context.ts'
import { locateManifest, noteSilence } from '../find/locate-manifest.ts'
import type { OwnedRecord } from './owned.ts'
import { keepLease, makeLease } from '../put/publish.ts'
import type { SignedLease } from '../put/publish.ts'
import { ShardMap } from '../find/shard-map.ts'

const DAY_MS = 24 * 60 * 60 * 1000

/** Which peers a tombstone reached. */
export interface Withdrawal {
  /** Peers that keep the tombstone. */
  readonly confirmed: number
  /** Peers that did not answer: they keep the object until the lease they have runs out. */
  readonly unreachable: PeerId[]
}

/**
 * Tells every peer that may keep the object on this node's behalf to let go, and forgets that it is this node's. Work
 * of the keeper for the object ends first, so that the tombstone is the last that is heard of it.
 *
 * @throws HologramError 'NOT_FOUND' when the object is not this node's and nobody that answers knows it
 */
export async function removeObject(
  context: ClientContext,
  cid: CID,
  signal: AbortSignal
): Promise<Withdrawal> {
  return context.owned.removing(cid, async () => {
    const { record, isOwned } = await readRecord(context, cid)
    const lease = {
      sequence: record?.leaseSequence ?? 0,
      expiresAtMs: Math.max(
        record?.leaseExpiresAtMs ?? 0,
        ...(record?.holders ?? []).map(({ leaseUntilMs }) => leaseUntilMs)
      )
    }
    const holders = (record?.holders ?? []).map(({ peer }) => peer)
    const others = await likelyKeepers(context, cid, signal).catch((error: unknown) => {
      // An owned object that nobody can be asked for is forgotten all the same.
      if (!isOwned || !isHologramError(error, 'NOT_FOUND')) throw error
      return []
    })
    return withdraw(context, cid, lease, [...holders, ...others], signal)
  })
}

/** A damaged record must not keep its object from being removed. */
async function readRecord(
  context: ClientContext,
  cid: CID
): Promise<{ record: OwnedRecord | undefined; isOwned: boolean }> {
  try {
    const record = await context.owned.read(cid)
    return { record, isOwned: record !== undefined }
  } catch (error) {
    context.counts.recordsDamaged++
    context.logger.warn('the record of an object that is being removed is damaged', { cid, error })
    return { record: undefined, isOwned: true }
  }
}

/** Sends a tombstone that ends `lease` to `peers`, and keeps it here. */
export async function withdraw(
  context: ClientContext,
  cid: CID,
  lease: Pick<SignedLease, 'sequence' | 'expiresAtMs'>,
  peers: Iterable<PeerId>,
  signal: AbortSignal
): Promise<Withdrawal> {
  const { mesh, objects, clock, settings, logger } = context
  // It must outlive the lease that it ends wherever that one is still passed around.
  const leaseMs = Math.max(settings.leaseMs, lease.expiresAtMs - clock.nowMs()) + DAY_MS
  const tombstone = await makeLease(context, cid, {
    leaseMs: Math.min(leaseMs, MAX_LEASE_MS),
    after: lease.sequence,
    tombstone: true
  })
  await keepLease(context, cid, tombstone)
  const others = uniquePeers(peers).filter((peer) => !peer.equals(mesh.self))
  const putLease = Uint8Array.from(tombstone.signed)
  // As a holder this node drops the shards that no other lessee asks for. It has nothing of most objects.
  await objects
    .request(mesh.self, { putLease }, signal)
    .catch((error: unknown) => noteSilence(context, cid, mesh.self, error))
  const answers = await Promise.allSettled(
    others.map(async (peer) => objects.request(peer, { putLease }, signal))
  )
  signal.throwIfAborted()
  const unreachable = others.filter((_, index) => isSilence(answers[index]))
  if (unreachable.length > 0) {
    const names = unreachable.map((peer) => peer.toString())
    logger.info('peers could not be told that an object is removed', { cid, peers: names })
  }
  return {
    confirmed: answers.filter(({ status }) => status === 'fulfilled').length,
    unreachable
  }
}

/** Shard holders as far as they can be found, and the homes of the manifest. */
async function likelyKeepers(context: ClientContext, cid: CID, signal: AbortSignal): Promise<PeerId[]> {
  const answer = await locateManifest(context, cid, signal)
  const manifest = shapeOf(answer.manifest, answer.leases).readable
  const homes = manifestHomes(cid, 2 * manifest.n, context.mesh.placement().peers).map(({ id }) => id)
  if (manifest.inline !== undefined) return homes
  return [
    ...homes,
    ...[...new ShardMap(context, cid, { ...answer, manifest }).known()].flatMap(([, peers]) => peers)
  ]
}

/** A peer that answered, whatever it said, has nothing of ours to let go of. */
function isSilence(answer: PromiseSettledResult<unknown>): boolean {
  return answer.status === 'rejected' && !isHologramError(answer.reason, 'REMOTE', 'QUOTA')
}
