import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { hasProved } from '../audit/challenge.ts'
import { signerOf, uniquePeers } from '../client/context.ts'
import type { ClientContext } from '../client/context.ts'
import type { PlannedShard } from '../client/put/home-plan.ts'
import { askForManifest, noteSilence } from '../client/find/locate-manifest.ts'
import { survive } from '../client/survive.ts'
import { whenFree } from '../client/wire/when-free.ts'
import { bringManifest, bringOtherLeases, collectStatements, leaseOfShard } from '../heal/repair.ts'
import type { LeasedObject } from '../heal/repair.ts'
import { adoptLeases, surveyPeers } from '../heal/survey.ts'
import type { Survey } from '../heal/survey.ts'
import type { MeshPeer } from '../mesh.ts'
import { homesOf, manifestHomes } from '../placement/placement.ts'
import { signHolderStatement } from '../records/holder-statement.ts'
import { keptShape } from '../records/kept-shape.ts'
import { Layout } from '../records/layout.ts'
import { decodeManifest, neededShards } from '../records/manifest.ts'
import type { Manifest } from '../records/manifest.ts'
import { holdersOf, leasedObject, sendShard } from '../spread/copies.ts'
import type { Bandwidth } from '../wire/bandwidth.ts'

export interface Filling {
  /** Peers that are emptier than this one, by id. */
  readonly targets: ReadonlySet<string>
  /** Whether a target may be given so many bytes more. */
  readonly fits: (peer: string, bytes: number) => boolean
  /** Whether a peer has joined not long ago: of one object, newcomers are given at most half of the spare shards. */
  readonly isNewcomer: (peer: string) => boolean
  /** Targets that are known to keep the manifest, by id: they are not asked again. */
  readonly informed: ReadonlySet<string>
  /** Caps what is sent, and yields to what the user does. */
  readonly pace: Bandwidth
  readonly signal: AbortSignal
}

export interface FillResult {
  readonly moved: readonly PlannedShard[]
  /** Bytes of each shard. */
  readonly shardBytes: number
  /** New homes that were given the manifest, and with it an inline object. */
  readonly manifests: readonly PeerId[]
  /** Targets that are homes of the manifest and have it now. */
  readonly informed: readonly PeerId[]
  /** Targets that did not take a shard, or did not prove that they have it. This node keeps it then. */
  readonly failed: readonly PeerId[]
}

const NOTHING: FillResult = { moved: [], shardBytes: 0, manifests: [], informed: [], failed: [] }
/** Of the homes of a manifest that are no targets, so many bring it to the new ones: one is enough, the others may be away. */
const MANIFEST_GIVERS = 3
/** Homes of the manifest that are asked who keeps shards. */
const INFORMERS = 2

interface FillPlan {
  readonly manifest: Manifest
  /** Shards of this node whose computed home is a target. */
  readonly moves: readonly PlannedShard[]
  readonly shardBytes: number
  /** Targets that should keep the manifest. */
  readonly newHomes: readonly PeerId[]
  readonly perDomain: number
  /** Newcomers that are homes of shards. */
  readonly newcomers: readonly PeerId[]
}

/**
 * Moves this node's shards of an object to their computed homes where these are targets, and brings the manifest to targets that
 * are homes of it. A shard is dropped here only after its new holder has synced it and has proved a random block of it, and
 * only while all shards of the object are whole and the new holder has nothing else of it: as many peers may be lost as before.
 *
 * @throws the signal's reason; StoreError
 */
