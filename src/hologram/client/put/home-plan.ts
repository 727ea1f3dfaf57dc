import type { PeerId } from '@libp2p/interface'
import type { MeshPeer } from '../../mesh.ts'
import { homesOf } from '../../placement/placement.ts'

export interface PlannedShard {
  readonly shard: number
  readonly peer: PeerId
}

/** Where the shards of one upload go, and who steps in when a holder fails. No peer is given two shards. */
export class HomePlan {
  readonly homes: readonly PlannedShard[]
  /** Shards without a peer: there are fewer peers than shards. */
  readonly homeless: readonly number[]
  /** In words, when one failure domain holds more than the object can lose. */
  readonly warning: string | undefined
  readonly #seed: Uint8Array
  readonly #perDomain: number
  /** Peers without a shard of the object, and how many shards each domain has. */
  readonly #spares: Set<MeshPeer>
  readonly #taken = new Map<string, number>()

  /**
   * @param seed - the object's placement seed
   * @param k - of the layer with the largest k
   * @param peers - the whole table
   * @param held - shards that are where they belong, and by whom: they are not planned again
   * @param damaged - copies that are sent anew to the peers that have them
   */
  constructor(
    seed: Uint8Array,
    { n, k }: { n: number; k: number },
    peers: readonly MeshPeer[],
    held: readonly PlannedShard[] = [],
    damaged: readonly PlannedShard[] = []
  ) {
    const { peers: homes, relaxed, perDomain } = homesOf(seed, n, k, peers)
    const byId = new Map(peers.map((peer) => [peer.id.toString(), peer]))
    const heldShards = new Set([...held, ...damaged].map(({ shard }) => shard))
    this.#seed = seed
    this.#perDomain = perDomain
    this.#spares = new Set(peers)
    for (const { peer } of [...held, ...damaged]) this.#take(byId.get(peer.toString()))
    const wanted = homes.flatMap((home, shard) => (heldShards.has(shard) ? [] : [{ shard, home }]))
    const planned = wanted.map(({ shard, home }) => ({ shard, peer: this.#take(home) }))
    const filled = planned.map(({ shard, peer }) => ({ shard, peer: peer ?? this.next() }))
    const homeless = filled.filter(({ peer }) => peer === undefined)
    this.homes = [...damaged, ...filled.filter((entry): entry is PlannedShard => entry.peer !== undefined)]
    this.homeless = homeless.map(({ shard }) => shard)
    this.warning = relaxed
      ? `one failure domain may hold ${perDomain} shards, but only ${n - k} may be lost`
      : undefined
  }

  /** The next-ranked peer that has no shard of the object yet; undefined when there is none. */
  next(): PeerId | undefined {
    const spares = [...this.#spares]
    const fitting = spares.filter((peer) => (this.#taken.get(peer.failureDomain) ?? 0) < this.#perDomain)
    const [first] = homesOf(this.#seed, 1, 1, fitting.length > 0 ? fitting : spares).peers
    return this.#take(first)
  }

  /** Gives the peer a shard, unless it has one. */
  #take(peer: MeshPeer | undefined): PeerId | undefined {
    if (peer === undefined || !this.#spares.delete(peer)) return undefined
    this.#taken.set(peer.failureDomain, (this.#taken.get(peer.failureDomain) ?? 0) + 1)
    return peer.id
  }
}
