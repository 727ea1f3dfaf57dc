import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { uniquePeers } from '../context.ts'
import type { ClientContext } from '../context.ts'
import type { ShardHolder } from '../../records/placement-record.ts'
import type { FinishedObject } from './finished-object.ts'
import { keptSequence } from './kept-sequence.ts'
import { keepLease, makeLease } from './publish.ts'
import type { PlacedManifest, SignedLease } from './publish.ts'

/** Gives a lease to holders. @returns those that keep it now, and the highest sequence of our leases that any of them keeps */
export async function giveLease<H extends { readonly peer: PeerId }>(
  context: ClientContext,
  cid: CID,
  lease: SignedLease,
  holders: readonly H[],
  signal: AbortSignal
): Promise<{ takers: H[]; newestSequence: number }> {
  const { objects, logger } = context
  let newestSequence = 0
  const putLease = Uint8Array.from(lease.signed)
  const takers = new Set<string>()
  await Promise.all(
    uniquePeers(holders.map(({ peer }) => peer)).map(async (peer) => {
      try {
        const { leases } = await objects.request(peer, { putLease }, signal)
        const sequence = await keptSequence(context, cid, leases, lease)
        newestSequence = Math.max(newestSequence, sequence)
        if (sequence <= lease.sequence) takers.add(peer.toString())
      } catch (error) {
        signal.throwIfAborted()
        logger.debug('a holder did not take a new lease', { cid, peer, error })
      }
    })
  )
  return { takers: holders.filter(({ peer }) => takers.has(peer.toString())), newestSequence }
}

/** What is kept of an object after its manifest was placed, and under which lease. */
export interface Leased {
  readonly object: FinishedObject
  readonly holders: readonly ShardHolder[]
  readonly homes: readonly PeerId[]
}

/**
 * Where homes of the manifest keep a newer lease of ours than the one that was given to them, gives all holders one above it: a
 * clock that was set back, or a data folder that was lost, makes leases that holders ignore. Who does not take it does not count:
 * what a put acknowledges is kept as long as it says.
 */
export async function leaseAbove(
  context: ClientContext,
  object: FinishedObject,
  holders: readonly ShardHolder[],
  { kept, newestSequence }: PlacedManifest,
  leaseMs: number,
  signal: AbortSignal
): Promise<Leased> {
  const { cid, lease } = object
  if (newestSequence <= lease.sequence) return { object, holders, homes: kept }
  const above = await makeLease(context, cid, { leaseMs, after: newestSequence })
  context.logger.info('holders keep a newer lease of ours than the clock gives; the new one goes above it', {
    cid
  })
  await keepLease(context, cid, above)
  const peers = uniquePeers([...holders.map(({ peer }) => peer), ...kept]).map((peer) => ({ peer }))
  const { takers } = await giveLease(context, cid, above, peers, signal)
  const taken = new Set(takers.map(({ peer }) => peer.toString()))
  return {
    object: { ...object, lease: above },
    holders: holders.filter(({ peer }) => taken.has(peer.toString())),
    homes: kept.filter((peer) => taken.has(peer.toString()))
  }
}
