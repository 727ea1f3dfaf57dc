import type { CID } from 'multiformats/cid'
import type { ClientContext } from '../client/context.ts'
import { homesOf, manifestHomes } from '../placement/placement.ts'
import { decodeManifest, neededShards } from '../records/manifest.ts'
import type { EventSink } from '../events.ts'
import type { MeshPeer } from '../mesh.ts'
import type { Bandwidth } from '../wire/bandwidth.ts'
import { Absence } from './absence.ts'
import { newHealCounts } from './counts.ts'
import type { HealCounts, HealStats } from './counts.ts'
import { ObjectIndex, peersOf } from './object-index.ts'
import type { IndexedObject } from './object-index.ts'
import { CUT_OFF_FACTOR, isUrgent, repairDelayMs, spareOf } from './policy.ts'
import type { HealSettings } from './settings.ts'
import { knownHolders, repairObject } from './repair.ts'

export interface HealerComponents {
  /** What reads and sends objects. */
  readonly context: ClientContext
  /** Caps what repair reads, and yields to what the user does. */
  readonly pace: Bandwidth
  readonly events: EventSink
}

/** Repairs that run at the same time. */
const CONCURRENCY = 2
/** A repair that failed, or could not restore all, is made again after twice the pause, up to this many grace times. */
const MAX_BACKOFF = 16
/** How long a node that starts waits for its table of peers before it indexes what it keeps. */
const MAX_SETTLE_MS = 60_000
/** Objects that are indexed between two turns of the event loop. */
const INDEXED_PER_TURN = 16

interface Waiting {
  readonly cid: CID
  /** On the monotonic clock. */
  dueMs: number
  spare: number
  readonly reason: string
  backoff: number
  /** A shard here is damaged: there is something to repair though nobody is lost. */
  readonly isDamaged: boolean
}

/**
 * Rebuilds what is lost with peers that are gone, and what is damaged on this node's own disk, from what this node keeps: manifests, records, leases. Every keeper of
 * an object does so, the first in rank at once and each further one only if those before it have not. Nobody commands.
 */
export class Healer {
  readonly #context: ClientContext
  readonly #pace: Bandwidth
  readonly #events: EventSink
  readonly #settings: HealSettings
  readonly #index = new ObjectIndex()
  readonly #absence = new Absence()
  readonly #counts: HealCounts = newHealCounts()
  /** Objects of which something new is kept, to be indexed. */
  readonly #news = new Map<string, CID>()
  /** Objects of which a block here cannot be read. */
  readonly #damaged = new Map<string, CID>()
  /** When this node's shards were last looked through for known damage, on the monotonic clock. */
  #damageListedMs = -Infinity
  readonly #waiting = new Map<string, Waiting>()
  readonly #running = new Map<string, Promise<void>>()
  readonly #stopping = new AbortController()
  /** Peers that were there within the grace time. */
  readonly #recent = new Map<string, { readonly peer: MeshPeer; readonly seenMs: number }>()
  #lost = new Set<string>()
  #loop: Promise<void> | undefined

  constructor({ context, pace, events }: HealerComponents, settings: HealSettings) {
    this.#context = context
    this.#pace = pace
    this.#events = events
    this.#settings = settings
  }

  get stats(): HealStats {
    return {
      ...this.#counts,
      indexed: this.#index.size,
      waiting: this.#waiting.size + this.#running.size,
      lostPeers: this.#lost.size
    }
  }

  /** Something new of the object is kept here. */
  onKept(cid: CID): void {
    this.#news.set(cid.toString(), cid)
  }

