import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { uniquePeers } from '../client/context.ts'
import type { ClientContext } from '../client/context.ts'
import { completeObject, STATED_ROOTS } from '../client/keep/complete.ts'
import { survive } from '../client/survive.ts'
import { isHologramError } from '../errors.ts'
import { keptShape } from '../records/kept-shape.ts'
import { openHolderStatement, saidHolders } from '../records/holder-statement.ts'
import { Layout } from '../records/layout.ts'
import { decodeManifest, neededShards } from '../records/manifest.ts'
import type { Manifest } from '../records/manifest.ts'
import { shapeOf } from '../records/shape.ts'
import { openPlacement } from '../records/placement-record.ts'
import { homesOf, manifestHomes } from '../placement/placement.ts'
import { viewFor } from '../placement/placement-view.ts'
import { MAX_STATEMENTS } from '../../../protocols/limits.ts'
import { countedBandwidth } from '../wire/bandwidth.ts'
import type { Bandwidth } from '../wire/bandwidth.ts'
import type { PlannedShard } from '../client/put/home-plan.ts'
import { planRepair } from './policy.ts'
import { withoutSuspects, wrongPeers } from './suspects.ts'
import type { Suspect } from './suspects.ts'
import { adoptLeases, liveLeases, surveyPeers } from './survey.ts'
import type { CarriedLease, Survey } from './survey.ts'

export interface RepairResult {
  /**
   * 'whole': nothing was missing. 'repaired': all of it is there again. 'partial': some is still missing. 'ended': no lease
   * keeps the object. 'gone': its manifest is not here any more. 'busy': another peer is repairing it.
   */
  readonly outcome: 'whole' | 'repaired' | 'partial' | 'ended' | 'gone' | 'busy'
  /** Shards that no peer had, before the repair. */
  readonly lostShards: readonly number[]
  /** Live shards, or copies, over those that are needed, before the repair. */
  readonly spareBefore: number
  /** Who has which shard now: those that said so when they were asked, and those that were given one. */
  readonly found: readonly PlannedShard[]
  /** Shards that were rebuilt, and where. */
  readonly rebuilt: readonly PlannedShard[]
  /** Homes that were given the manifest. */
  readonly homes: readonly PeerId[]
  /** Coded bytes that were sent. */
  readonly sentBytes: number
  /** Bytes that were read for it. */
  readonly readBytes: number
}

const NOTHING = {
  ...{ lostShards: [], spareBefore: 0, found: [], rebuilt: [], homes: [] },
  ...{ sentBytes: 0, readBytes: 0 }
}

export interface RepairOptions {
  readonly pace: Bandwidth
  /** What an audit has found. */
  readonly suspects: readonly Suspect[]
  /** Whether a peer ranks before this one among those that would repair an object of n shards. */
  readonly isBefore: (peer: PeerId, n: number) => boolean
  /** Finds the manifest when this node does not keep it. @default such an object is 'gone' */
  readonly findManifest?: () => Promise<Uint8Array>
  /** Leases that were shown to state roots that are not those of the object: they add no shards. */
  readonly disproved: Set<string>
  readonly signal: AbortSignal
}

/** Another peer that has been repairing for longer than this did not see that this node began, and goes on. */
const TOGETHER_MS = 500

/**
 * Brings one object of which this node keeps the manifest back to its full number of shards, or copies. Needs no key, and
 * nobody's consent: the leases that keep the object alive are signed, and are passed on as they are.
 *
 * @throws HologramError 'NOT_ENOUGH_SHARDS' | 'CORRUPT' | 'NOT_DURABLE'; the signal's reason
 */
