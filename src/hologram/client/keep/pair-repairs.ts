import type { PeerId } from '@libp2p/interface'
import { PairCode, leafHash } from '../../../../encoder/index.ts'
import type { PairRepair } from '../../../../encoder/index.ts'
import type { ShardHolder } from '../../records/placement-record.ts'
import type { Bandwidth } from '../../wire/bandwidth.ts'
import { laneOpener } from '../get/read-segments.ts'
import type { ReadableObject } from '../get/read-segments.ts'
import { HelperFailed, ShardBlocks } from '../get/shard-blocks.ts'
import type { ClientContext } from '../context.ts'
import { CodedSegment } from '../put/coder.ts'
import { survive } from '../survive.ts'
import { untilAbort } from '../wire/until-abort.ts'

/** What is to be rebuilt, and from whom. */
export interface Rebuilding {
  readonly shards: readonly number[]
  /** Of whole shards. */
  readonly holders: readonly ShardHolder[]
  readonly pace: Bandwidth
  readonly signal: AbortSignal
}

/** Makes the wanted rows of the segments from `first` up to `end` from k rows of each. */
export type FromWhole = (first: number, end: number) => AsyncIterable<CodedSegment>

/** Pairs that are asked for ahead of the one that is waited for. */
const PAIRS_AHEAD = 2

/**
 * Rebuilds one lost shard of an object in the code rs8p pair by pair from the blocks that its repair plan names. Everything else is
 * rebuilt from k rows: more lost shards, other codes, segments without a partner, and what is left when a helper fails.
 */
export class PairRepairs {
  readonly #context: ClientContext
  readonly #object: ReadableObject
  readonly #work: Rebuilding
  readonly #peers: ReadonlyMap<number, PeerId>
  /** Rows that can be read. */
  readonly #available: readonly number[]
  readonly #plans = new Map<number, PairRepair | undefined>()

  constructor(context: ClientContext, object: ReadableObject, work: Rebuilding) {
    this.#context = context
    this.#object = object
    this.#work = work
    this.#peers = new Map(work.holders.map(({ shard, peer }) => [shard, peer]))
    this.#available = [...this.#peers.keys()].filter((row) => row < object.manifest.n)
  }

  /** The wanted rows of all segments, in order. @throws whatever `fromWhole` throws; the signal's reason */
  async *coded(fromWhole: FromWhole): AsyncGenerator<CodedSegment> {
    const { layout } = this.#object
    let next = 0
    let isCheap = true
    while (next < layout.segments) {
      const end = this.#runFrom(next, isCheap)
      if (!isCheap || this.#planOf(next) === undefined) {
        yield* fromWhole(next, end)
        next = end
        continue
      }
      try {
        for await (const segment of this.#cheaply(next, end)) {
          next = segment.index + 1
          yield segment
        }
      } catch (error) {
        this.#work.signal.throwIfAborted()
        if (!(error instanceof HelperFailed)) throw error
        const { peer, shard } = error
        survive(this.#context, 'helper', { cid: this.#object.cid, peer, shard, error })
        isCheap = false
      }
    }
  }

  /** The end of the segments that are rebuilt in the same way as segment `first`. */
  #runFrom(first: number, isCheap: boolean): number {
    const { layout } = this.#object
    if (!isCheap) return layout.segments
    const plan = this.#planOf(first)
    let end = first + 1
    while (end < layout.segments && this.#planOf(end) === plan) end++
    return end
  }

  /** How the pair of a segment is rebuilt; undefined when it takes k rows. */
  #planOf(index: number): PairRepair | undefined {
    const { manifest, layout } = this.#object
    const { shards } = this.#work
    if (manifest.code !== 'rs8p' || shards.length !== 1 || layout.pairOf(index) === undefined)
      return undefined
    const { k } = layout.segment(index)
    if (!this.#plans.has(k)) {
      this.#plans.set(k, new PairCode(k, manifest.n).repair(shards[0], this.#available))
    }
    return this.#plans.get(k)
  }

  async *#cheaply(first: number, end: number): AsyncGenerator<CodedSegment> {
    const { layout } = this.#object
    const { mesh } = this.#context
    const { pace, signal } = this.#work
    const blocks = new ShardBlocks(laneOpener(this.#context, this.#object), this.#peers, (peer, failure) => {
      if (!peer.equals(mesh.self)) mesh.observe(peer, failure)
    })
    const pairs: Array<Promise<CodedSegment[]>> = []
    try {
      for (let index = first; index < end; index += 2) {
        const plan = this.#planOf(index)!
        await pace.take((plan.first.length + plan.second.length) * layout.blockBytesAt(index), signal)
        const pair = this.#pair(blocks, plan, index)
        // The consumer sees a failure when its turn comes.
        pair.catch(() => {})
        pairs.push(pair)
        if (pairs.length > PAIRS_AHEAD) yield* await untilAbort(pairs.shift()!, signal)
      }
      for (const pair of pairs) yield* await untilAbort(pair, signal)
    } finally {
      blocks.close()
    }
  }

  /** The lost row of the pair that begins with segment `index`. */
  async #pair(blocks: ShardBlocks, plan: PairRepair, index: number): Promise<CodedSegment[]> {
    const { manifest, layout } = this.#object
    const { codec } = this.#context
    const { signal } = this.#work
    const { k, blockBytes } = layout.segment(index)
    const [first, second] = await Promise.all([
      Promise.all(plan.first.map(async (shard) => blocks.block(shard, index))),
      Promise.all(plan.second.map(async (shard) => blocks.block(shard, index + 1)))
    ])
    const given = {
      first: new Uint8Array(Buffer.concat(first)),
      second: new Uint8Array(Buffer.concat(second))
    }
    const shape = { k, n: manifest.n, blockBytes }
    const made = await codec.repairPair(shape, plan.lost, this.#available, given, { signal })
    return [made.first, made.second].map((block, i) => {
      const { lost } = plan
      return new CodedSegment(
        index + i,
        blockBytes,
        new Map([[lost, block]]),
        new Map([[lost, leafHash(block)]])
      )
    })
  }
}
