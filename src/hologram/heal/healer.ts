import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import type { ClientContext } from '../client/context.ts'
import { locateManifest } from '../client/find/locate-manifest.ts'
import type { EventSink } from '../events.ts'
import { manifestHomes } from '../placement/placement.ts'
import type { Bandwidth } from '../wire/bandwidth.ts'
import { Absence } from './absence.ts'
import { newHealCounts } from './counts.ts'
import type { HealStats } from './counts.ts'
import { Indexer } from './indexer.ts'
import { peersOf } from './object-index.ts'
import type { IndexedObject, ObjectIndex } from './object-index.ts'
import { CUT_OFF_FACTOR, isUrgent, repairDelayMs, spareOf } from './policy.ts'
import { RepairQueue } from './repair-queue.ts'
import type { QueuedRepair } from './repair-queue.ts'
import type { HealSettings } from './settings.ts'
import { repairObject } from './repair.ts'
import type { RepairOptions, RepairResult } from './repair.ts'
import type { Suspect } from './suspects.ts'

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
/** Objects of which it is remembered what was found wrong. */
const MAX_SUSPECTED = 1_024
/** How long a node that starts waits for its table of peers before it indexes what it keeps. */
const MAX_SETTLE_MS = 60_000

/** The oldest go first: what is forgotten is found again. */
function forgetMost(disproved: Set<string>): void {
  for (const key of disproved) {
    if (disproved.size < MAX_SUSPECTED) return
    disproved.delete(key)
  }
}

/**
 * Rebuilds what is lost with peers that are gone, what is damaged on this node's own disk and what audits have found, from
 * what this node keeps: manifests, records, leases. Every keeper of an object does so, the first in rank at once and each
 * further one only if those before it have not. Nobody commands.
 */
export class Healer {
  readonly #context: ClientContext
  readonly #pace: Bandwidth
  readonly #events: EventSink
  readonly #settings: HealSettings
  readonly #indexer: Indexer
  readonly #absence = new Absence()
  readonly #counts = newHealCounts()
  readonly #queue = new RepairQueue()
  /** What was found wrong of objects that the user may want repaired. */
  readonly #suspected = new Map<string, readonly Suspect[]>()
  /** Objects of which a block here cannot be read. */
  readonly #damaged = new Map<string, CID>()
  /** Leases that lied, in memory: "cid lessee sequence". */
  readonly #disproved = new Set<string>()
  /** When this node's shards were last looked through for known damage, on the monotonic clock. */
  #damageListedMs = -Infinity
  /** Since when each object is being repaired here, on the monotonic clock. */
  readonly #startedMs = new Map<string, number>()
  readonly #running = new Set<Promise<void>>()
  readonly #stopping = new AbortController()
  #lost = new Set<string>()
  #loop: Promise<void> | undefined

  constructor({ context, pace, events }: HealerComponents, settings: HealSettings) {
    this.#context = context
    this.#pace = pace
    this.#events = events
    this.#settings = settings
    this.#indexer = new Indexer({ context, counts: this.#counts, memoryMs: settings.graceMs })
  }

  get stats(): HealStats {
    return {
      ...this.#counts,
      indexed: this.index.size,
      waiting: this.#queue.size + this.#running.size,
      lostPeers: this.#lost.size
    }
  }

  /** Which peers hold shards of which objects, as far as this node knows. */
  get index(): ObjectIndex {
    return this.#indexer.index
  }

