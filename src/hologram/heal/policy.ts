import type { MeshPeer } from '../mesh.ts'
import type { PlannedShard } from '../client/put/home-plan.ts'
import { HomePlan } from '../client/put/home-plan.ts'
import type { PeerId } from '@libp2p/interface'
import type { IndexedObject } from './object-index.ts'

// When a lost shard is rebuilt, by whom, and where. Pure.

/** Peers are lost for objects with enough to spare only after this many times the grace time: they may come back. */
export const LAZY_FACTOR = 4
/** With more peers gone at once than are there, it is probably this node that is cut off: it waits this much longer. */
export const CUT_OFF_FACTOR = 4

export interface HealTiming {
  /** A peer that is gone for less has lost nothing. */
  readonly graceMs: number
  /** What a peer waits for each that ranks before it. */
  readonly rankDelayMs: number
  /** What repair reads a second: how long the peers before this one may need. */
  readonly bytesPerSecond: () => number
}

/** Shards that are not at a lost peer, over those that are needed. Copies of an inline object count likewise. */
export function spareOf(
  { k, holders, homes, inline }: IndexedObject,
  isLost: (peer: string) => boolean
): number {
  if (inline) return homes.filter((peer) => !isLost(peer)).length - 1
  return new Set(holders.filter(({ peer }) => !isLost(peer)).map(({ shard }) => shard)).size - k
}

/**
 * Half of what may be lost has been lost, or more than what failures have taught to keep: there is no time to wait for peers
 * to come back.
 *
 * @param needed - spare shards that the holders' failures call for
 */
export function isUrgent({ k, n, inline }: IndexedObject, spare: number, needed = 0): boolean {
  return spare < Math.max(needed, inline ? Math.ceil((n - 1) / 2) : Math.ceil((n - k) / 2))
}

/**
 * How long after the loss this peer repairs the object, if no other has.
 *
 * @param lostForMs - since when the peer that was lost last is gone
 * @param rank - of this peer among the live ones, 0 for the first
 */
export function repairDelayMs(
  object: IndexedObject,
  { spare, needed, lostForMs, rank }: { spare: number; needed?: number; lostForMs: number; rank: number },
  { graceMs, rankDelayMs, bytesPerSecond }: HealTiming
): number {
  const waitMs = isUrgent(object, spare, needed) ? graceMs : LAZY_FACTOR * graceMs
  // Those before this one may be at work: they get the time that the work takes.
  const workMs = object.inline ? 0 : (1_500 * object.sizeBytes) / bytesPerSecond()
  return Math.max(0, waitMs - lostForMs) + rank * (rankDelayMs + workMs)
}

/** Sets of surviving peers that a plan looks at: all halves of twelve peers are 924. */
const MAX_SUBSETS = 1_000

export interface RepairPlan {
  readonly homes: readonly PlannedShard[]
  /** Shards that no peer can take. */
  readonly homeless: readonly number[]
}

/**
 * Where missing shards go: to their computed homes, then to the next-ranked peers without a shard. In a mesh of fewer
 * peers than shards each peer takes its part of them all, rounded up, and more where that is not enough: of the peers, as
 * large a share may be lost as of the shards (where `MAX_SUBSETS` allows to look at all sets of survivors).
 *
 * @param held - the shards that are live and whole, and by whom
 * @param peers - the whole table of live peers
 * @param damaged - copies with damaged blocks, which are sent anew to their holders
 */
export function planRepair(
  seed: Uint8Array,
  { n, k }: { n: number; k: number },
  held: readonly PlannedShard[],
  peers: readonly MeshPeer[],
  damaged: readonly PlannedShard[] = []
): RepairPlan {
  const plan = new HomePlan(seed, { n, k }, peers, held, damaged)
  const homes = [...plan.homes]
  if (peers.length >= n) return { homes, homeless: plan.homeless }
  const load = new Load(peers, [...held, ...homes])
  const homeless: number[] = []
  for (const shard of plan.homeless) {
    const peer = load.lightestWithout(shard)
    if (peer === undefined) homeless.push(shard)
    else homes.push(load.add(shard, peer))
  }
  const perPeer = Math.min(k, Math.ceil(n / peers.length))
  for (let light = load.below(perPeer); light !== undefined; light = load.below(perPeer)) {
    homes.push(load.add(load.rarestFor(light, n), light))
  }
  const survivors = peers.length - Math.floor((peers.length * (n - k)) / n)
  if (subsets(peers.length, survivors) > MAX_SUBSETS) return { homes, homeless }
  for (let weak = load.tooFewIn(survivors, k); weak !== undefined; weak = load.tooFewIn(survivors, k)) {
    homes.push(load.complete(weak, n))
  }
  return { homes, homeless }
}

