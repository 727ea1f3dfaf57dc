import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { neededShards } from '../../records/manifest.ts'
import type { Manifest } from '../../records/manifest.ts'
import { homesOf } from '../../placement/placement.ts'
import type { Lease } from '../../records/lease.ts'
import type { ShardHolder } from '../../records/placement-record.ts'
import { uniquePeers } from '../context.ts'
import { drawnFactors } from '../../steering.ts'
import type { ClientContext } from '../context.ts'
import { askForManifest, everybody, noteSilence, providersOf } from './locate-manifest.ts'
import type { ManifestAnswer } from './locate-manifest.ts'
import type { ShardLocations } from '../get/segment-reader.ts'

/** The possible holders of each shard of one object: those that are known, then those that other peers name. */
export class ShardMap implements ShardLocations {
  readonly #context: ClientContext
  readonly #cid: CID
  readonly #manifest: Manifest
  readonly #answer: ManifestAnswer
  readonly #factor: (peer: PeerId) => number
  /** The newest lease of each lessee that any peer has shown. */
  readonly #leases = new Map<string, Lease>()

  constructor(context: ClientContext, cid: CID, answer: ManifestAnswer) {
    this.#context = context
    this.#cid = cid
    this.#manifest = answer.manifest
    this.#answer = answer
    this.#factor = drawnFactors(context.steering)
    this.#learn(answer.leases)
  }

  /** Leases that ask for another number of shards: those of the first answer, and what `discover` has added to them. */
  get leases(): readonly Lease[] {
    return [...this.#leases.values()]
  }

  /**
   * Of each shard, own disk first; then, of the peers that are said to have it, those that are there and should deliver
   * soonest; then the computed home; last those that are not there.
   */
  *known(): Generator<readonly [number, readonly PeerId[]]> {
    const { mesh } = this.#context
    const { seed, n } = this.#manifest
    const said = [...this.#answer.holders, ...this.#answer.placed]
    const homes = homesOf(seed, n, neededShards(this.#manifest), mesh.placement().peers).peers
    const live = new Set(mesh.peers().map(({ id }) => id.toString()))
    for (let shard = 0; shard < n; shard++) {
      const home = homes[shard]
      const named = uniquePeers(said.filter((holder) => holder.shard === shard).map(({ peer }) => peer))
      const [there, gone] = [true, false].map((isLive) =>
        named.filter((peer) => live.has(peer.toString()) === isLive)
      )
      const peers = [...this.#bySpeed(there), ...(home === undefined ? [] : [home.id]), ...gone]
      yield [shard, uniquePeers(peers).sort((a, b) => this.#rank(a) - this.#rank(b))]
    }
  }

  /** Asks the providers, then the peers of the table in the order of the manifest's homes. */
  async discover(signal: AbortSignal): Promise<Array<readonly [number, readonly PeerId[]]>> {
    const peers = [
      ...(await providersOf(this.#context, this.#cid, signal)),
      ...everybody(this.#context, this.#cid)
    ]
    const ask = async (peer: PeerId): Promise<ManifestAnswer[]> => {
      try {
        return [await askForManifest(this.#context, peer, this.#cid, signal)]
      } catch (error) {
        signal.throwIfAborted()
        noteSilence(this.#context, this.#cid, peer, error)
        return []
      }
    }
    const found = (await Promise.all(uniquePeers(peers).map(ask))).flat()
    for (const { leases } of found) this.#learn(leases)
    const holders = [
      ...found.flatMap((answer) => answer.holders),
      ...found.flatMap((answer) => answer.placed)
    ]
    return holders.map(({ shard, peer }: ShardHolder) => [shard, [peer]] as const)
  }

  /** Those that should deliver soonest come first, the hot ones stretched by their heat. */
  #bySpeed(peers: readonly PeerId[]): readonly PeerId[] {
    if (peers.length < 2) return peers
    const { experience } = this.#context
    const { blockBytes } = this.#manifest
    return peers
      .map((peer) => ({ peer, costMs: experience.predictMs(peer, 0, blockBytes) * this.#factor(peer) }))
      .sort((a, b) => a.costMs - b.costMs)
      .map(({ peer }) => peer)
  }

  #learn(leases: readonly Lease[]): void {
    for (const lease of leases) {
      const key = lease.lessee.toString()
      const known = this.#leases.get(key)
      if (known === undefined || known.sequence < lease.sequence) this.#leases.set(key, lease)
    }
  }

  #rank(peer: PeerId): number {
    return peer.equals(this.#context.mesh.self) ? 0 : 1
  }
}