  /** A block of the object is damaged here. */
  onDamaged(cid: CID): void {
    this.#damaged.set(cid.toString(), cid)
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the node stops'))
    await this.#loop
    await Promise.all(this.#running.values())
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    const { clock, logger } = this.#context
    // A node that has just started does not know its peers yet, and would compute other homes than there are.
    const settledMs = clock.monotonicMs() + Math.min(MAX_SETTLE_MS, this.#settings.graceMs / 2)
    let isStockListed = false
    while (!signal.aborted) {
      try {
        this.#notePeers()
        if (!isStockListed && clock.monotonicMs() >= settledMs) {
          await this.#listStock(signal)
          isStockListed = true
        }
        await this.#indexNews(signal)
        if (isStockListed) await this.#lookForDamage(signal)
        this.#look()
        this.#startDue()
      } catch (error) {
        if (signal.aborted) return
        this.#counts.failures++
        logger.warn('looking for lost shards failed', { error })
      }
      // To be stopped is not a failure.
      await clock.sleep(this.#settings.tickMs, signal).catch(() => {})
    }
  }

  async #listStock(signal: AbortSignal): Promise<void> {
    for await (const cid of this.#context.holdings.listObjects()) {
      signal.throwIfAborted()
      this.onKept(cid)
    }
  }

  /** Keeps those in mind that were there a moment ago: they were homes of what was kept then. */
  #notePeers(): void {
    const { mesh, clock } = this.#context
    const nowMs = clock.monotonicMs()
    for (const peer of mesh.placement().peers) this.#recent.set(peer.id.toString(), { peer, seenMs: nowMs })
    for (const [key, { seenMs }] of this.#recent) {
      if (nowMs - seenMs >= this.#settings.graceMs) this.#recent.delete(key)
    }
  }

  async #indexNews(signal: AbortSignal): Promise<void> {
    let indexed = 0
    for (const [key, cid] of this.#news) {
      signal.throwIfAborted()
      this.#news.delete(key)
      await this.#indexObject(cid)
      if (++indexed % INDEXED_PER_TURN === 0) await this.#context.clock.turn()
    }
  }

  async #indexObject(cid: CID): Promise<void> {
    const { holdings, logger } = this.#context
    try {
      const bytes = await holdings.getManifest(cid)
      if (bytes === undefined) return this.#forget(cid)
      const manifest = decodeManifest(bytes)
      const { n, seed, size } = manifest
      const k = neededShards(manifest)
      const inline = manifest.inline !== undefined
      const table = [...this.#recent.values()].map(({ peer }) => peer)
      const known = inline ? [] : newestOfEach(await knownHolders(this.#context, cid))
      const homes = inline ? [] : homesOf(seed, n, k, table).peers
      const computed = homes.flatMap((home, shard) => (home === undefined ? [] : [{ shard, peer: home.id }]))
      const object: IndexedObject = {
        cid,
        k,
        n,
        sizeBytes: size,
        inline,
        holders: (known.length > 0 ? known : computed).map(({ shard, peer }) => ({
          shard,
          peer: peer.toString()
        })),
        homes: manifestHomes(cid, n, table).map(({ id }) => id.toString())
      }
      this.#index.set(object)
      for (const peer of peersOf(object)) if (this.#lost.has(peer)) this.#await(object, peer)
    } catch (error) {
      if (this.#stopping.signal.aborted) return
      this.#counts.failures++
      logger.warn('an object could not be indexed for repair', { cid: cid.toString(), error })
    }
  }

  /** Readers report damage as they meet it; a scrub only marks it. */
  async #lookForDamage(signal: AbortSignal): Promise<void> {
    const { clock, holdings } = this.#context
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#damageListedMs >= this.#settings.graceMs) {
      this.#damageListedMs = nowMs
      for await (const { cid, badBlocks } of holdings.listShards()) {
        signal.throwIfAborted()
        if (badBlocks > 0) this.onDamaged(cid)
      }
    }
    for (const [key, cid] of this.#damaged) {
      this.#damaged.delete(key)
      const object = this.#index.get(cid)
      if (object === undefined || this.#waiting.has(key) || this.#running.has(key)) continue
      this.#waiting.set(key, {
        cid,
        dueMs: nowMs + this.#rankFor(object) * this.#settings.rankDelayMs,
        spare: spareOf(object, (peer) => this.#lost.has(peer)),
        reason: 'blocks here are damaged',
        backoff: 1,
        isDamaged: true
      })
    }
  }

  /** Notes who is there, and lets what each newly lost peer kept wait for its repair. */
  #look(): void {
    const { mesh, clock } = this.#context
    const nowMs = clock.monotonicMs()
    const live = new Set([mesh.self.toString(), ...mesh.peers().map(({ id }) => id.toString())])
    this.#absence.note(this.#index.peers(), live, nowMs)
    const { graceMs } = this.#settings
    const gone = this.#absence.lost(graceMs, nowMs)
    const fresh = gone.filter((peer) => !this.#lost.has(peer))
    const isCutOff = fresh.length > live.size
    const lost = isCutOff ? this.#absence.lost(CUT_OFF_FACTOR * graceMs, nowMs) : gone
    const before = this.#lost
    this.#lost = new Set(lost)
    for (const peer of lost) {
      if (before.has(peer)) continue
      const objects = [...this.#index.objectsOf(peer)]
      const reason = `gone for ${Math.round(this.#absence.goneMs(peer, nowMs) / 1000)} s: what it kept is rebuilt`
      this.#events.emit({ room: 'heal', kind: 'peer-lost', reason, peer, data: { objects: objects.length } })
      for (const object of objects) this.#await(object, peer)
    }
    for (const peer of before) {
      if (this.#lost.has(peer) || !live.has(peer)) continue
      this.#events.emit({ room: 'heal', kind: 'peer-back', reason: 'a lost peer answers again', peer })
    }
  }

  #await(object: IndexedObject, peer: string): void {
    const { clock } = this.#context
    const key = object.cid.toString()
    const nowMs = clock.monotonicMs()
    const spare = spareOf(object, (one) => this.#lost.has(one))
    const lostForMs = this.#absence.goneMs(peer, nowMs)
    const delayMs = repairDelayMs(object, { spare, lostForMs, rank: this.#rankFor(object) }, this.#settings)
    const known = this.#waiting.get(key)
    const dueMs = Math.min(nowMs + delayMs, known?.dueMs ?? Infinity)
    const reason = isUrgent(object, spare) ? 'little is left to spare' : 'a holder has not come back'
    this.#waiting.set(key, {
      cid: object.cid,
      dueMs,
      spare,
      reason,
      backoff: known?.backoff ?? 1,
      isDamaged: known?.isDamaged ?? false
    })
  }

  /** Place of this node in the order in which the live peers would repair the object. */
  #rankFor({ cid, n }: IndexedObject): number {
    const { mesh } = this.#context
    const order = manifestHomes(cid, 2 * n, mesh.placement().peers)
    const rank = order.findIndex(({ id }) => id.equals(mesh.self))
    return rank < 0 ? 2 * n : rank
  }

  /** Starts what is due, the most endangered first. */
  #startDue(): void {
    const nowMs = this.#context.clock.monotonicMs()
    const due = [...this.#waiting.values()].filter(({ dueMs }) => dueMs <= nowMs)
    due.sort((a, b) => a.spare - b.spare || a.dueMs - b.dueMs)
    for (const waiting of due) {
      if (this.#running.size >= CONCURRENCY) return
      const key = waiting.cid.toString()
      if (this.#running.has(key)) continue
      this.#waiting.delete(key)
      const object = this.#index.get(waiting.cid)
      // It may have been collected, or all of its peers may be back.
      if (object === undefined) continue
      if (!waiting.isDamaged && ![...peersOf(object)].some((peer) => this.#lost.has(peer))) continue
      const running = this.#repair(waiting).finally(() => {
        this.#running.delete(key)
        if (!this.#stopping.signal.aborted) this.#startDue()
      })
      this.#running.set(key, running)
    }
  }

  /** Never rejects. */
  async #repair(waiting: Waiting): Promise<void> {
    const { cid, reason } = waiting
    const { clock, logger } = this.#context
    const { signal } = this.#stopping
    const startedMs = clock.monotonicMs()
    this.#counts.examined++
    try {
      const result = await repairObject(this.#context, cid, this.#pace, signal)
      const { outcome, rebuilt, homes, spareBefore, readBytes, sentBytes } = result
      this.#counts.shardsRebuilt += rebuilt.length
      this.#counts.manifestsBrought += homes.length
      this.#counts.readBytes += readBytes
      this.#counts.sentBytes += sentBytes
      if (rebuilt.length + homes.length > 0) {
        this.#counts.repaired++
        this.#events.emit({
          room: 'heal',
          kind: 'repaired',
          reason,
          cid: cid.toString(),
          data: {
            spareBefore,
            shards: rebuilt.map(({ shard, peer }) => `${shard} at ${peer.toString()}`).join(', '),
            manifests: homes.length,
            sentBytes,
            tookMs: Math.round(clock.monotonicMs() - startedMs)
          }
        })
      }
      if (outcome === 'partial') this.#again(waiting)
      else if (outcome === 'gone' || outcome === 'ended') this.#forget(cid)
      else await this.#indexObject(cid)
    } catch (error) {
      if (signal.aborted) return
      this.#counts.failures++
      logger.warn('an object could not be repaired', { cid: cid.toString(), reason, error })
      this.#again(waiting)
    }
  }

  #again({ cid, reason, spare, backoff, isDamaged }: Waiting): void {
    const dueMs = this.#context.clock.monotonicMs() + backoff * this.#settings.graceMs
    this.#waiting.set(cid.toString(), {
      cid,
      reason,
      spare,
      dueMs,
      isDamaged,
      backoff: Math.min(MAX_BACKOFF, 2 * backoff)
    })
  }

  #forget(cid: CID): void {
    this.#index.delete(cid)
    this.#waiting.delete(cid.toString())
  }
}

/** One holder for each shard: what was said first in the list is the newest. */
function newestOfEach<T extends { readonly shard: number }>(holders: readonly T[]): T[] {
  const byShard = new Map<number, T>()
  for (const holder of holders) if (!byShard.has(holder.shard)) byShard.set(holder.shard, holder)
  return [...byShard.values()]
}