export async function fillObject(context: ClientContext, cid: CID, filling: Filling): Promise<FillResult> {
  const { signal } = filling
  const plan = await planFill(context, cid, filling)
  if (plan === undefined || plan.moves.length + plan.newHomes.length === 0) return NOTHING
  const survey = await surveyObject(context, cid, plan, signal)
  if (survey.repairers.length > 0) return NOTHING
  await adoptLeases(context, cid, survey.leases)
  const object = await leasedObject(context, cid)
  // Nobody wants it any more.
  if (object === undefined) return NOTHING
  const isWhole = distinct(survey.holders) >= object.manifest.n
  const { shardBytes } = plan
  const newcomers = new Set(survey.holders.map(({ peer }) => peer.toString()).filter(filling.isNewcomer))
  const maxNewcomers = Math.max(1, Math.floor((object.manifest.n - neededShards(object.manifest)) / 2))
  const moved: PlannedShard[] = []
  const failed: PeerId[] = []
  for (const move of isWhole ? plan.moves : []) {
    if (!isBetterThere(context, move, survey, plan.perDomain)) continue
    const isToNewcomer = filling.isNewcomer(move.peer.toString())
    if (isToNewcomer && newcomers.size >= maxNewcomers) continue
    if (!filling.fits(move.peer.toString(), shardBytes)) continue
    if (!(await giveShard(context, object, move, filling))) {
      failed.push(move.peer)
      continue
    }
    // Others may have given shards to newcomers at the same moment: then all keep what they have.
    if (isToNewcomer && (await newcomersWith(context, cid, plan, move, signal)) >= maxNewcomers) continue
    await context.holdings.dropShard(cid, move.shard)
    moved.push(move)
    if (isToNewcomer) newcomers.add(move.peer.toString())
  }
  const news = moved.length === 0 ? [] : await statementsOf(context, cid, moved, signal)
  const keepers = [context.mesh.self, ...survey.keepers, ...moved.map(({ peer }) => peer)]
  const lacks = plan.newHomes.some((home) => !keepers.some((keeper) => keeper.equals(home)))
  const manifests =
    lacks || news.length > 0 ? await bringManifest(context, object, keepers, news, signal) : []
  await tellKeepers(context, object, survey, news, signal)
  const have = [...keepers, ...manifests]
  const informed = plan.newHomes.filter((home) => have.some((peer) => peer.equals(home)))
  return { moved, shardBytes, manifests, informed, failed }
}

/** What this node would move by the table of peers alone; undefined when it does not keep the object. */
async function planFill(
  context: ClientContext,
  cid: CID,
  { targets, fits, isNewcomer, informed }: Filling
): Promise<FillPlan | undefined> {
  const { holdings, mesh, clock } = context
  const bytes = await holdings.getManifest(cid)
  if (bytes === undefined) return undefined
  const shape = await keptShape({ holdings, nowMs: () => clock.nowMs() }, cid, decodeManifest(bytes))
  const { manifest } = shape
  const { n, seed } = manifest
  const { peers } = mesh.placement()
  const isTarget = ({ id }: MeshPeer): boolean => targets.has(id.toString())
  const ranked = manifestHomes(cid, 2 * n, peers)
  const givers = ranked.filter((home) => !isTarget(home)).slice(0, MANIFEST_GIVERS)
  const isGiver = givers.some(({ id }) => id.equals(mesh.self))
  const newHomes = (isGiver ? ranked.slice(0, n).filter(isTarget) : [])
    .map(({ id }) => id)
    .filter((id) => !informed.has(id.toString()))
  const { shardBytes } = new Layout(manifest)
  const without = { manifest, moves: [], shardBytes, newHomes, perDomain: n, newcomers: [] }
  if (manifest.inline !== undefined) return without
  const held = (await holdings.heldShards(cid)).filter(({ badBlocks, shard }) => badBlocks === 0 && shard < n)
  if (held.length === 0) return without
  const homes = homesOf(seed, n, neededShards(manifest), peers)
  const moves = held.flatMap(({ shard }) => {
    const home = homes.peers[shard]
    const isBetter = home !== undefined && isTarget(home) && fits(home.id.toString(), shardBytes)
    return isBetter ? [{ shard, peer: home.id }] : []
  })
  const newcomers = homes.peers.flatMap((home) =>
    home !== undefined && isNewcomer(home.id.toString()) ? [home.id] : []
  )
  return { ...without, moves, perDomain: homes.perDomain, newcomers }
}

/** Asks those who should have something of it; and, when shards are missing, those whom the homes of the manifest name. */
async function surveyObject(
  context: ClientContext,
  cid: CID,
  { manifest, moves }: FillPlan,
  signal: AbortSignal
): Promise<Survey> {
  const homes = manifestHomes(cid, manifest.n, context.mesh.placement().peers).map(({ id }) => id)
  const known = manifest.inline === undefined ? await holdersOf(context, { cid, manifest }) : undefined
  const asked = [...(known?.values() ?? []), ...homes, ...moves.map(({ peer }) => peer)]
  const survey = await surveyPeers(context, cid, asked, signal)
  if (moves.length === 0 || distinct(survey.holders) >= manifest.n) return survey
  // A holder that is no home of the manifest has no record of who else keeps shards.
  const informers = homes.filter((home) => survey.keepers.some((keeper) => keeper.equals(home)))
  const named = await namedHolders(context, cid, informers.slice(0, INFORMERS), signal)
  const live = new Set(context.mesh.peers().map(({ id }) => id.toString()))
  return await surveyPeers(context, cid, [...asked, ...named.filter((id) => live.has(id.toString()))], signal)
}

