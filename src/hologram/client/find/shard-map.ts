import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { neededShards } from '../../records/manifest.ts'
import type { Manifest } from '../../records/manifest.ts'
import { homesOf, manifestHomes } from '../../placement/placement.ts'
import type { ShardHolder } from '../../records/placement-record.ts'
import { uniquePeers } from '../context.ts'
import type { ClientContext } from '../context.ts'
import { askForManifest, noteSilence, providersOf } from './locate-manifest.ts'
import type { ManifestAnswer } from './locate-manifest.ts'
import type { ShardLocations } from '../get/segment-reader.ts'

/** The possible holders of each shard of one object: those that are known, then those that other peers name. */
export class ShardMap implements ShardLocations {
  readonly #context: ClientContext
  readonly #cid: CID
  readonly #manifest: Manifest
  readonly #answer: ManifestAnswer

  constructor(context: ClientContext, cid: CID, answer: ManifestAnswer) {
    this.#context = context
    this.#cid = cid
    this.#manifest = answer.manifest
    this.#answer = answer
  }

  /** Own disk first, then peers that said so themselves, then the placement record, then the computed homes. */
  *known(): Generator<readonly [number, readonly PeerId[]]> {
    const { mesh } = this.#context
    const { seed, n } = this.#manifest
    const said = [...this.#answer.holders, ...this.#answer.placed]
    const homes = homesOf(seed, n, neededShards(this.#manifest), mesh.placement().peers).peers
    for (let shard = 0; shard < n; shard++) {
      const home = homes[shard]
      const peers = said.filter((holder) => holder.shard === shard).map(({ peer }) => peer)
      if (home !== undefined) peers.push(home.id)
      yield [shard, uniquePeers(peers).sort((a, b) => this.#rank(a) - this.#rank(b))]
    }
  }

  /** Asks the providers, then the peers of the table in the order of the manifest's homes. */
  async discover(signal: AbortSignal): Promise<Array<readonly [number, readonly PeerId[]]>> {
    const { mesh, settings } = this.#context
    const peers = [
      ...(await providersOf(this.#context, this.#cid, signal)),
      ...manifestHomes(this.#cid, settings.maxSweep, mesh.placement().peers).map(({ id }) => id)
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
    const holders = [
      ...found.flatMap((answer) => answer.holders),
      ...found.flatMap((answer) => answer.placed)
    ]
    return holders.map(({ shard, peer }: ShardHolder) => [shard, [peer]] as const)
  }

  #rank(peer: PeerId): number {
    return peer.equals(this.#context.mesh.self) ? 0 : 1
  }
}
