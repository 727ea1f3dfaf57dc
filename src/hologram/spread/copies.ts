import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { leafHash } from '../../../encoder/index.ts'
import { signerOf } from '../client/context.ts'
import type { ClientContext } from '../client/context.ts'
import { RemoteSink } from '../client/put/remote-sink.ts'
import type { ShardSink, SinkRequest } from '../client/put/shard-sink.ts'
import { bringManifest, collectStatements, knownHolders, leaseOfShard } from '../heal/repair.ts'
import type { LeasedObject } from '../heal/repair.ts'
import { surveyPeers } from '../heal/survey.ts'
import type { CarriedLease } from '../heal/survey.ts'
import { homesOf, manifestHomes } from '../placement/placement.ts'
import { isLive, openLease } from '../records/lease.ts'
import { Layout } from '../records/layout.ts'
import { decodeManifest, neededShards } from '../records/manifest.ts'
import type { Manifest } from '../records/manifest.ts'
import { shapeOf } from '../records/shape.ts'
import { signHolderStatement } from '../records/holder-statement.ts'
import { survive } from '../client/survive.ts'
import { UNLIMITED } from '../wire/bandwidth.ts'
import type { Bandwidth } from '../wire/bandwidth.ts'

/** The object as this node keeps it; undefined when it does not, or when no lease keeps it alive. */
export async function leasedObject(context: ClientContext, cid: CID): Promise<LeasedObject | undefined> {
  const { holdings, mesh, clock } = context
  const bytes = await holdings.getManifest(cid)
  if (bytes === undefined) return undefined
  const leases: CarriedLease[] = []
  for (const { signed } of await holdings.leases(cid)) {
    if (signed.byteLength === 0) continue
    const lease = await openLease(mesh.networkId, signed, clock.nowMs()).catch((error: unknown) => {
      survive(context, 'lease', { cid, error })
    })
    if (lease !== undefined && isLive(lease, clock.nowMs())) leases.push({ ...lease, signed })
  }
  if (leases.length === 0) return undefined
  leases.sort((a, b) => b.expiresAtMs - a.expiresAtMs)
  const { manifest } = shapeOf(decodeManifest(bytes), leases)
  return { cid, manifest, bytes, leases, isKept: true, shunned: new Set() }
}

/** A whole shard of the object on this node's disk; undefined when there is none. */
export async function ownShard({ holdings }: ClientContext, cid: CID): Promise<number | undefined> {
  return (await holdings.heldShards(cid)).find(({ badBlocks }) => badBlocks === 0)?.shard
}

/** Everybody who is known or computed to have a shard of the object, as text. */
export async function holdersOf(
  context: ClientContext,
  { cid, manifest }: Pick<LeasedObject, 'cid' | 'manifest'>
): Promise<Map<string, PeerId>> {
  const { n, seed } = manifest
  const homes = homesOf(seed, n, neededShards(manifest), context.mesh.placement().peers).peers
  const peers = [
    context.mesh.self,
    ...(await knownHolders(context, cid)).map(({ peer }) => peer),
    ...homes.flatMap((home) => (home === undefined ? [] : [home.id]))
  ]
  return new Map(peers.map((peer) => [peer.toString(), peer]))
}

export interface CopyOptions {
  /** The peer may drop the copy when the object has cooled down. @default true */
  readonly droppable?: boolean
}

/**
 * Sends this node's own shard to `peers`, as it is: nothing is read from others and nothing is coded. Then tells the homes of
 * the manifest, where readers ask.
 *
 * @returns the peers that have it now
 */
export async function copyShard(
  context: ClientContext,
  object: LeasedObject,
  shard: number,
  peers: readonly PeerId[],
  signal: AbortSignal,
  { droppable = true }: CopyOptions = {}
): Promise<PeerId[]> {
  const { cid } = object
  const done = await Promise.all(
    peers.map(async (peer) => {
      try {
        await sendShard(context, object, { shard, peer, copy: droppable, signal })
        return [peer]
      } catch (error) {
        signal.throwIfAborted()
        survive(context, 'holder', { cid, peer, shard, error })
        return []
      }
    })
  )
  const holders = done.flat()
  if (holders.length === 0) return []
  const copies = holders.map((peer) => ({ shard, peer }))
  await tellHomes(context, object, await collectStatements(context, cid, copies, signal), signal)
  return holders
}

export interface ShardToSend extends Pick<SinkRequest, 'shard' | 'peer' | 'copy' | 'fill' | 'signal'> {
  /** Holds the work back, block by block. @default as fast as it goes */
  readonly pace?: Bandwidth
}

