import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { hasProved } from '../audit/challenge.ts'
import type { ClientContext } from '../client/context.ts'
import { planRepair } from '../heal/policy.ts'
import { bringManifest, bringOtherLeases, leaseOfShard } from '../heal/repair.ts'
import type { LeasedObject } from '../heal/repair.ts'
import { surveyPeers } from '../heal/survey.ts'
import type { Survey } from '../heal/survey.ts'
import { manifestHomes } from '../placement/placement.ts'
import { Layout } from '../records/layout.ts'
import { neededShards } from '../records/manifest.ts'
import type { PlannedShard } from '../client/put/home-plan.ts'
import { copyShard, dropOwnShards, holdersOf, leasedObject } from '../spread/copies.ts'
import type { Bandwidth } from '../wire/bandwidth.ts'

export interface DrainResult {
  /** Why this node is still needed for the object; undefined when it is not. */
  readonly obstacle?: string
  readonly movedShards: number
  readonly movedBytes: number
}

const NOTHING_MOVED = { movedShards: 0, movedBytes: 0 }

/**
 * Brings what this node keeps of an object to other peers that stay. Drops its shards here once the others have proved that
 * they have them.
 *
 * @throws the signal's reason
 */
export async function drainObject(
  context: ClientContext,
  cid: CID,
  pace: Bandwidth,
  signal: AbortSignal
): Promise<DrainResult> {
  const object = await leasedObject(context, cid)
  // Nobody wants it any more.
  if (object === undefined) return NOTHING_MOVED
  const survey = await surveyStaying(context, object, signal)
  const manifestObstacle = await placeManifest(context, object, survey, signal)
  if (object.manifest.inline !== undefined) return { ...NOTHING_MOVED, obstacle: manifestObstacle }
  const held = (await context.holdings.heldShards(cid)).filter(({ badBlocks }) => badBlocks === 0)
  // Shards that no lessee asks for any more need no other peer.
  const own = held.map(({ shard }) => shard).filter((shard) => shard < object.manifest.n)
  const moved = await moveShards(context, object, own, survey, { pace, signal })
  const elsewhere = [...survey.holders, ...moved]
  const isMissing = own.some((shard) => !elsewhere.some((holder) => holder.shard === shard))
  const layout = new Layout(object.manifest)
  const counts = { movedShards: moved.length, movedBytes: moved.length * layout.shardBytes }
  if (isMissing) return { ...counts, obstacle: 'no peer could take its shard' }
  const unproved = await firstUnproved(context, object, own, elsewhere, signal)
  if (unproved !== undefined)
    return { ...counts, obstacle: `no peer has proved that it has shard ${unproved}` }
  if (manifestObstacle === undefined && held.length > 0) await dropOwnShards(context, object, signal)
  return { ...counts, obstacle: manifestObstacle }
}

/** What peers have that stay: neither this one nor others that are being drained. */
async function surveyStaying(
  context: ClientContext,
  object: LeasedObject,
  signal: AbortSignal
): Promise<Survey> {
  const { mesh } = context
  const { cid, manifest } = object
  const staying = new Map(mesh.placement().peers.map(({ id }) => [id.toString(), id]))
  staying.delete(mesh.self.toString())
  const known = manifest.inline === undefined ? await holdersOf(context, object) : new Map<string, PeerId>()
  const homes = manifestHomes(cid, manifest.n, [...mesh.placement().peers]).map(({ id }) => id)
  const asked = [...known.values(), ...homes].filter((peer) => staying.has(peer.toString()))
  return await surveyPeers(context, cid, asked, signal)
}

/** @returns why the manifest, or an inline object, is not yet where it should be */
async function placeManifest(
  context: ClientContext,
  object: LeasedObject,
  { keepers }: Survey,
  signal: AbortSignal
): Promise<string | undefined> {
  const { peers } = context.mesh.placement()
  const wanted = Math.min(object.manifest.n, peers.length)
  if (wanted === 0) return 'there is no other peer'
  if (keepers.length >= wanted) return undefined
  const added = await bringManifest(context, { ...object, isKept: false }, keepers, [], signal)
  const copies = keepers.length + added.length
  return copies < wanted ? `${copies} of ${wanted} peers took the manifest` : undefined
}

async function moveShards(
  context: ClientContext,
  object: LeasedObject,
  own: readonly number[],
  survey: Survey,
  { pace, signal }: { pace: Bandwidth; signal: AbortSignal }
): Promise<PlannedShard[]> {
  const { manifest } = object
  const k = neededShards(manifest)
  const { peers } = context.mesh.placement()
  const { homes } = planRepair(manifest.seed, { n: manifest.n, k }, survey.holders, peers, survey.damaged)
  const moved: PlannedShard[] = []
  for (const { shard, peer } of homes) {
    const isElsewhere = [...survey.holders, ...moved].some((holder) => holder.shard === shard)
    if (!own.includes(shard) || isElsewhere) continue
    await pace.take(new Layout(manifest).shardBytes, signal)
    const taken = await copyShard(context, object, shard, [peer], signal, { droppable: false })
    await bringOtherLeases(context, object, taken, signal, leaseOfShard(object.leases, shard))
    moved.push(...taken.map((holder) => ({ shard, peer: holder })))
  }
  return moved
}

/** One of the shards of which no peer gives a random block with its proof. */
async function firstUnproved(
  context: ClientContext,
  object: LeasedObject,
  shards: readonly number[],
  holders: readonly PlannedShard[],
  signal: AbortSignal
): Promise<number | undefined> {
  for (const shard of shards) {
    let isProved = false
    for (const { peer } of holders.filter((holder) => holder.shard === shard)) {
      if (isProved) break
      isProved = await hasProved(context, object, { shard, peer }, signal)
    }
    if (!isProved) return shard
  }
  return undefined
}
