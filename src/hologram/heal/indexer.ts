import type { CID } from 'multiformats/cid'
import type { ClientContext } from '../client/context.ts'
import type { MeshPeer } from '../mesh.ts'
import { keptShape } from '../records/kept-shape.ts'
import { homesOf, manifestHomes } from '../placement/placement.ts'
import { decodeStoredManifest, neededShards } from '../records/manifest.ts'
import type { PlannedShard } from '../client/put/home-plan.ts'
import type { HealCounts } from './counts.ts'
import { ObjectIndex } from './object-index.ts'
import type { IndexedHolder, IndexedObject } from './object-index.ts'
import { knownHolders } from './repair.ts'

/** Objects that are indexed between two turns of the event loop. */
const INDEXED_PER_TURN = 16

export interface IndexerComponents {
  readonly context: ClientContext
  readonly counts: HealCounts
  /** Peers that were there within this time count as homes of what was kept then. */
  readonly memoryMs: number
}

/** Keeps the index of who keeps what up to date with what is kept here. */
export class Indexer {
  readonly index = new ObjectIndex()
  readonly #context: ClientContext
  readonly #counts: HealCounts
  readonly #memoryMs: number
  /** Objects of which something new is kept, to be indexed. */
  readonly #news = new Map<string, CID>()
  readonly #recent = new Map<string, { readonly peer: MeshPeer; readonly seenMs: number }>()
  /** Holders of which an audit has shown that they do not have their shard: "shard peer" of each object. */
  readonly #disproved = new Map<string, Set<string>>()

  constructor({ context, counts, memoryMs }: IndexerComponents) {
    this.#context = context
    this.#counts = counts
    this.#memoryMs = memoryMs
  }

  /** Something new of the object is kept here. */
  note(cid: CID): void {
    this.#news.set(cid.toString(), cid)
  }

  async noteStock(signal: AbortSignal): Promise<void> {
    for await (const cid of this.#context.holdings.listObjects()) {
      signal.throwIfAborted()
      this.note(cid)
    }
  }

  /** Keeps those in mind that were there a moment ago: they were homes of what was kept then. */
  notePeers(): void {
    const { mesh, clock } = this.#context
    const nowMs = clock.monotonicMs()
    for (const peer of mesh.placement().peers) this.#recent.set(peer.id.toString(), { peer, seenMs: nowMs })
    for (const [key, { seenMs }] of this.#recent) {
      if (nowMs - seenMs >= this.#memoryMs) this.#recent.delete(key)
    }
  }

  /** Indexes what is new. @returns what was indexed */
  async indexNews(signal: AbortSignal): Promise<IndexedObject[]> {
    const indexed: IndexedObject[] = []
    let looked = 0
    for (const [key, cid] of this.#news) {
      signal.throwIfAborted()
      this.#news.delete(key)
      const object = await this.indexObject(cid)
      if (object !== undefined) indexed.push(object)
      if (++looked % INDEXED_PER_TURN === 0) await this.#context.clock.turn()
    }
    return indexed
  }

  /**
   * @param found - who has which shard, as peers have just said
   * @returns undefined when the object is not kept here any more, or cannot be read
   */
  async indexObject(cid: CID, found: readonly PlannedShard[] = []): Promise<IndexedObject | undefined> {
    const { holdings, logger } = this.#context
    try {
      const bytes = await holdings.getManifest(cid)
      if (bytes === undefined) {
        this.forget(cid)
        return undefined
      }
      const object = await this.#describe(cid, bytes, found)
      this.index.set(object)
      return object
    } catch (error) {
      this.#counts.failures++
      logger.warn('an object could not be indexed for repair', { cid: cid.toString(), error })
      return undefined
    }
  }

  async #describe(cid: CID, bytes: Uint8Array, found: readonly PlannedShard[]): Promise<IndexedObject> {
    const { holdings, clock } = this.#context
    const nowMs = (): number => clock.nowMs()
    const stored = decodeStoredManifest(bytes)
    // No lease changes how many copies there are of a small object.
    const { manifest } =
      stored.inline === undefined ? await keptShape({ holdings, nowMs }, cid, stored) : { manifest: stored }
    const { n, seed, size } = manifest
    const k = neededShards(manifest)
    const inline = manifest.inline !== undefined
    const table = [...this.#recent.values()].map(({ peer }) => peer)
    const disproved = this.#disproved.get(cid.toString())
    const holders = (inline ? [] : await this.#holders(cid, found, { seed, n, k, table }))
      // What a peer said once may be of a shard that nobody asks for any more.
      .filter(({ shard, peer }) => shard < n && !disproved?.has(holderKey(shard, peer)))
    return {
      ...{ cid, k, n, inline },
      sizeBytes: size,
      holders: newestOfEach(holders),
      homes: manifestHomes(cid, n, table).map(({ id }) => id.toString())
    }
  }

  /**
   * The peers that may hold each shard, the most certain first. After a repair only the peers that were given something say so. For
   * the others what was known before still counts; their computed homes may have been different at the time of the put.
   */
  async #holders(
    cid: CID,
    found: readonly PlannedShard[],
    { seed, n, k, table }: { seed: Uint8Array; n: number; k: number; table: readonly MeshPeer[] }
  ): Promise<IndexedHolder[]> {
    const records = await knownHolders(this.#context, cid)
    const isSaid = (one: PlannedShard): boolean =>
      records.some(({ shard, peer }) => shard === one.shard && peer.equals(one.peer))
    const known = [...found, ...records].map((one) => {
      return { shard: one.shard, peer: one.peer.toString(), isSaid: isSaid(one) }
    })
    const before = this.index.get(cid)?.holders ?? []
    const computed = homesOf(seed, n, k, table).peers.flatMap((home, shard) =>
      home === undefined ? [] : [{ shard, peer: home.id.toString(), isSaid: false }]
    )
    return [...known, ...before, ...computed]
  }

  /** An audit has shown that the peer does not have the shard: until it is given it again, it does not count. */
  disprove(cid: CID, shard: number, peer: string): void {
    const key = cid.toString()
    this.#disproved.set(key, (this.#disproved.get(key) ?? new Set()).add(holderKey(shard, peer)))
    const object = this.index.get(cid)
    if (object === undefined) return
    const holders = object.holders.filter((holder) => holder.shard !== shard || holder.peer !== peer)
    this.index.set({ ...object, holders })
  }

  /** The peer was given the shard. */
  rehabilitate(cid: CID, shard: number, peer: string): void {
    this.#disproved.get(cid.toString())?.delete(holderKey(shard, peer))
  }

  forget(cid: CID): void {
    this.index.delete(cid)
    this.#disproved.delete(cid.toString())
  }
}

const holderKey = (shard: number, peer: string): string => `${shard} ${peer}`

/** One holder for each shard: what was said first in the list is the newest. */
function newestOfEach<T extends { readonly shard: number }>(holders: readonly T[]): T[] {
  const byShard = new Map<number, T>()
  for (const holder of holders) if (!byShard.has(holder.shard)) byShard.set(holder.shard, holder)
  return [...byShard.values()]
}
