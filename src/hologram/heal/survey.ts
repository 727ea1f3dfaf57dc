import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { Status } from '../../../protocols/generated/object.js'
import { isHologramError } from '../errors.ts'
import type { ClientContext } from '../client/context.ts'
import { uniquePeers } from '../client/context.ts'
import { survive } from '../client/survive.ts'
import { damagedShardsOf } from '../records/damaged-shards.ts'
import { isLive, openLease, storedLease } from '../records/lease.ts'
import type { Lease } from '../records/lease.ts'
import type { PlannedShard } from '../client/put/home-plan.ts'

/** A verified lease and the bytes in which it came. */
export interface CarriedLease extends Lease {
  readonly signed: Uint8Array
}

/** What the peers that answered have of one object. */
export interface Survey {
  /** Of whole shards. */
  readonly holders: readonly PlannedShard[]
  /** Of shards with damaged blocks. */
  readonly damaged: readonly PlannedShard[]
  /** Peers that keep the manifest. */
  readonly keepers: readonly PeerId[]
  /** Peers that are rebuilding the object now, and for how long already. */
  readonly repairers: ReadonlyArray<{ readonly peer: PeerId; readonly forMs: number }>
  /** The newest statement of each lessee that anybody knows; tombstones are among them. */
  readonly leases: readonly CarriedLease[]
}

/** Asks peers what they have of an object. Never rejects but for the signal. */
export async function surveyPeers(
  context: ClientContext,
  cid: CID,
  peers: Iterable<PeerId>,
  signal: AbortSignal
): Promise<Survey> {
  const { objects } = context
  const holders: PlannedShard[] = []
  const damaged: PlannedShard[] = []
  const keepers: PeerId[] = []
  const repairers: Array<{ peer: PeerId; forMs: number }> = []
  const leases = new Map<string, CarriedLease>()
  await Promise.all(
    uniquePeers(peers).map(async (peer) => {
      try {
        const reply = await objects
          .request(peer, { status: cid.bytes.slice() }, signal)
          .catch((error: unknown) => {
            if (!knowsNothing(error)) throw error
            return undefined
          })
        if (reply !== undefined) keepers.push(peer)
        const forMs = reply?.repairingMs ?? 0
        if (forMs > 0 && !peer.equals(context.mesh.self)) repairers.push({ peer, forMs })
        const bad = new Set(reply === undefined ? [] : damagedShardsOf(reply))
        for (const shard of reply?.shards ?? []) (bad.has(shard) ? damaged : holders).push({ shard, peer })
        // A peer that has let the object go still knows why.
        const said = reply ?? (await objects.request(peer, { getLeases: cid.bytes.slice() }, signal))
        for (const signed of said.leases) await takeLease(context, cid, peer, signed, leases)
      } catch (error) {
        signal.throwIfAborted()
        survive(context, 'question', { cid, peer, error })
      }
    })
  )
  return { holders, damaged, keepers, repairers, leases: [...leases.values()] }
}

function knowsNothing(error: unknown): boolean {
  return isHologramError(error, 'REMOTE') && error.data.status === Status.NOT_FOUND
}

async function takeLease(
  context: ClientContext,
  cid: CID,
  peer: PeerId,
  signed: Uint8Array,
  leases: Map<string, CarriedLease>
): Promise<void> {
  try {
    const lease = await openLease(context.mesh.networkId, signed, context.clock.nowMs())
    const key = lease.lessee.toString()
    const known = leases.get(key)
    if (!lease.cid.equals(cid) || (known !== undefined && known.sequence >= lease.sequence)) return
    leases.set(key, { ...lease, signed })
  } catch (error) {
    // Most often one that has run out.
    survive(context, 'lease', { cid, peer, error })
  }
}

/** Keeps here what others know of leases: a repair must not undo a tombstone that this node missed while it was away. */
export async function adoptLeases(
  { holdings }: ClientContext,
  cid: CID,
  leases: readonly CarriedLease[]
): Promise<void> {
  for (const lease of leases) await holdings.putLease(cid, storedLease(lease, lease.signed))
}

/** The leases that keep the object alive, the longest first. */
export function liveLeases({ clock }: ClientContext, leases: readonly CarriedLease[]): CarriedLease[] {
  return leases.filter((lease) => isLive(lease, clock.nowMs())).sort((a, b) => b.expiresAtMs - a.expiresAtMs)
}
