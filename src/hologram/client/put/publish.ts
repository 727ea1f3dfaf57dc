import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import type { KeptObject, StoredLease } from '../../holdings.ts'
import { signLease, storedLease } from '../../records/lease.ts'
import type { LeasedShape } from '../../records/shape.ts'
import { manifestHomes } from '../../placement/placement.ts'
import { viewFor } from '../../placement/placement-view.ts'
import { MAX_CLOCK_SKEW_MS, openPlacement, signPlacement } from '../../records/placement-record.ts'
import type { ShardHolder } from '../../records/placement-record.ts'
import { signerOf } from '../context.ts'
import type { ClientContext } from '../context.ts'
import { survive } from '../survive.ts'
import { keptSequence } from './kept-sequence.ts'
import { isNoRoom } from './too-few-holders.ts'

/**
 * Homes of a manifest that announce it in the DHT. An announcement costs some twenty requests. Readers look there because
 * peers have joined and other peers are the homes now, not because the announcers have died.
 */
const ANNOUNCERS = 3
const FAR_FUTURE_MS = 2 ** 52

export interface SignedLease {
  readonly sequence: number
  readonly expiresAtMs: number
  readonly tombstone: boolean
  /** An encoded Signed message. */
  readonly signed: Uint8Array
}

export interface LeaseTerms {
  readonly leaseMs: number
  readonly after?: number
  readonly tombstone?: boolean
  readonly shape?: LeasedShape
}

/**
 * A lease, or a tombstone, that replaces this node's earlier ones: its sequence is the time, or one more than the highest
 * that is known. A clock that was set back must not make a lease that holders ignore.
 *
 * @param after - a sequence known from elsewhere
 * @param shape - the number of shards to ask for. @default as many as the manifest has
 */
export async function makeLease(
  context: ClientContext,
  cid: CID,
  { leaseMs, after = 0, tombstone = false, shape }: LeaseTerms
): Promise<SignedLease> {
  const nowMs = context.clock.nowMs()
  const sequence = Math.max(nowMs, after + 1, (await ownSequence(context, cid)) + 1)
  const lease = { cid, sequence: BigInt(sequence), expiresAtMs: nowMs + leaseMs, tombstone, shape }
  const signed = await signLease(context.mesh.networkId, lease, signerOf(context))
  return { sequence, expiresAtMs: lease.expiresAtMs, tombstone, signed }
}

/** Sequence of our newest statement on the object that is kept here; 0 when there is none. */
async function ownSequence({ holdings, mesh, owned, logger }: ClientContext, cid: CID): Promise<number> {
  const self = mesh.self.toString()
  const [leases, record] = await Promise.all([
    holdings.leases(cid),
    owned.read(cid).catch((error: unknown) => {
      logger.debug('the record of an object cannot be read for its last lease', { cid, error })
      return undefined
    })
  ])
  const lease = leases.find(({ lessee }) => lessee === self)
  return Math.max(Number(lease?.sequence ?? 0), record?.leaseSequence ?? 0)
}

export interface Publication {
  readonly cid: CID
  /** dag-cbor */
  readonly manifest: Uint8Array
  readonly lease: SignedLease
  readonly holders: readonly ShardHolder[]
}

/** The peers that have a manifest on disk, and why others do not. */
export interface PlacedManifest {
  readonly kept: PeerId[]
  /** The highest sequence of our leases that any of them keeps: over that of the lease given, they keep another one. */
  readonly newestSequence: number
  readonly failures: {
    readonly reasons: string[]
    /** Homes that refused for want of room. */
    readonly noRoom: number
  }
}

/** As `placeManifest`. @returns the homes that have it on disk */
export async function publishManifest(
  context: ClientContext,
  publication: Publication,
  count: number,
  signal: AbortSignal
): Promise<PeerId[]> {
  return (await placeManifest(context, publication, count, signal)).kept
}

