import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { Status } from '../../../../protocols/generated/object.js'
import { HologramError, isHologramError } from '../../errors.ts'
import { decodeManifest, manifestCid } from '../../records/manifest.ts'
import type { Manifest } from '../../records/manifest.ts'
import { manifestHomes } from '../../placement/placement.ts'
import { isLive, openLease } from '../../records/lease.ts'
import type { Lease } from '../../records/lease.ts'
import { openHolderStatement, saidHolders } from '../../records/holder-statement.ts'
import type { HolderStatement } from '../../records/holder-statement.ts'
import { openPlacement } from '../../records/placement-record.ts'
import type { PlacementRecord, ShardHolder } from '../../records/placement-record.ts'
import { uniquePeers } from '../context.ts'
import type { ClientContext } from '../context.ts'
import { survive } from '../survive.ts'
import { firstOf } from '../wire/first-of.ts'

/** What one peer, or this node's own disk, says about an object. */
export interface ManifestAnswer {
  readonly manifest: Manifest
  /** dag-cbor */
  readonly bytes: Uint8Array
  /** From the holder statements and the placement record kept beside it, as far as they are in order. */
  readonly placed: readonly ShardHolder[]
  /** Live ones that ask for another number of shards. */
  readonly leases: readonly Lease[]
  /** Shards that the answering peer holds itself. */
  readonly holders: readonly ShardHolder[]
}

/** Homes asked at once: of a small object, this is the whole cost of a read. The next one is asked when one fails or is late. */
const PARALLEL_HOMES = 1

/**
 * Finds the manifest of an object: on this node's disk, at the homes computed from its id, at those that the peer table gives, at its providers in the
 * DHT, and at last by asking one peer after another.
 *
 * @throws HologramError 'NOT_FOUND' when nobody that answered has it, 'BAD_MANIFEST' when what has the object's id is
 *   no manifest
 */
export async function locateManifest(
  context: ClientContext,
  cid: CID,
  signal: AbortSignal
): Promise<ManifestAnswer> {
  const { mesh, clock, settings } = context
  const { epoch, peers: placed } = mesh.placement()
  const asked = new Set<string>()
  let malformed: unknown
  const fresh = (peers: Iterable<PeerId>): PeerId[] =>
    uniquePeers(peers).filter((peer) => !asked.has(peer.toString()))
  const ask = async (peer: PeerId, cancelled: AbortSignal): Promise<ManifestAnswer> => {
    asked.add(peer.toString())
    try {
      return await askForManifest(context, peer, cid, cancelled)
    } catch (error) {
      if (isHologramError(error, 'BAD_MANIFEST')) malformed = error
      if (!cancelled.aborted) noteSilence(context, cid, peer, error)
      throw error
    }
  }
  const homes = sharedOut(context, manifestHomes(cid, 2 * settings.n, placed), settings.n)
  const hedge = { parallel: PARALLEL_HOMES, hedgeMs: hedgeAfterMs(context, homes), clock, signal }
  const ranks: Array<() => PeerId[] | Promise<PeerId[]>> = [
    () => [mesh.self],
    () => homes,
    // Whoever put it may have had no agreed map.
    () => (epoch === 0 ? [] : manifestHomes(cid, settings.n, mesh.peers()).map(({ id }) => id)),
    async () => providersOf(context, cid, signal),
    () => everybody(context, cid)
  ]
  for (const rank of ranks) {
    const found = await firstOf(fresh(await rank()), ask, hedge)
    if (found !== undefined) return found
    // Its hash is the object's id, so no peer can have another one.
    if (malformed !== undefined) throw malformed
  }
  throw new HologramError('NOT_FOUND', `nobody knows ${cid.toString()} (${asked.size - 1} peers asked)`, {
    cid: cid.toString(),
    asked: asked.size - 1
  })
}

/** A hedge every 50 ms would ask a dozen homes of a busy mesh at once: it waits for twice what the first ones usually take. */
function hedgeAfterMs({ experience, settings }: ClientContext, homes: readonly PeerId[]): number {
  const known = homes.slice(0, PARALLEL_HOMES).map((id) => experience.requestMsOf(id) ?? 0)
  return Math.max(settings.minHedgeMs, 2 * Math.max(0, ...known))
}

/** Readers share the first homes equally. */
const FIRST_HOMES = 4
/** How much sooner a later home must be expected to answer, and a home that has the object only if it was spread. */
const LATER_HOME_FACTOR = 1.3
const FURTHER_HOME_FACTOR = 2.2
/** What a request takes at a peer that was never asked. */
const TYPICAL_REQUEST_MS = 60

/**
 * Homes by predicted time, the hot ones stretched by their heat. Where all of them are hot, homes beyond the n-th come
 * first: a hot object that fits one manifest is spread to these.
 */
