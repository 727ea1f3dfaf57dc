import { MAX_SHARDS } from '../../../protocols/limits.ts'
import { createHash } from 'node:crypto'
import { compare } from 'uint8arrays/compare'
import { negativeLog2 } from './log2.ts'
import type { CID } from 'multiformats/cid'
import type { MeshPeer } from '../mesh.ts'

/** What placement asks of a peer. */
export type PlacementPeer = Pick<MeshPeer, 'id' | 'capacityBytes' | 'reliabilityPpm' | 'failureDomain'>

export interface Homes<P extends PlacementPeer = MeshPeer> {
  /** The home of each shard; undefined for the last ones when there are fewer peers than shards. */
  readonly peers: ReadonlyArray<P | undefined>
  /** There are too few failure domains for n - k shards in each: the loss of one domain may lose the object. */
  readonly relaxed: boolean
  /** Most shards that one failure domain was allowed to take. */
  readonly perDomain: number
}

const DOMAIN = new TextEncoder().encode('thhe/home/1')
/** Bytes of capacity that make one unit of weight. */
const WEIGHT_UNIT_BYTES = 2 ** 26
const MAX_WEIGHT = 2 ** 25
/** A peer counts with at most this multiple of what is usual, however much it claims. */
const MAX_CAPACITY_MULTIPLE = 4
/** Weights are rounded to this many binary digits, so that peers with nearly the same view compute the same homes. */
const WEIGHT_SIGNIFICANT_BITS = 4
/** Hash bytes that decide how well a peer suits a shard. */
const DRAW_BYTES = 4

/**
 * The homes of an object's shards by weighted rendezvous hashing (Thaler and Ravishankar, 1998; weights by Schindler
 * and Schomaker's logarithmic method, 2005). Shard after shard goes to the peer with the least `-log2(u) / weight`
 * among those that have no shard of the object yet and whose failure domain is not full; `u` is a hash of the seed,
 * the shard and the peer. The order of `peers` does not matter. Specified, with vectors, in docs/reference/protocols.md, "Homes".
 *
 * @param seed - the manifest's 32-byte placement seed
 * @param k - of the layer with the largest k
 */
export function homesOf<P extends PlacementPeer>(
  seed: Uint8Array,
  n: number,
  k: number,
  peers: readonly P[]
): Homes<P> {
  const candidates = candidatesOf(seed, n, peers)
  const perDomain = domainCap(candidates, Math.min(n, candidates.length), n - k)
  const homes: Array<P | undefined> = []
  const taken = new Map<string, number>()
  const free = new Set(candidates)
  for (let shard = 0; shard < n; shard++) {
    const home = best(free, shard, ({ peer }) => (taken.get(peer.failureDomain) ?? 0) < perDomain)
    homes.push(home?.peer)
    if (home === undefined) continue
    free.delete(home)
    taken.set(home.peer.failureDomain, (taken.get(home.peer.failureDomain) ?? 0) + 1)
  }
  return { peers: homes, relaxed: perDomain > n - k, perDomain }
}

/**
 * The homes of an object's manifest, best first. A reader knows neither k nor n yet, so a longer list begins with the
 * shorter one, and of the first c peers no failure domain has more than half (rounded up) while there are others.
 *
 * @param count - how many; fewer are returned when there are fewer peers
 */
export function manifestHomes<P extends PlacementPeer>(cid: CID, count: number, peers: readonly P[]): P[] {
  return copyHomes(cid.bytes, count, peers)
}

/** As `manifestHomes`, for anything that is kept in whole copies. */
export function copyHomes<P extends PlacementPeer>(
  seed: Uint8Array,
  count: number,
  peers: readonly P[]
): P[] {
  const free = new Set(candidatesOf(seed, 1, peers))
  const homes: P[] = []
  const taken = new Map<string, number>()
  while (homes.length < count) {
    const mostBefore = Math.floor(homes.length / 2)
    const home =
      best(free, 0, ({ peer }) => (taken.get(peer.failureDomain) ?? 0) <= mostBefore) ??
      best(free, 0, () => true)
    if (home === undefined) break
    homes.push(home.peer)
    free.delete(home)
    taken.set(home.peer.failureDomain, (taken.get(home.peer.failureDomain) ?? 0) + 1)
  }
  return homes
}

/**
 * Placement weight, before the limit on capacity: capacity in units of 64 MiB times reliability, rounded to 4 significant bits, at least 1; 0 for a
 * peer that lends nothing or cannot be relied on at all.
 */