/**
 * Brings the manifest, with a new placement record beside it where there are shards, to `count` of its homes: the first
 * ones that take it. This node keeps both as well, whether it is a home or not.
 */
export async function placeManifest(
  context: ClientContext,
  { cid, manifest, lease, holders }: Publication,
  count: number,
  signal: AbortSignal
): Promise<PlacedManifest> {
  const { mesh, objects, holdings, clock } = context
  const placement = await placementOf(context, cid, holders)
  const keepOwn = async (): Promise<void> => {
    const own = { manifest, lease: storedLeaseOf(context, cid, lease), placement }
    await holdings.keepObject(cid, own, { own: true, nowMs: clock.nowMs() })
  }
  const putManifest = {
    manifest: Uint8Array.from(manifest),
    lease: Uint8Array.from(lease.signed),
    placement: Uint8Array.from(placement?.record ?? []),
    statements: []
  }
  const ranked = manifestHomes(cid, 2 * count, viewFor(count, mesh).peers).map(({ id }) => id)
  const kept: PeerId[] = []
  const reasons: string[] = []
  let noRoom = 0
  let newestSequence = 0
  const place = async (quiet: boolean): Promise<void> => {
    for (let home = ranked.shift(); home !== undefined; home = ranked.shift()) {
      try {
        const { leases } = await objects.request(home, { putManifest: { ...putManifest, quiet } }, signal)
        newestSequence = Math.max(newestSequence, await keptSequence(context, cid, leases, lease))
        kept.push(home)
        return
      } catch (error) {
        // The next-ranked home stands in, unless nobody wants the result any more.
        signal.throwIfAborted()
        survive(context, 'manifest-home', { cid, peer: home, error })
        reasons.push(`${home.toString()}: ${(error as Error).message}`)
        if (isNoRoom(error)) noRoom++
      }
    }
  }
  await Promise.all([
    keepOwn(),
    ...Array.from({ length: Math.min(count, ranked.length) }, async (_, lane) => place(lane >= ANNOUNCERS))
  ])
  return { kept, newestSequence, failures: { reasons, noRoom } }
}

/** Keeps this node's own lease on its own disk. */
export async function keepLease(context: ClientContext, cid: CID, lease: SignedLease): Promise<void> {
  await context.holdings.putLease(cid, storedLeaseOf(context, cid, lease), { own: true })
}

function storedLeaseOf({ mesh }: ClientContext, cid: CID, lease: SignedLease): StoredLease {
  const { sequence, expiresAtMs, tombstone, signed } = lease
  const stated = { cid, lessee: mesh.self, sequence: BigInt(sequence), expiresAtMs, tombstone }
  return storedLease(stated, signed)
}

/** Sequence of our own placement record that is kept here; 0 when there is none. */
async function ownPlacementSequence({ holdings, mesh }: ClientContext, cid: CID): Promise<bigint> {
  const kept = await holdings.getPlacement(cid)
  if (kept === undefined) return 0n
  // A record that cannot be opened is replaced by the one that is being made; ours may lie in the future by this clock.
  const record = await openPlacement(mesh.networkId, kept, FAR_FUTURE_MS).catch(() => undefined)
  return record !== undefined && record.signer.equals(mesh.self) ? record.sequence : 0n
}

/** Undefined for an inline object, which has no shards. */
async function placementOf(
  context: ClientContext,
  cid: CID,
  holders: readonly ShardHolder[]
): Promise<KeptObject['placement']> {
  if (holders.length === 0) return undefined
  const nowMs = BigInt(context.clock.nowMs())
  const last = await ownPlacementSequence(context, cid)
  // As with leases, an older record than the last one would be ignored; but one from the future is refused.
  const isAhead = last >= nowMs && last < nowMs + BigInt(MAX_CLOCK_SKEW_MS)
  const sequence = isAhead ? last + 1n : nowMs
  const { networkId } = context.mesh
  return { sequence, record: await signPlacement(networkId, { cid, sequence, holders }, signerOf(context)) }
}