async function namedHolders(
  context: ClientContext,
  cid: CID,
  homes: readonly PeerId[],
  signal: AbortSignal
): Promise<PeerId[]> {
  const answers = homes.map(async (home) => {
    try {
      return (await askForManifest(context, home, cid, signal)).placed.map(({ peer }) => peer)
    } catch (error) {
      signal.throwIfAborted()
      noteSilence(context, cid, home, error)
      return []
    }
  })
  return (await Promise.all(answers)).flat()
}

const distinct = (holders: readonly PlannedShard[]): number => new Set(holders.map(({ shard }) => shard)).size

/**
 * The target has nothing of the object, its failure domain has room, and nobody else has this shard: a second copy was made for
 * readers of a hot object, or was left by a repair, and its own rules end it.
 */
function isBetterThere(
  { mesh }: ClientContext,
  { shard, peer }: PlannedShard,
  { holders, damaged }: Survey,
  perDomain: number
): boolean {
  const others = holders.filter((holder) => !holder.peer.equals(mesh.self))
  if ([...others, ...damaged].some((holder) => holder.peer.equals(peer))) return false
  if (others.some((holder) => holder.shard === shard)) return false
  const domains = new Map(mesh.peers().map(({ id, failureDomain }) => [id.toString(), failureDomain]))
  const domain = domains.get(peer.toString())
  return others.filter((holder) => domains.get(holder.peer.toString()) === domain).length < perDomain
}

/** How many newcomers that are homes of shards have one, the new holder aside. */
async function newcomersWith(
  context: ClientContext,
  cid: CID,
  { newcomers }: FillPlan,
  { peer }: PlannedShard,
  signal: AbortSignal
): Promise<number> {
  const others = newcomers.filter((newcomer) => !newcomer.equals(peer))
  const { holders } = await surveyPeers(context, cid, others, signal)
  return uniquePeers(holders.map((holder) => holder.peer)).length
}

/** @returns whether the shard is at its new holder now, as well as here */
async function giveShard(
  context: ClientContext,
  object: LeasedObject,
  { shard, peer }: PlannedShard,
  { pace, signal }: Filling
): Promise<boolean> {
  const { clock, settings } = context
  const { cid } = object
  try {
    await whenFree(async () => sendShard(context, object, { shard, peer, fill: true, pace, signal }), {
      clock,
      timeoutMs: settings.openTimeoutMs,
      signal
    })
    await bringOtherLeases(context, object, [peer], signal, leaseOfShard(object.leases, shard))
    if (!(await hasProved(context, object, { shard, peer }, signal))) {
      throw new Error('it does not prove that it has the shard')
    }
  } catch (error) {
    signal.throwIfAborted()
    survive(context, 'holder', { cid, peer, shard, error })
    return false
  }
  return true
}

/** What the new holders say of themselves, and what this node keeps now. */
async function statementsOf(
  context: ClientContext,
  cid: CID,
  moved: readonly PlannedShard[],
  signal: AbortSignal
): Promise<Array<Uint8Array<ArrayBuffer>>> {
  const { holdings, mesh, clock } = context
  const shards = await holdings.shardsOf(cid)
  const own = { cid, sequence: BigInt(clock.nowMs()), shards }
  const signed = await signHolderStatement(mesh.networkId, own, signerOf({ mesh }))
  return [...(await collectStatements(context, cid, moved, signal)), Uint8Array.from(signed)]
}

/** Those that keep the manifest audit the holders: they would look for the shard here. Homes of the manifest have heard of it. */
async function tellKeepers(
  context: ClientContext,
  { cid, manifest, bytes, leases }: LeasedObject,
  { holders, keepers }: Survey,
  statements: ReadonlyArray<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal
): Promise<void> {
  if (statements.length === 0) return
  const homes = manifestHomes(cid, manifest.n, context.mesh.placement().peers)
  const told = new Set([context.mesh.self, ...homes.map(({ id }) => id)].map((id) => id.toString()))
  const putManifest = {
    manifest: Uint8Array.from(bytes),
    lease: Uint8Array.from(leases[0].signed),
    placement: new Uint8Array(0),
    statements: [...statements],
    quiet: true
  }
  await Promise.all(
    uniquePeers([...holders.map(({ peer }) => peer), ...keepers])
      .filter((peer) => !told.has(peer.toString()))
      .map(async (peer) => {
        try {
          await context.objects.request(peer, { putManifest }, signal)
        } catch (error) {
          signal.throwIfAborted()
          survive(context, 'manifest-home', { cid, peer, error })
        }
      })
  )
}