export function placementWeight({
  capacityBytes,
  reliabilityPpm
}: Pick<PlacementPeer, 'capacityBytes' | 'reliabilityPpm'>): number {
  if (capacityBytes <= 0 || reliabilityPpm <= 0) return 0
  const units = Math.min(MAX_WEIGHT, Math.floor(capacityBytes / WEIGHT_UNIT_BYTES))
  const weight = Math.floor((units * Math.min(reliabilityPpm, 1_000_000)) / 1_000_000)
  return Math.max(1, roundToSignificantBits(weight))
}

/**
 * The most capacity that a peer is weighed with: four times the lower median, over all failure domains with lenders, of the
 * largest capacity in the domain. Capacity is a claim: without a limit a few that claim petabytes would take everything. One
 * domain has one voice, so that many identities in one place cannot move the median.
 */
export function capacityLimit(
  peers: ReadonlyArray<Pick<PlacementPeer, 'capacityBytes' | 'failureDomain'>>
): number {
  const largest = new Map<string, number>()
  for (const { capacityBytes, failureDomain } of peers) {
    if (capacityBytes > (largest.get(failureDomain) ?? 0)) largest.set(failureDomain, capacityBytes)
  }
  const sorted = [...largest.values()].sort((a, b) => a - b)
  const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
  return Math.min(Number.MAX_SAFE_INTEGER, median * MAX_CAPACITY_MULTIPLE)
}

function clippedWeight({ capacityBytes, reliabilityPpm }: PlacementPeer, limitBytes: number): number {
  return placementWeight({ capacityBytes: Math.min(capacityBytes, limitBytes), reliabilityPpm })
}

interface Candidate<P> {
  readonly peer: P
  readonly id: Uint8Array
  /** At most 2^25, of 4 significant bits: a product with a 38-bit logarithm is exact in a double. */
  readonly weight: number
  /** DRAW_BYTES for each shard, big-endian. */
  readonly draws: DataView
}

/** Sorted by peer id, which breaks ties. */
function candidatesOf<P extends PlacementPeer>(
  key: Uint8Array,
  shards: number,
  peers: readonly P[]
): Array<Candidate<P>> {
  if (shards < 1 || shards > MAX_SHARDS) throw new RangeError(`1 to ${MAX_SHARDS} shards, not ${shards}`)
  const limitBytes = capacityLimit(peers)
  return peers
    .map((peer) => ({ peer, weight: clippedWeight(peer, limitBytes), id: peer.id.toMultihash().bytes }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => compare(a.id, b.id))
    .map((candidate) => ({ ...candidate, draws: draw(key, candidate.id, shards) }))
}

/**
 * One extendable-output hash gives the draws of a peer for all shards: with a hash a pair, 500 peers and 256 shards
 * would cost 100 ms.
 */
function draw(key: Uint8Array, peerId: Uint8Array, shards: number): DataView {
  const bytes = createHash('shake256', { outputLength: shards * DRAW_BYTES })
    .update(DOMAIN)
    .update(key)
    .update(peerId)
    .digest()
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function best<P extends PlacementPeer>(
  candidates: Iterable<Candidate<P>>,
  shard: number,
  allowed: (candidate: Candidate<P>) => boolean
): Candidate<P> | undefined {
  let winner: Candidate<P> | undefined
  let winnerLog = 0
  for (const candidate of candidates) {
    if (!allowed(candidate)) continue
    const log = negativeLog2(candidate.draws.getUint32(shard * DRAW_BYTES))
    // log / weight < winnerLog / winner.weight, without a division
    if (winner === undefined || log * winner.weight < winnerLog * candidate.weight) {
      winner = candidate
      winnerLog = log
    }
  }
  return winner
}

/** The least number of shards a domain, from `wanted` up, with which all domains together take `shards`. */
function domainCap<P extends PlacementPeer>(
  candidates: ReadonlyArray<Candidate<P>>,
  shards: number,
  wanted: number
): number {
  const sizes = new Map<string, number>()
  for (const { peer } of candidates) sizes.set(peer.failureDomain, (sizes.get(peer.failureDomain) ?? 0) + 1)
  const room = (cap: number) => [...sizes.values()].reduce((sum, size) => sum + Math.min(size, cap), 0)
  let cap = wanted
  while (room(cap) < shards) cap++
  return cap
}

function roundToSignificantBits(weight: number): number {
  const spare = Math.max(0, 32 - Math.clz32(weight) - WEIGHT_SIGNIFICANT_BITS)
  const step = 2 ** spare
  return Math.floor((weight + step / 2) / step) * step
}
