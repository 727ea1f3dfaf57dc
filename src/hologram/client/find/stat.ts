import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { isHologramError } from '../../errors.ts'
import { Layout } from '../../records/layout.ts'
import { openLease } from '../../records/lease.ts'
import type { Lease } from '../../records/lease.ts'
import { neededShards } from '../../records/manifest.ts'
import type { Manifest } from '../../records/manifest.ts'
import type { ObjectStat, ShardStatus } from '../../objects.ts'
import { manifestHomes } from '../../placement/placement.ts'
import { uniquePeers } from '../context.ts'
import type { ClientContext } from '../context.ts'
import { survive } from '../survive.ts'
import { locateManifest, noteSilence } from './locate-manifest.ts'
import type { ManifestAnswer } from './locate-manifest.ts'
import { ShardMap } from './shard-map.ts'

/** What the peers that answered hold of an object. */
export interface Census {
  /** Holders of each shard that answered for it. */
  readonly holders: ReadonlyMap<number, readonly PeerId[]>
  /** Peers that have the object at all. */
  readonly keepers: readonly PeerId[]
  /** The newest lease of each lessee. */
  readonly leases: readonly Lease[]
}

/** Asks who holds what of an object. @throws HologramError 'NOT_FOUND' */
export async function statObject(context: ClientContext, cid: CID, signal: AbortSignal): Promise<ObjectStat> {
  const answer = await locateManifest(context, cid, signal)
  const { manifest } = answer
  const census = await takeCensus(context, cid, answer, signal)
  const shards = manifest.inline === undefined ? shardsOf(manifest, census) : copiesOf(manifest, census)
  const live = shards.filter((shard) => shard.live).length
  return {
    cid,
    manifest,
    shards,
    live,
    spare: live - neededShards(manifest),
    overhead: overheadOf(manifest),
    leases: census.leases.map(({ lessee, expiresAtMs, tombstone }) => ({
      lessee: lessee.toString(),
      expiresAtMs,
      tombstone
    }))
  }
}

/** Asks the likely holders; everybody else as well when not all shards are found with them. */
export async function takeCensus(
  context: ClientContext,
  cid: CID,
  answer: ManifestAnswer,
  signal: AbortSignal
): Promise<Census> {
  const { manifest } = answer
  const map = new ShardMap(context, cid, answer)
  const homes = manifestHomes(cid, manifest.n, context.mesh.peers()).map(({ id }) => id)
  const likely = [context.mesh.self, ...homes]
  if (manifest.inline !== undefined) return count(context, cid, uniquePeers(likely), signal)
  const known = uniquePeers([...likely, ...[...map.known()].flatMap(([, peers]) => peers)])
  const census = await count(context, cid, known, signal)
  if (census.holders.size >= manifest.n) return census
  const others = [...(await map.discover(signal))].flatMap(([, peers]) => peers)
  return count(context, cid, uniquePeers([...known, ...others]), signal)
}

async function count(
  context: ClientContext,
  cid: CID,
  peers: readonly PeerId[],
  signal: AbortSignal
): Promise<Census> {
  const { objects, mesh, clock } = context
  const holders = new Map<number, PeerId[]>()
  const keepers: PeerId[] = []
  const leases = new Map<string, Lease>()
  const ask = async (peer: PeerId): Promise<void> => {
    const reply = await objects.request(peer, { status: cid.bytes.slice() }, signal)
    keepers.push(peer)
    for (const shard of reply.shards) holders.set(shard, [...(holders.get(shard) ?? []), peer])
    for (const signed of reply.leases) {
      const lease = await openLease(mesh.networkId, signed, clock.nowMs()).catch((error: unknown) => {
        survive(context, 'lease', { cid, peer, error })
      })
      if (lease === undefined) continue
      const known = leases.get(lease.lessee.toString())
      if (!lease.cid.equals(cid) || (known !== undefined && known.sequence >= lease.sequence)) continue
      leases.set(lease.lessee.toString(), lease)
    }
  }
  await Promise.all(
    peers.map(async (peer) =>
      ask(peer).catch((error: unknown) => {
        signal.throwIfAborted()
        if (!isHologramError(error)) throw error
        noteSilence(context, cid, peer, error)
      })
    )
  )
  return { holders, keepers, leases: [...leases.values()] }
}

function shardsOf({ n }: Manifest, { holders }: Census): ShardStatus[] {
  return Array.from({ length: n }, (_, shard) => {
    const peer = holders.get(shard)?.[0]
    return { shard, peer, live: peer !== undefined }
  })
}

/** The copies of an inline object stand for its shards. */
function copiesOf({ n }: Manifest, { keepers }: Census): ShardStatus[] {
  return Array.from({ length: Math.max(n, keepers.length) }, (_, shard) => {
    const peer = keepers[shard]
    return { shard, peer, live: peer !== undefined }
  })
}

function overheadOf(manifest: Manifest): number {
  if (manifest.inline !== undefined) return manifest.n
  return (manifest.n * new Layout(manifest).shardBytes) / manifest.size
}