/** Sends a shard that this node keeps to a peer, as it is. @throws HologramError; StoreError; the signal's reason */
export async function sendShard(
  context: ClientContext,
  { cid, manifest, bytes, leases }: LeasedObject,
  { shard, peer, copy, fill, pace = UNLIMITED, signal }: ShardToSend
): Promise<void> {
  const { holdings, mesh, clock, settings } = context
  const layout = new Layout(manifest)
  const reader = await holdings.openShard(cid, shard)
  if (reader === undefined) throw new Error('the shard is gone')
  let sink: ShardSink | undefined
  try {
    sink = await RemoteSink.open(
      { mesh, clock },
      {
        peer,
        shard,
        seed: manifest.seed,
        expectedBytes: layout.shardBytes,
        oneShot: true,
        copy,
        fill,
        signal
      },
      {
        openTimeoutMs: settings.openTimeoutMs,
        sendTimeoutMs: settings.putTiming.stallTimeoutMs,
        commitTimeoutMs: settings.putTiming.commitTimeoutMs
      }
    )
    for (let index = 0; index < reader.blocks; index++) {
      const block = await reader.read(index, { signal })
      await pace.take(block.byteLength, signal)
      await context.caps.sending(peer, block.byteLength, signal)
      await sink.send(index, block, leafHash(block))
    }
    await sink.commit({ cid, manifest: bytes, lease: leaseOfShard(leases, shard).signed })
  } catch (error) {
    sink?.abandon(error as Error)
    throw error
  } finally {
    await reader.close()
  }
}

/** Brings signed statements of holders to the homes of the manifest. */
async function tellHomes(
  context: ClientContext,
  object: LeasedObject,
  statements: ReadonlyArray<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal
): Promise<void> {
  const homes = manifestHomes(object.cid, object.manifest.n, context.mesh.placement().peers)
  await bringManifest(
    context,
    object,
    homes.map(({ id }) => id),
    statements,
    signal
  )
}

/** Homes of an inline object that are beyond its own n: they are where a reader asks next when the first are busy. */
export function furtherHomes({ mesh }: ClientContext, cid: CID, { n }: Manifest, count: number): PeerId[] {
  return manifestHomes(cid, n + count, mesh.placement().peers)
    .slice(n)
    .map(({ id }) => id)
}

/** Keeps an inline object at further peers as well. @returns how many took it */
export async function copyInline(
  context: ClientContext,
  { cid, bytes, leases }: LeasedObject,
  peers: readonly PeerId[],
  signal: AbortSignal
): Promise<number> {
  const taken = await Promise.all(
    peers.map(async (peer) => {
      try {
        const none = new Uint8Array(0)
        const lease = Uint8Array.from(leases[0].signed)
        const putManifest = {
          manifest: Uint8Array.from(bytes),
          lease,
          placement: none,
          statements: [],
          quiet: true
        }
        await context.objects.request(peer, { putManifest }, signal)
        return 1
      } catch (error) {
        signal.throwIfAborted()
        survive(context, 'manifest-home', { cid, peer, error })
        return 0
      }
    })
  )
  return taken.reduce<number>((sum, one) => sum + one, 0)
}

/**
 * Drops this node's copy of a shard if somebody else has the same shard whole, and says so to the homes of the manifest.
 *
 * @returns false when the copy is the last one and stays
 */
export async function dropCopy(
  context: ClientContext,
  object: LeasedObject,
  signal: AbortSignal
): Promise<boolean> {
  const { cid } = object
  const { holdings, mesh } = context
  const held = await holdings.shardsOf(cid)
  const others = await holdersOf(context, object)
  others.delete(mesh.self.toString())
  const survey = await surveyPeers(context, cid, others.values(), signal)
  const elsewhere = new Set(survey.holders.map(({ shard }) => shard))
  // Not only this shard: with a part of the object missing, a copy may be what it is rebuilt from soonest.
  if (elsewhere.size < object.manifest.n || held.some((shard) => !elsewhere.has(shard))) return false
  await dropOwnShards(context, object, signal)
  return true
}

/** Drops this node's shards of an object, and says so to the homes of the manifest. */
export async function dropOwnShards(
  context: ClientContext,
  object: LeasedObject,
  signal: AbortSignal
): Promise<void> {
  const { holdings, mesh, clock } = context
  const { cid } = object
  await holdings.dropShards(cid)
  const gone = { cid, sequence: BigInt(clock.nowMs()), shards: [] }
  const statement = await signHolderStatement(mesh.networkId, gone, signerOf({ mesh }))
  await tellHomes(context, object, [Uint8Array.from(statement)], signal)
}