/** Which shards each peer of a small mesh holds. */
class Load {
  readonly #shards: Map<string, { readonly id: PeerId; readonly shards: Set<number> }>

  constructor(peers: readonly MeshPeer[], held: readonly PlannedShard[]) {
    this.#shards = new Map(peers.map(({ id }) => [id.toString(), { id, shards: new Set() }]))
    for (const { shard, peer } of held) this.#shards.get(peer.toString())?.shards.add(shard)
  }

  add(shard: number, peer: PeerId): PlannedShard {
    this.#shards.get(peer.toString())!.shards.add(shard)
    return { shard, peer }
  }

  lightestWithout(shard: number): PeerId | undefined {
    return this.#byLoad().find(({ shards }) => !shards.has(shard))?.id
  }

  /** A peer with fewer shards than `count`. */
  below(count: number): PeerId | undefined {
    return this.#byLoad().find(({ shards }) => shards.size < count)?.id
  }

  /** The shard of which there are fewest copies, and then the one whose holders share least with the peer. */
  rarestFor(peer: PeerId, n: number): number {
    const { shards: own } = this.#shards.get(peer.toString())!
    let best = { shard: -1, copies: Infinity, shared: Infinity }
    for (let shard = 0; shard < n; shard++) {
      if (own.has(shard)) continue
      const holders = [...this.#shards.values()].filter(({ shards }) => shards.has(shard))
      // Peers that already overlap with others should not be overlapped with again.
      const shared = holders.reduce((sum, { shards }) => sum + this.#overlap(shards), 0)
      const copies = holders.length
      if (copies < best.copies || (copies === best.copies && shared < best.shared)) {
        best = { shard, copies, shared }
      }
    }
    return best.shard
  }

  /** Peers that have fewer than `k` shards between them, of all sets of `size` peers; undefined when there are none. */
  tooFewIn(size: number, k: number): PeerId[] | undefined {
    const all = this.#byLoad()
    const find = (from: number, chosen: typeof all, union: ReadonlySet<number>): PeerId[] | undefined => {
      if (union.size >= k) return undefined
      if (chosen.length === size) return chosen.map(({ id }) => id)
      for (let i = from; i <= all.length - (size - chosen.length); i++) {
        const found = find(i + 1, [...chosen, all[i]], new Set([...union, ...all[i].shards]))
        if (found !== undefined) return found
      }
      return undefined
    }
    return find(0, [], new Set())
  }

  /** Gives one of the peers, the first, the rarest shard that none of them has. */
  complete(peers: readonly PeerId[], n: number): PlannedShard {
    const has = new Set(peers.flatMap((peer) => [...this.#shards.get(peer.toString())!.shards]))
    const copies = (shard: number): number =>
      [...this.#shards.values()].filter(({ shards }) => shards.has(shard)).length
    const absent = Array.from({ length: n }, (_, shard) => shard).filter((shard) => !has.has(shard))
    absent.sort((a, b) => copies(a) - copies(b) || a - b)
    return this.add(absent[0], peers[0])
  }

  #overlap(shards: ReadonlySet<number>): number {
    let overlap = 0
    for (const other of this.#shards.values()) {
      if (other.shards === shards) continue
      for (const shard of shards) if (other.shards.has(shard)) overlap++
    }
    return overlap
  }

  #byLoad(): Array<{ readonly id: PeerId; readonly shards: Set<number> }> {
    return [...this.#shards.values()].sort(
      (a, b) => a.shards.size - b.shards.size || (a.id.toString() < b.id.toString() ? -1 : 1)
    )
  }
}

/** Ways to choose `size` of `count`. */
function subsets(count: number, size: number): number {
  let ways = 1
  for (let i = 1; i <= size; i++) ways = (ways * (count - size + i)) / i
  return ways
}
