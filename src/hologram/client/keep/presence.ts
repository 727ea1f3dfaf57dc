import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { Status } from '../../../../protocols/generated/object.js'
import { isHologramError } from '../../errors.ts'
import { openLease } from '../../records/lease.ts'
import { damagedShardsOf } from '../../records/damaged-shards.ts'
import { uniquePeers } from '../context.ts'
import type { ClientContext } from '../context.ts'

/** What one peer says about an object of ours. */
export interface PeerAnswer {
  readonly peer: PeerId
  /** 'lacks': it answered and has nothing of the object. */
  readonly outcome: 'has' | 'lacks' | 'silent'
  readonly shards: readonly number[]
  /** Those of `shards` that have damaged blocks there. */
  readonly damaged: readonly number[]
  /** End of our lease that it keeps; 0 when it keeps none that runs, or a tombstone. */
  readonly leaseUntilMs: number
  /** Sequence of our newest statement that it knows; 0 when it knows none. */
  readonly sequence: number
}

/**
 * Asks peers what they have of an object, and which of our leases they keep. Never rejects but for the signal.
 *
 * @param timeoutMs - for each peer. @default that of a request
 */
export async function askPresence(
  context: ClientContext,
  cid: CID,
  peers: Iterable<PeerId>,
  signal: AbortSignal,
  timeoutMs?: number
): Promise<PeerAnswer[]> {
  const answers = await Promise.all(
    uniquePeers(peers).map(async (peer) => {
      try {
        return await ask(context, cid, peer, signal, timeoutMs)
      } catch (error) {
        context.counts.peersSilent++
        context.logger.debug('a holder did not say what it keeps', { cid, peer, error })
        const knowsNothing = isHologramError(error, 'REMOTE') && error.data.status === Status.NOT_FOUND
        const outcome = knowsNothing ? ('lacks' as const) : ('silent' as const)
        return { peer, outcome, shards: [], damaged: [], leaseUntilMs: 0, sequence: 0 }
      }
    })
  )
  signal.throwIfAborted()
  return answers
}

async function ask(
  { objects, mesh, clock }: ClientContext,
  cid: CID,
  peer: PeerId,
  signal: AbortSignal,
  timeoutMs?: number
): Promise<PeerAnswer> {
  const reply = await objects.request(peer, { status: cid.bytes.slice() }, signal, timeoutMs)
  const { shards, leases } = reply
  let leaseUntilMs = 0
  let sequence = 0
  for (const signed of leases) {
    // Leases that have run out, and those of others, say nothing about ours.
    const lease = await openLease(mesh.networkId, signed, clock.nowMs()).catch(() => undefined)
    if (lease === undefined || !lease.lessee.equals(mesh.self) || !lease.cid.equals(cid)) continue
    if (Number(lease.sequence) <= sequence) continue
    sequence = Number(lease.sequence)
    leaseUntilMs = lease.tombstone ? 0 : lease.expiresAtMs
  }
  return { peer, outcome: 'has', shards, damaged: damagedShardsOf(reply), leaseUntilMs, sequence }
}