export async function repairObject(
  context: ClientContext,
  cid: CID,
  options: RepairOptions
): Promise<RepairResult> {
  const { pace, suspects, isBefore, findManifest, disproved, signal } = options
  const { holdings, clock } = context
  const kept = await holdings.getManifest(cid)
  const bytes = kept ?? (await findManifest?.())
  if (bytes === undefined) return { ...NOTHING, outcome: 'gone' }
  const asPut = decodeManifest(bytes)
  const expected = (await keptShape({ holdings, nowMs: () => clock.nowMs() }, cid, asPut)).manifest
  const survey = withoutSuspects(await surveyObject(context, cid, expected, signal), suspects)
  if (kept !== undefined) await adoptLeases(context, cid, survey.leases)
  const leases = liveLeases(context, survey.leases)
  if (leases.length === 0) return { ...NOTHING, outcome: 'ended' }
  const believed = leases.map((lease) =>
    disproved.has(leaseKey(lease)) ? { ...lease, shape: undefined } : lease
  )
  const { manifest } = shapeOf(asPut, believed)
  const isOthers = survey.repairers.some(
    ({ peer, forMs }) => forMs > TOGETHER_MS || isBefore(peer, manifest.n)
  )
  if (isOthers) return { ...NOTHING, lostShards: lostOf(manifest, survey), outcome: 'busy' }
  const object = { cid, manifest, bytes, leases, isKept: kept !== undefined, shunned: wrongPeers(suspects) }
  if (manifest.inline !== undefined) return repairCopies(context, object, survey, signal)
  try {
    return await repairShards(context, object, survey, pace, signal)
  } catch (error) {
    if (!isHologramError(error, 'CORRUPT') || error.data.what !== STATED_ROOTS) throw error
    const { rows = [] } = error.data
    // Only roots on which all agree are used, so whoever states one for a wrong row states the wrong one; others are honest.
    const liars = believed.filter(({ shape }) => rows.some((row) => row >= asPut.n && row < (shape?.n ?? 0)))
    if (liars.length === 0) throw error
    for (const lease of liars) {
      disproved.add(leaseKey(lease))
      context.mesh.observe(lease.lessee, 'lied')
      survive(context, 'lease', { cid, peer: lease.lessee, error })
    }
    return repairObject(context, cid, options)
  }
}

const leaseKey = ({ cid, lessee, sequence }: CarriedLease): string =>
  `${cid.toString()} ${lessee.toString()} ${sequence}`

/** The lease under which a holder takes the shard: one that vouches for its root, or at least asks for it. */
export function leaseOfShard(leases: readonly CarriedLease[], shard: number): CarriedLease {
  return (
    leases.find(({ shape }) => shape !== undefined && shape.n > shard) ??
    leases.find(({ shape }) => shape === undefined) ??
    leases[0]
  )
}

export interface LeasedObject {
  readonly cid: CID
  /** With as many shards as its leases ask for. */
  readonly manifest: Manifest
  /** As it was put. */
  readonly bytes: Uint8Array
  /** Live ones, the longest first; at least one. */
  readonly leases: readonly CarriedLease[]
  /** This node keeps the manifest. */
  readonly isKept: boolean
  /** Peers that are given nothing of the object. */
  readonly shunned: ReadonlySet<string>
}

/** Asks those who should have it; everybody else as well when shards are missing. */
async function surveyObject(
  context: ClientContext,
  cid: CID,
  manifest: Manifest,
  signal: AbortSignal
): Promise<Survey> {
  const { mesh, settings } = context
  const { n, seed } = manifest
  const live = new Set(mesh.peers().map(({ id }) => id.toString()))
  const { peers: table } = mesh.placement()
  const placed = (await knownHolders(context, cid)).filter(({ peer }) => live.has(peer.toString()))
  const homes = manifest.inline === undefined ? homesOf(seed, n, neededShards(manifest), table).peers : []
  const likely = [
    mesh.self,
    ...placed.map(({ peer }) => peer),
    ...homes.flatMap((home) => (home === undefined ? [] : [home.id])),
    ...manifestHomes(cid, n, table).map(({ id }) => id)
  ]
  const survey = await surveyPeers(context, cid, likely, signal)
  if (manifest.inline !== undefined || distinct(survey.holders) >= n) return survey
  const wider = [...likely, ...manifestHomes(cid, settings.maxSweep, table).map(({ id }) => id)]
  return surveyPeers(context, cid, wider, signal)
}