function sharedOut(
  { experience, steering }: ClientContext,
  homes: ReadonlyArray<{ readonly id: PeerId }>,
  n: number
): PeerId[] {
  return homes
    .map(({ id }, rank) => {
      const ms = experience.requestMsOf(id) ?? TYPICAL_REQUEST_MS
      const doubt = rank < FIRST_HOMES ? 1 : rank < n ? LATER_HOME_FACTOR : FURTHER_HOME_FACTOR
      return { id, ms: ms * doubt * steering.factor(id.toString()) }
    })
    .sort((a, b) => a.ms - b.ms)
    .map(({ id }) => id)
}

/** All peers that may hold something, the likely ones first, within the limit of a sweep. */
export function everybody({ mesh, settings }: ClientContext, cid: CID): PeerId[] {
  const { maxSweep } = settings
  const lists = [mesh.placement().peers, mesh.peers()]
  const ranked = lists.flatMap((peers) => manifestHomes(cid, maxSweep, peers).map(({ id }) => id))
  return uniquePeers(ranked).slice(0, maxSweep)
}

/** The manifest that `peer` has for `cid`. @throws HologramError 'NOT_FOUND' | 'PROTOCOL' | ... */
export async function askForManifest(
  context: ClientContext,
  peer: PeerId,
  cid: CID,
  signal: AbortSignal
): Promise<ManifestAnswer> {
  const { mesh, objects } = context
  const reply = await objects.request(peer, { getManifest: cid.bytes }, signal)
  try {
    const statements = await readStatements(context, peer, cid, reply.statements)
    const record = await readPlacement(context, peer, cid, reply.placement)
    return {
      ...readManifest(cid, reply.manifest),
      placed: saidHolders(statements, record),
      leases: await readLeases(context, peer, cid, reply.leases),
      holders: reply.shards.map((shard) => ({ shard, peer }))
    }
  } catch (error) {
    if (isHologramError(error, 'CORRUPT')) mesh.observe(peer, 'lied')
    throw error
  }
}

function readManifest(cid: CID, bytes: Uint8Array): { manifest: Manifest; bytes: Uint8Array } {
  if (!manifestCid(bytes).equals(cid)) {
    throw new HologramError('CORRUPT', 'the manifest is not that of the object', { what: 'manifest' })
  }
  return { manifest: decodeManifest(bytes), bytes }
}

/** A lease that is not in order counts as none. */
async function readLeases(
  context: ClientContext,
  peer: PeerId,
  cid: CID,
  leases: readonly Uint8Array[]
): Promise<Lease[]> {
  const { mesh, clock } = context
  const opened = await Promise.all(
    leases.map(async (signed) => {
      try {
        return [await openLease(mesh.networkId, signed, clock.nowMs())]
      } catch (error) {
        if (!isHologramError(error)) throw error
        survive(context, 'lease', { cid, peer, error })
        return []
      }
    })
  )
  return opened.flat().filter((lease) => lease.cid.equals(cid) && isLive(lease, clock.nowMs()))
}

/** A record is only a hint: an invalid one counts as none. */
async function readPlacement(
  context: ClientContext,
  peer: PeerId,
  cid: CID,
  record: Uint8Array
): Promise<PlacementRecord | undefined> {
  if (record.byteLength === 0) return undefined
  try {
    const opened = await openPlacement(context.mesh.networkId, record, context.clock.nowMs())
    return opened.cid.equals(cid) ? opened : undefined
  } catch (error) {
    if (!isHologramError(error)) throw error
    survive(context, 'placement-record', { cid, peer, error })
    return undefined
  }
}

async function readStatements(
  context: ClientContext,
  peer: PeerId,
  cid: CID,
  statements: readonly Uint8Array[]
): Promise<HolderStatement[]> {
  const { mesh, clock } = context
  const opened = await Promise.all(
    statements.map(async (signed) => {
      try {
        return [await openHolderStatement(mesh.networkId, signed, clock.nowMs())]
      } catch (error) {
        if (!isHologramError(error)) throw error
        survive(context, 'placement-record', { cid, peer, error })
        return []
      }
    })
  )
  return opened.flat().filter((statement) => statement.cid.equals(cid))
}

/** Peers that announced the object in the DHT. A DHT that fails half-way still gives those it found before. */
export async function providersOf(context: ClientContext, cid: CID, signal: AbortSignal): Promise<PeerId[]> {
  const { mesh, settings } = context
  const found: PeerId[] = []
  try {
    for await (const peer of mesh.findProviders(cid, { signal })) {
      found.push(peer)
      if (found.length >= settings.maxSweep) break
    }
  } catch (error) {
    signal.throwIfAborted()
    survive(context, 'providers', { cid, error })
  }
  return found
}

/** A peer that does not have the object has answered; any other failure is written down. */
export function noteSilence(context: ClientContext, cid: CID, peer: PeerId, error: unknown): void {
  const answered = isHologramError(error, 'REMOTE') && error.data.status === Status.NOT_FOUND
  if (!answered) survive(context, 'question', { cid, peer, error })
}
