import type { PeerId } from '@libp2p/interface'
import { CID } from 'multiformats/cid'
import type { ClientContext } from '../client/context.ts'
import type { EventSink } from '../events.ts'
import { Layout } from '../records/layout.ts'
import { copyInline, copyShard, dropCopy, furtherHomes, holdersOf, leasedObject, ownShard } from './copies.ts'

export interface SpreadStats {
  /** Copies of shards that were given to other peers. */
  readonly given: number
  /** Copies that were dropped here. */
  readonly dropped: number
  readonly givenBytes: number
  readonly failures: number
}

/** Carries out what the controller decides: copies of this node's shard to cool peers, and the end of copies kept here. */
export class Spreader {
  readonly #context: ClientContext
  readonly #events: EventSink
  readonly #stopping = new AbortController()
  readonly #running = new Map<string, Promise<void>>()
  readonly #stats = { given: 0, dropped: 0, givenBytes: 0, failures: 0 }

  constructor(context: ClientContext, events: EventSink) {
    this.#context = context
    this.#events = events
  }

  get stats(): SpreadStats {
    return { ...this.#stats }
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the node stops'))
    await Promise.all(this.#running.values())
  }

  /** Gives `count` cool peers a copy of what this node keeps of the object. @param object - its id as text */
  spread(object: string, count: number, reason: string): void {
    this.#run(object, async (cid, signal) => this.#spread(cid, count, reason, signal))
  }

  /** Drops the copy that this node keeps, unless it is needed. */
  contract(object: string, reason: string): void {
    this.#run(object, async (cid, signal) => {
      const { steering, holdings } = this.#context
      const leased = await leasedObject(this.#context, cid)
      const isHeld = (await holdings.shardsOf(cid)).length > 0
      if (leased === undefined || !isHeld) return steering.forgetCopy(object)
      const isDropped = await dropCopy(this.#context, leased, signal)
      if (!isDropped) return
      steering.forgetCopy(object)
      this.#stats.dropped++
      this.#events.emit({ room: 'spread', kind: 'dropped', reason, cid: object })
    })
  }

  /** One thing at a time for each object. */
  #run(object: string, work: (cid: CID, signal: AbortSignal) => Promise<void>): void {
    const { signal } = this.#stopping
    if (this.#running.has(object) || signal.aborted) return
    const running = work(CID.parse(object), signal)
      .catch((error: unknown) => {
        if (signal.aborted) return
        this.#stats.failures++
        this.#context.logger.warn('a hot object could not be spread, or a copy dropped', {
          cid: object,
          error
        })
      })
      .finally(() => this.#running.delete(object))
    this.#running.set(object, running)
  }

  async #spread(cid: CID, count: number, reason: string, signal: AbortSignal): Promise<void> {
    const object = await leasedObject(this.#context, cid)
    if (object === undefined) return
    const { manifest, bytes } = object
    if (manifest.inline !== undefined) {
      const peers = furtherHomes(this.#context, cid, manifest, count)
      const taken = await copyInline(this.#context, object, peers, signal)
      return this.#given(cid, taken, taken * bytes.byteLength, reason)
    }
    const shard = await ownShard(this.#context, cid)
    if (shard === undefined) return
    const chosen = this.#choose(
      await holdersOf(this.#context, object),
      new Layout(manifest).shardBytes,
      count
    )
    const peers = await copyShard(this.#context, object, shard, chosen, signal)
    this.#given(cid, peers.length, peers.length * new Layout(manifest).shardBytes, reason)
  }

  #choose(holders: ReadonlyMap<string, unknown>, shardBytes: number, count: number): PeerId[] {
    const { mesh, steering } = this.#context
    const free = mesh
      .peers()
      .filter(({ id, freeBytes }) => !holders.has(id.toString()) && freeBytes > shardBytes)
    const candidates = free.map(({ id }) => ({
      id: id.toString(),
      distanceMs: (mesh.rttMicros(id) ?? UNKNOWN_RTT_MICROS) / 1000
    }))
    const chosen = new Set(steering.choose(candidates, count))
    return free.filter(({ id }) => chosen.has(id.toString())).map(({ id }) => id)
  }

  #given(cid: CID, copies: number, bytes: number, reason: string): void {
    if (copies === 0) return
    this.#stats.given += copies
    this.#stats.givenBytes += bytes
    this.#events.emit({
      room: 'spread',
      kind: 'spread',
      reason,
      cid: cid.toString(),
      data: { copies, bytes }
    })
  }
}

/** A peer of which no round-trip time is known. */
const UNKNOWN_RTT_MICROS = 100_000