/** Who is said to keep which shard by the records that are here: holders of themselves, the newest first, then the putter. */
export async function knownHolders({ holdings, mesh }: ClientContext, cid: CID): Promise<PlannedShard[]> {
  const statements = await Promise.all(
    (await holdings.statements(cid)).map(async ({ signed }) =>
      openHolderStatement(mesh.networkId, signed, FAR_FUTURE_MS)
    )
  )
  const record = await holdings.getPlacement(cid)
  const placement =
    record === undefined ? undefined : await openPlacement(mesh.networkId, record, FAR_FUTURE_MS)
  return saidHolders(statements, placement)
}

/** Records were checked when they were kept; by then a clock may have been set back. */
const FAR_FUTURE_MS = 2 ** 52

async function repairShards(
  context: ClientContext,
  object: LeasedObject,
  survey: Survey,
  pace: Bandwidth,
  signal: AbortSignal
): Promise<RepairResult> {
  const { cid, manifest, bytes, leases, shunned } = object
  const { n, seed } = manifest
  const k = neededShards(manifest)
  const layout = new Layout(manifest)
  const peers = viewFor(n, context.mesh).peers.filter(({ id }) => !shunned.has(id.toString()))
  const { homes, homeless } = planRepair(seed, { n, k }, survey.holders, peers, survey.damaged)
  const spareBefore = distinct(survey.holders) - k
  let rebuilt: readonly PlannedShard[] = []
  let readBytes = 0
  const counted = countedBandwidth(pace, (passed) => (readBytes += passed))
  if (homes.length > 0) {
    const lease = leaseOfShard(leases, Math.max(...homes.map(({ shard }) => shard)))
    const plan = { homes, homeless, next: () => undefined }
    const carried = { ...lease, sequence: Number(lease.sequence) }
    const outcomes = await completeObject(
      context,
      { cid, manifest, bytes, lease: carried },
      survey.holders,
      signal,
      { damaged: survey.damaged, pace: counted, chosen: plan }
    )
    rebuilt = outcomes.holders.slice(survey.holders.length)
    await bringOtherLeases(
      context,
      object,
      rebuilt.map(({ peer }) => peer),
      signal,
      lease
    )
  }
  const statements = await collectStatements(context, cid, rebuilt, signal)
  const toldHomes = await bringManifest(context, object, survey.keepers, statements, signal)
  const found = [...survey.holders, ...rebuilt]
  const isMissing = distinct(found) < n
  const isChanged = rebuilt.length + toldHomes.length > 0
  return {
    outcome: isMissing ? 'partial' : isChanged ? 'repaired' : 'whole',
    lostShards: lostOf(manifest, survey),
    spareBefore,
    found,
    rebuilt,
    homes: toldHomes,
    sentBytes: rebuilt.length * layout.shardBytes,
    readBytes
  }
}

async function repairCopies(
  context: ClientContext,
  object: LeasedObject,
  survey: Survey,
  signal: AbortSignal
): Promise<RepairResult> {
  const { manifest, bytes, shunned } = object
  const peers = viewFor(manifest.n, context.mesh).peers.filter(({ id }) => !shunned.has(id.toString()))
  const wanted = Math.min(manifest.n, peers.length)
  const isShort = survey.keepers.length < wanted
  const homes = isShort ? await bringManifest(context, object, survey.keepers, [], signal) : []
  const copies = survey.keepers.length + homes.length
  return {
    outcome: copies < wanted ? 'partial' : homes.length > 0 ? 'repaired' : 'whole',
    lostShards: [],
    spareBefore: survey.keepers.length - 1,
    found: [],
    rebuilt: [],
    homes,
    sentBytes: homes.length * bytes.byteLength,
    readBytes: 0
  }
}

/** What new holders say of themselves, signed. One that does not say it is found all the same, only later. */
export async function collectStatements(
  context: ClientContext,
  cid: CID,
  rebuilt: readonly PlannedShard[],
  signal: AbortSignal
): Promise<Array<Uint8Array<ArrayBuffer>>> {
  const { objects, mesh, clock } = context
  const statements = await Promise.all(
    uniquePeers(rebuilt.map(({ peer }) => peer)).map(async (peer) => {
      try {
        const reply = await objects.request(peer, { getStatement: cid.bytes.slice() }, signal)
        const [signed] = reply.statements
        const { holder, ...statement } = await openHolderStatement(mesh.networkId, signed, clock.nowMs())
        return holder.equals(peer) && statement.cid.equals(cid) ? [Uint8Array.from(signed)] : []
      } catch (error) {
        signal.throwIfAborted()
        survive(context, 'question', { cid, peer, error })
        return []
      }
    })
  )
  return statements.flat()
}