  /** Objects of which this node keeps the manifest, by the shards or copies over those needed that are not lost. */
  bySpare(): Map<number, number> {
    const counts = new Map<number, number>()
    for (const object of this.index.objects()) {
      const spare = spareOf(object, (peer) => this.#lost.has(peer))
      counts.set(spare, (counts.get(spare) ?? 0) + 1)
    }
    return counts
  }

  /** Objects that wait for repair, likewise. */
  queuedBySpare(): Map<number, number> {
    return this.#queue.bySpare()
  }

  /** For how long this node has been rebuilding the object, in milliseconds; 0 when it is not, else at least 1. */
  repairingMs(cid: CID): number {
    const startedMs = this.#startedMs.get(cid.toString())
    if (startedMs === undefined) return 0
    return Math.max(1, Math.round(this.#context.clock.monotonicMs() - startedMs))
  }

  /** Whether the object waits for repair here, or is being repaired. */
  isConcerned(cid: CID): boolean {
    return this.#queue.has(cid) || this.#startedMs.has(cid.toString())
  }

  /** Something new of the object is kept here. */
  onKept(cid: CID): void {
    this.#indexer.note(cid)
  }

  /** A block of the object is damaged here. */
  onDamaged(cid: CID): void {
    this.#damaged.set(cid.toString(), cid)
  }

  /** The peer does not keep the shard any more, and another one has proved that it does. */
  onMoved(cid: CID, shard: number, peer: PeerId): void {
    this.#indexer.disprove(cid, shard, peer.toString())
    this.#indexer.note(cid)
  }

  /** An audit has found that peers do not keep what they should: this node repairs it at once. */
  onSuspects(cid: CID, suspects: readonly Suspect[]): void {
    for (const { shard, peer } of suspects) {
      if (shard !== undefined) this.#indexer.disprove(cid, shard, peer.toString())
    }
    this.#remember(cid, suspects)
    const object = this.index.get(cid)
    if (object === undefined) return
    this.#enqueue(object, { dueMs: 0, reason: 'an audit failed', mustLook: true, suspects })
  }

  #remember(cid: CID, suspects: readonly Suspect[]): void {
    this.#suspected.set(cid.toString(), suspects)
    const [oldest] = this.#suspected.keys()
    if (this.#suspected.size > MAX_SUSPECTED) this.#suspected.delete(oldest)
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the node stops'))
    await this.#loop
    await Promise.all(this.#running)
  }

  /**
   * Repairs one object now, also one of which this node keeps nothing.
   *
   * @param pace - in addition to the cap on repair
   * @throws HologramError 'NOT_FOUND' | 'NOT_ENOUGH_SHARDS' | 'CORRUPT' | 'NOT_DURABLE' | 'TIMEOUT'; the signal's reason
   */
  async repairNow(cid: CID, pace: Bandwidth, signal: AbortSignal): Promise<RepairResult> {
    const started = this.#context.clock.monotonicMs()
    const either = AbortSignal.any([signal, this.#stopping.signal])
    const findManifest = async (): Promise<Uint8Array> =>
      (await locateManifest(this.#context, cid, either)).bytes
    const result = await this.#during(cid, async () =>
      this.#repairOnce(cid, this.#suspected.get(cid.toString()) ?? [], either, { pace, findManifest })
    )
    if (result.outcome !== 'busy') this.#suspected.delete(cid.toString())
    this.#note(cid, 'asked to by the user', result, started)
    return result
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    const { clock, logger } = this.#context
    // A node that has just started does not know its peers yet, and would compute other homes than there are.
    const settledMs = clock.monotonicMs() + Math.min(MAX_SETTLE_MS, this.#settings.graceMs / 2)
    let isStockListed = false
    while (!signal.aborted) {
      try {
        this.#indexer.notePeers()
        if (!isStockListed && clock.monotonicMs() >= settledMs) {
          await this.#indexer.noteStock(signal)
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

  async #indexNews(signal: AbortSignal): Promise<void> {
    for (const object of await this.#indexer.indexNews(signal)) {
      for (const peer of peersOf(object)) if (this.#lost.has(peer)) this.#await(object, peer)
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
      const object = this.index.get(cid)
      if (object === undefined || this.#queue.has(cid) || this.#startedMs.has(key)) continue
      const dueMs = nowMs + this.#rankFor(object) * this.#settings.rankDelayMs
      this.#enqueue(object, { dueMs, reason: 'blocks here are damaged', mustLook: true })
    }
  }

  /** Notes who is there, and lets what each newly lost peer kept wait for its repair. */
  #look(): void {
    const { mesh, clock } = this.#context
    const nowMs = clock.monotonicMs()
    const live = new Set([mesh.self.toString(), ...mesh.peers().map(({ id }) => id.toString())])
    this.#absence.note(this.index.peers(), live, nowMs)
    const { graceMs } = this.#settings
    const gone = this.#absence.lost(graceMs, nowMs)
    const fresh = gone.filter((peer) => !this.#lost.has(peer))
    const isCutOff = fresh.length > live.size
    const lost = isCutOff ? this.#absence.lost(CUT_OFF_FACTOR * graceMs, nowMs) : gone
    const before = this.#lost
    this.#lost = new Set(lost)
    for (const peer of lost) {
      if (before.has(peer)) continue
      const objects = [...this.index.objectsOf(peer)]
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
    const nowMs = this.#context.clock.monotonicMs()
    const spare = spareOf(object, (one) => this.#lost.has(one))
    const lostForMs = this.#absence.goneMs(peer, nowMs)
    const needed = this.#neededSpare(object)
    const timing = { spare, needed, lostForMs, rank: this.#rankFor(object) }
    const delayMs = repairDelayMs(object, timing, this.#settings)
    const reason = isUrgent(object, spare, needed) ? 'little is left to spare' : 'a holder has not come back'
    this.#enqueue(object, { dueMs: nowMs + delayMs, reason, mustLook: false })
  }

  /** What failures of its holders, and of their failure domains, have taught. */
  #neededSpare({ k, n, holders, homes, inline }: IndexedObject): number {
    const { mesh, steering } = this.#context
    const domains = new Map(mesh.peers().map(({ id, failureDomain }) => [id.toString(), failureDomain]))
    const peers = inline ? homes : holders.map(({ peer }) => peer)
    const live = peers.flatMap((id) => {
      const domain = domains.get(id)
      return domain === undefined || this.#lost.has(id) ? [] : [{ id, domain }]
    })
    return steering.neededSpare(live, inline ? n - 1 : n - k)
  }

  #enqueue(
    object: IndexedObject,
    repair: Pick<QueuedRepair, 'dueMs' | 'reason' | 'mustLook'> & { readonly suspects?: readonly Suspect[] }
  ): void {
    const spare = spareOf(object, (peer) => this.#lost.has(peer))
    this.#queue.add({ cid: object.cid, spare, backoff: 1, suspects: [], ...repair })
  }

  /** The live peers in the order in which they would repair the object. */
  #order({ cid, n }: Pick<IndexedObject, 'cid' | 'n'>): PeerId[] {
    return manifestHomes(cid, 2 * n, this.#context.mesh.placement().peers).map(({ id }) => id)
  }

  #rankFor(object: IndexedObject): number {
    const rank = this.#order(object).findIndex((id) => id.equals(this.#context.mesh.self))
    return rank < 0 ? 2 * object.n : rank
  }

  /** Starts what is due, the most endangered first. */
  #startDue(): void {
    const nowMs = this.#context.clock.monotonicMs()
    while (this.#running.size < CONCURRENCY) {
      const repair = this.#queue.take(nowMs, (cid) => !this.#startedMs.has(cid.toString()))
      if (repair === undefined) return
      const object = this.index.get(repair.cid)
      // It may have been collected, or all of its peers may be back.
      if (object === undefined) continue
      if (!repair.mustLook && ![...peersOf(object)].some((peer) => this.#lost.has(peer))) continue
      const running = this.#repair(repair).finally(() => {
        this.#running.delete(running)
        if (!this.#stopping.signal.aborted) this.#startDue()
      })
      this.#running.add(running)
    }
  }

  /** Never rejects. */
  async #repair(repair: QueuedRepair): Promise<void> {
    const { cid, reason, suspects } = repair
    const { clock, logger } = this.#context
    const { signal } = this.#stopping
    const startedMs = clock.monotonicMs()
    this.#counts.examined++
    try {
      const result = await this.#during(cid, async () => this.#repairOnce(cid, suspects, signal))
      this.#note(cid, reason, result, startedMs)
      this.#blame(suspects, result)
      const { outcome } = result
      if (outcome === 'partial') this.#again(repair)
      else if (outcome === 'busy') this.#later(repair)
      else if (outcome === 'gone' || outcome === 'ended') this.#forget(cid)
      else await this.#indexer.indexObject(cid, result.found)
    } catch (error) {
      if (signal.aborted) return
      this.#counts.failures++
      const why = error instanceof Error ? error.message : String(error)
      this.#events.emit({
        room: 'heal',
        kind: 'repair-failed',
        reason: `${reason}; ${why}`,
        cid: cid.toString()
      })
      logger.debug('an object could not be repaired', { cid: cid.toString(), reason, error })
      this.#again(repair)
    }
  }

  async #repairOnce(
    cid: CID,
    suspects: readonly Suspect[],
    signal: AbortSignal,
    options: Partial<Pick<RepairOptions, 'pace' | 'findManifest'>> = {}
  ): Promise<RepairResult> {
    const { mesh } = this.#context
    /** Two that begin together must not both go on, nor both give way. */
    const isBefore = (peer: PeerId, n: number): boolean => {
      const order = this.#order({ cid, n }).map((id) => id.toString())
      const [theirs, own] = [peer, mesh.self].map((id) => order.indexOf(id.toString()) >>> 0)
      return theirs < own
    }
    forgetMost(this.#disproved)
    return await repairObject(this.#context, cid, {
      ...{ pace: this.#pace, suspects, isBefore, disproved: this.#disproved, ...options, signal }
    })
  }

  async #during<T>(cid: CID, work: () => Promise<T>): Promise<T> {
    const key = cid.toString()
    this.#startedMs.set(key, this.#context.clock.monotonicMs())
    try {
      return await work()
    } finally {
      this.#startedMs.delete(key)
    }
  }

  /** Counts what was done, and says so. */
  #note(cid: CID, reason: string, result: RepairResult, startedMs: number): void {
    const { outcome, rebuilt, homes, spareBefore, readBytes, sentBytes } = result
    this.#counts.shardsRebuilt += rebuilt.length
    this.#counts.manifestsBrought += homes.length
    this.#counts.readBytes += readBytes
    this.#counts.sentBytes += sentBytes
    if (outcome === 'busy') this.#counts.yielded++
    for (const { shard, peer } of rebuilt) this.#indexer.rehabilitate(cid, shard, peer.toString())
    if (rebuilt.length + homes.length === 0) return
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
        tookMs: Math.round(this.#context.clock.monotonicMs() - startedMs)
      }
    })
  }

  /** A holder that had acknowledged a shard, and nobody has it any more: it has lost data. */
  #blame(suspects: readonly Suspect[], { lostShards }: RepairResult): void {
    for (const { finding, shard, peer, isSaid } of suspects) {
      if (!isSaid || finding !== 'missing' || !lostShards.some((lost) => lost === shard)) continue
      this.#context.mesh.observe(peer, 'lied')
    }
  }

  #again(repair: QueuedRepair): void {
    const dueMs = this.#context.clock.monotonicMs() + repair.backoff * this.#settings.graceMs
    this.#queue.add({ ...repair, dueMs, backoff: Math.min(MAX_BACKOFF, 2 * repair.backoff) })
  }

  /** Somebody else is at it: this node looks again once that should be done. */
  #later(repair: QueuedRepair): void {
    const { clock, random } = this.#context
    const { rankDelayMs } = this.#settings
    this.#queue.add({ ...repair, dueMs: clock.monotonicMs() + (1 + random.unit()) * rankDelayMs })
  }

  #forget(cid: CID): void {
    this.#indexer.forget(cid)
    this.#queue.delete(cid)
  }
}
