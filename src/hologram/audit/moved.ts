import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { uniquePeers } from '../client/context.ts'
import type { ClientContext } from '../client/context.ts'
import { askForManifest, noteSilence } from '../client/find/locate-manifest.ts'
import { knownHolders } from '../heal/repair.ts'
import { homesOf, manifestHomes } from '../placement/placement.ts'
import { neededShards } from '../records/manifest.ts'
import type { Manifest } from '../records/manifest.ts'
import { hasProved } from './challenge.ts'

export interface MissedShard {
  readonly cid: CID
  readonly manifest: Manifest
  readonly shard: number
  /** The peer that does not have it. */
  readonly peer: PeerId
}

/** Homes of the manifest that are asked where the shard is. */
const INFORMERS = 2

/**
 * Whether another peer proves that it has a shard: this node, its computed home, one that the records name which are kept here by
 * now, or one that homes of the manifest name. Rejects only with the signal's reason, or when the disk fails.
 */
export async function hasMoved(
  context: ClientContext,
  missed: MissedShard,
  signal: AbortSignal
): Promise<boolean> {
  const { mesh, holdings } = context
  const { cid, manifest, shard, peer } = missed
  const own = await holdings.heldShards(cid)
  if (own.some((held) => held.shard === shard && held.badBlocks === 0)) return true
  const { peers } = mesh.placement()
  const home = homesOf(manifest.seed, manifest.n, neededShards(manifest), peers).peers[shard]
  const known = (await knownHolders(context, cid)).filter((holder) => holder.shard === shard)
  const likely = [...(home === undefined ? [] : [home.id]), ...known.map((holder) => holder.peer)]
  const tried = new Set([mesh.self, peer].map(String))
  const proves = async (candidates: Iterable<PeerId>): Promise<boolean> => {
    for (const candidate of uniquePeers(candidates)) {
      if (tried.has(candidate.toString())) continue
      tried.add(candidate.toString())
      if (await hasProved(context, missed, { shard, peer: candidate }, signal)) return true
    }
    return false
  }
  if (await proves(likely)) return true
  const homes = manifestHomes(cid, manifest.n, peers).filter(
    ({ id }) => !id.equals(mesh.self) && !id.equals(peer)
  )
  for (const { id } of homes.slice(0, INFORMERS)) {
    if (await proves(await namedBy(context, missed, id, signal))) return true
  }
  return false
}

async function namedBy(
  context: ClientContext,
  { cid, shard }: MissedShard,
  home: PeerId,
  signal: AbortSignal
): Promise<PeerId[]> {
  try {
    const { placed } = await askForManifest(context, home, cid, signal)
    return placed.filter((holder) => holder.shard === shard).map(({ peer }) => peer)
  } catch (error) {
    signal.throwIfAborted()
    noteSilence(context, cid, home, error)
    return []
  }
}