/**
 * Brings the manifest, with what is known of its holders, to the homes that lack it, and to all when there is news.
 *
 * @returns the homes that have it now and did not have it before
 */
export async function bringManifest(
  context: ClientContext,
  object: LeasedObject,
  keepers: readonly PeerId[],
  news: ReadonlyArray<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal
): Promise<PeerId[]> {
  const { objects, mesh, holdings } = context
  const { cid, manifest, bytes, leases, isKept, shunned } = object
  const kept = new Set(keepers.map((peer) => peer.toString()))
  const homes = uniquePeers([
    ...(isKept ? [mesh.self] : []),
    ...manifestHomes(cid, manifest.n, mesh.placement().peers).map(({ id }) => id)
  ])
  const told = homes
    .filter((peer) => !shunned.has(peer.toString()))
    .filter((peer) => news.length > 0 || !kept.has(peer.toString()))
  const { lease, placement } = await placementWithLease(context, cid, leases)
  const older = (await holdings.statements(cid)).map(({ signed }) => Uint8Array.from(signed))
  const added: PeerId[] = []
  await Promise.all(
    told.map(async (peer) => {
      const isNew = !kept.has(peer.toString())
      const putManifest = {
        manifest: Uint8Array.from(bytes),
        lease: Uint8Array.from(lease.signed),
        placement,
        statements: isNew ? [...older, ...news].slice(-MAX_STATEMENTS) : news.slice(0, MAX_STATEMENTS),
        quiet: true
      }
      try {
        await objects.request(peer, { putManifest }, signal)
        if (isNew) added.push(peer)
      } catch (error) {
        signal.throwIfAborted()
        survive(context, 'manifest-home', { cid, peer, error })
      }
    })
  )
  await bringOtherLeases(context, object, added, signal, lease)
  return added
}

/** A placement record travels with a lease of its signer; without one, the longest lease travels alone. */
async function placementWithLease(
  { holdings, mesh }: ClientContext,
  cid: CID,
  leases: readonly CarriedLease[]
): Promise<{ lease: CarriedLease; placement: Uint8Array<ArrayBuffer> }> {
  const record = await holdings.getPlacement(cid)
  if (record !== undefined) {
    const { signer } = await openPlacement(mesh.networkId, record, FAR_FUTURE_MS)
    const lease = leases.find(({ lessee }) => lessee.equals(signer))
    if (lease !== undefined) return { lease, placement: Uint8Array.from(record) }
  }
  return { lease: leases[0], placement: new Uint8Array(0) }
}

/** The leases of all lessees but the one that came with the shard or manifest. */
export async function bringOtherLeases(
  context: ClientContext,
  { cid, leases }: LeasedObject,
  peers: readonly PeerId[],
  signal: AbortSignal,
  brought: CarriedLease = leases[0]
): Promise<void> {
  const others = leases.filter((lease) => lease !== brought)
  await Promise.all(
    uniquePeers(peers).flatMap((peer) =>
      others.map(async ({ signed }) => {
        try {
          await context.objects.request(peer, { putLease: Uint8Array.from(signed) }, signal)
        } catch (error) {
          signal.throwIfAborted()
          survive(context, 'lease', { cid, peer, error })
        }
      })
    )
  )
}

function lostOf({ n, inline }: Manifest, { holders, damaged }: Survey): number[] {
  if (inline !== undefined) return []
  const kept = new Set([...holders, ...damaged].map(({ shard }) => shard))
  return Array.from({ length: n }, (_, shard) => shard).filter((shard) => !kept.has(shard))
}

function distinct(holders: readonly PlannedShard[]): number {
  return new Set(holders.map(({ shard }) => shard)).size
}
