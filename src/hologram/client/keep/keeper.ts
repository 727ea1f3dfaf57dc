import type { CID } from 'multiformats/cid'
import { deadlineIn } from '../../../clock/index.ts'
import { manifestHomes } from '../../placement/placement.ts'
import { shapedBy } from '../../records/shape.ts'
import { uniquePeers } from '../context.ts'
import type { ClientContext } from '../context.ts'
import { locateManifest } from '../find/locate-manifest.ts'
import { ShardMap } from '../find/shard-map.ts'
import type { OwnedRecord } from './owned.ts'
import { Removed } from './owned-objects.ts'
import {
  afterCheck,
  answeringAt,
  isCheckDue,
  isEndangered,
  isRebuildDue,
  isRenewDue,
  missingAt,
  NO_PAUSES,
  renewAgainMs,
  spareAt,
  warningOf
} from './policy.ts'
import type { KeepPolicy, Pauses } from './policy.ts'
import { askPresence } from './presence.ts'
import type { PeerAnswer } from './presence.ts'
import { rebuildMissing } from './rebuild.ts'
import { recoverRecord } from './recover.ts'
import { renewLeases } from './renew.ts'
import { untilAbort } from '../wire/until-abort.ts'
import type { Bandwidth } from '../../wire/bandwidth.ts'

export interface KeeperInit extends KeepPolicy {
  /** Between two rounds. */
  readonly intervalMs: number
  /** Objects whose holders are asked in one round; those asked longest ago go first. */
  readonly maxChecksPerRound: number
  /** Caps what repair reads. */
  readonly pace: Bandwidth
}

/** What the keeper knows of all objects together, as of its last round. */
export interface KeeperState {
  readonly objects: number
  /** Half of what may be lost has been lost. */
  readonly endangered: number
  /** Too few holders have a lease that runs for long. */
  readonly lapsing: number
  readonly damaged: number
}

/** An object that could not be completed is tried again after twice the time, up to this many intervals. */
const MAX_BACKOFF_INTERVALS = 64
/** Objects that are checked, or whose leases are renewed, at the same time. */
const CONCURRENCY = 4
/** Objects at a time while somebody waits for the answer. */
const CHECKS_ASKED_FOR = 32

const DAMAGED = 'damaged'

interface Case {
  readonly cid: CID
  readonly record: OwnedRecord
}

/**
 * Looks after the objects of this node's user: asks their holders every some minutes whether they have their shards,
 * renews leases at two thirds of their life, and rebuilds what nobody holds. What is due is decided in `policy.ts`.
 * Renewal waits for nothing else: repair runs beside it, and backs off by itself.
 */
export class Keeper {
  readonly #context: ClientContext
  readonly #init: KeeperInit
  readonly #pauses = new Map<string, Pauses>()
  /** Warnings that have been logged, so that each is logged once. */
  readonly #warned = new Map<string, string>()
  readonly #stopping = new AbortController()
  #pause = new AbortController()
  #last: Promise<unknown> = Promise.resolve()
  #loop: Promise<void> | undefined
  #rebuilding: Promise<unknown> | undefined
  #state: KeeperState = { objects: 0, endangered: 0, lapsing: 0, damaged: 0 }

  constructor(context: ClientContext, init: KeeperInit) {
    this.#context = context
    this.#init = init
  }

  get state(): KeeperState {
    return this.#state
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the node stops'))
    await this.#loop
    await this.#rebuilding
  }

  /** There is something to do: the next round begins now. */
  nudge(): void {
    this.#pause.abort()
  }

  /**
   * One round, after the one under way; resolves when its leases are renewed and its repairs done, with the objects that
   * needed either, the most endangered first.
   */
  async round(signal: AbortSignal = this.#stopping.signal): Promise<CID[]> {
    return this.#inTurn(async () => {
      const cases = await this.#tend(signal)
      await this.#rebuilding
      await this.#rebuild(cases, signal)
      return cases.map(({ cid }) => cid)
    })
  }

  /**
   * Asks the holders of one object, or of all, now, whether they have their shards. Somebody waits for it: many objects at a
   * time, and a holder has as long as for `stat`.
   *
   * @throws the signal's reason
   */
  async check(cid: CID | undefined, signal: AbortSignal): Promise<void> {
    const cases: Case[] = []
    for await (const { cid: owned, record } of this.#context.owned.list()) {
      if (record !== undefined && (cid === undefined || cid.equals(owned))) cases.push({ cid: owned, record })
    }
    const { statTimeoutMs } = this.#context.settings
    const check = async (found: Case, working: AbortSignal): Promise<void> => {
      await this.#check(found, working, statTimeoutMs)
    }
    await this.#each(cases, signal, check, CHECKS_ASKED_FOR)
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    const { clock, logger, counts } = this.#context
    while (!signal.aborted) {
      // A nudge during the round asks for another one after it.
      this.#pause = new AbortController()
      const pause = AbortSignal.any([signal, this.#pause.signal])
      try {
        const cases = await this.#inTurn(async () => this.#tend(signal))
        this.#rebuilding ??= this.#rebuild(cases, signal).finally(() => {
          this.#rebuilding = undefined
        })
      } catch (error) {
        if (signal.aborted) return
        counts.failures++
        logger.warn('a round of looking after owned objects failed', { error })
      }
      // To be woken early, or to be stopped, is not a failure.
      if (!pause.aborted) await clock.sleep(this.#init.intervalMs, pause).catch(() => {})
    }
  }

  /** Checks and renews what is due. @returns what needed more than a check, the most endangered first */
  async #tend(signal: AbortSignal): Promise<Case[]> {
    const all = await this.#readAll(signal)
    const nowMs = this.#nowMs()
    const due = all
      .filter(({ record }) => isCheckDue(record, nowMs, this.#init))
      .sort((a, b) => a.record.checkedMs - b.record.checkedMs)
      .slice(0, this.#init.maxChecksPerRound)
    const checked = new Map(all.map((found) => [found.cid.toString(), found]))
    await this.#each(due, signal, async (found, working) => {
      const record = await this.#check(found, working)
      if (record === undefined) checked.delete(found.cid.toString())
      else checked.set(found.cid.toString(), { cid: found.cid, record })
    })
    const cases = [...checked.values()]
    this.#forgetOthers(cases)
    this.#takeStock(cases)
    const needy = cases.filter(({ cid, record }) => {
      const pauses = this.#pausesOf(cid)
      return isRenewDue(record, pauses, nowMs) || isRebuildDue(record, pauses, nowMs)
    })
    needy.sort((a, b) => spareAt(a.record, nowMs) - spareAt(b.record, nowMs))
    await this.#each(needy, signal, async (found, working) => this.#renew(found, working))
    return needy
  }

  async #readAll(signal: AbortSignal): Promise<Case[]> {
    const cases: Case[] = []
    let damaged = 0
    for await (const entry of this.#context.owned.list()) {
      signal.throwIfAborted()
      const record = entry.record ?? (await this.#recover(entry.cid, entry.error))
      if (record === undefined) damaged++
      else cases.push({ cid: entry.cid, record })
    }
    this.#state = { ...this.#state, damaged }
    return cases
  }

  /** A damaged record is made anew from the manifest, the lease and the placement record kept here. */
  async #recover(cid: CID, error: unknown): Promise<OwnedRecord | undefined> {
    const { logger, counts } = this.#context
    const key = cid.toString()
    if (this.#warned.get(key) !== DAMAGED) {
      counts.recordsDamaged++
      this.#warned.set(key, DAMAGED)
      logger.warn('the record of an owned object is damaged', { cid, error })
    }
    try {
      const record = await recoverRecord(this.#context, cid)
      if (record === undefined) return undefined
      logger.warn('the record of an owned object has been made anew; its name is lost', { cid })
      return record
    } catch (failure) {
      counts.failures++
      logger.warn('the damaged record of an owned object cannot be made anew', { cid, error: failure })
      return undefined
    }
  }

  async #check(
    { cid, record }: Case,
    signal: AbortSignal,
    timeoutMs?: number
  ): Promise<OwnedRecord | undefined> {
    const { owned, clock, counts, mesh } = this.#context
    counts.checks++
    // Holders that are added while the check lasts were seen after it began, and count.
    const startedMs = clock.nowMs()
    const peers = [mesh.self, ...record.holders.map(({ peer }) => peer)]
    let answers = await askPresence(this.#context, cid, peers, signal, timeoutMs)
    const draft = afterCheck(record, answers, startedMs)
    if (missingAt(draft, startedMs) > 0) {
      answers = [...answers, ...(await this.#search({ cid, record: draft }, answers, signal, timeoutMs))]
    }
    return owned.update(cid, (current) => afterCheck(current, answers, startedMs))
  }

  /**
   * Asks those who may have what the known holders lack: repairs by others are found so.
   *
   * @param timeoutMs - for each peer; the whole search then has twice that
   */
  async #search(
    { cid, record }: Case,
    answered: readonly PeerAnswer[],
    outer: AbortSignal,
    timeoutMs?: number
  ): Promise<PeerAnswer[]> {
    const context = this.#context
    const { mesh, clock } = context
    using deadline = timeoutMs === undefined ? undefined : deadlineIn(clock, 2 * timeoutMs, outer)
    const signal = deadline?.signal ?? outer
    const asked = new Set(answered.map(({ peer }) => peer.toString()))
    const found: PeerAnswer[] = []
    const ask = async (peers: Parameters<typeof uniquePeers>[0]): Promise<void> => {
      const fresh = uniquePeers(peers).filter((peer) => !asked.has(peer.toString()))
      for (const peer of fresh) asked.add(peer.toString())
      found.push(...(await askPresence(context, cid, fresh, signal, timeoutMs)))
    }
    try {
      const answer = await untilAbort(locateManifest(context, cid, signal), signal)
      const manifest = shapedBy(answer.manifest, record.shape)
      const placed = [...record.holders, ...answer.placed]
      const map = new ShardMap(context, cid, { ...answer, manifest, placed })
      await ask([
        ...manifestHomes(cid, record.n, mesh.placement().peers).map(({ id }) => id),
        ...[...map.known()].flatMap(([, peers]) => peers)
      ])
      if (missingAt(afterCheck(record, found, record.checkedMs), record.checkedMs) > 0) {
        await ask((await untilAbort(map.discover(signal), signal)).flatMap(([, peers]) => peers))
      }
    } catch (error) {
      outer.throwIfAborted()
      if (signal.aborted) return found
      context.counts.failures++
      context.logger.warn('the missing shards of an owned object could not be looked for', { cid, error })
    }
    return found
  }

  async #renew({ cid, record }: Case, signal: AbortSignal): Promise<void> {
    const nowMs = this.#nowMs()
    if (!isRenewDue(record, this.#pausesOf(cid), nowMs)) return
    // Whatever happens, it is tried again in time.
    this.#setPause(cid, { renewNotBeforeMs: renewAgainMs(record, [], nowMs, this.#init.intervalMs) })
    const { failed, record: renewed } = await renewLeases(this.#context, cid, record, signal)
    const again = renewAgainMs(renewed ?? record, failed, nowMs, this.#init.intervalMs)
    this.#setPause(cid, { renewNotBeforeMs: failed.length === 0 ? 0 : again })
  }

  async #rebuild(cases: readonly Case[], signal: AbortSignal): Promise<void> {
    for (const { cid } of cases) {
      if (signal.aborted) return
      await this.#attempt(cid, signal, async (working) => {
        const nowMs = this.#nowMs()
        const record = await this.#context.owned.read(cid)
        if (record === undefined || !isRebuildDue(record, this.#pausesOf(cid), nowMs)) return
        this.#backOff(cid)
        const complete = await rebuildMissing(this.#context, cid, record, this.#init.pace, working)
        if (complete) this.#setPause(cid, { repairNotBeforeMs: 0, backoffIntervals: 0 })
      })
    }
  }

  /** What is remembered of objects that have been removed goes. */
  #forgetOthers(cases: readonly Case[]): void {
    const kept = new Set(cases.map(({ cid }) => cid.toString()))
    for (const key of this.#pauses.keys()) if (!kept.has(key)) this.#pauses.delete(key)
    for (const [key, warning] of this.#warned) {
      if (!kept.has(key) && warning !== DAMAGED) this.#warned.delete(key)
    }
  }

  /** Counts, and logs each new warning. */
  #takeStock(cases: readonly Case[]): void {
    const nowMs = this.#nowMs()
    let endangered = 0
    let lapsing = 0
    for (const { cid, record } of cases) {
      const key = cid.toString()
      const warning = warningOf(record, nowMs)
      if (isEndangered(record, nowMs)) endangered++
      else if (warning !== undefined) lapsing++
      if (warning === undefined) this.#warned.delete(key)
      else if (this.#warned.get(key) !== warning) {
        this.#warned.set(key, warning)
        const holders = answeringAt(record, nowMs).length
        this.#context.logger.warn('an owned object is endangered', {
          cid,
          name: record.name,
          holders,
          warning
        })
      }
    }
    this.#state = { ...this.#state, objects: cases.length, endangered, lapsing }
  }

  async #each(
    cases: readonly Case[],
    signal: AbortSignal,
    work: (found: Case, signal: AbortSignal) => Promise<void>,
    concurrency = CONCURRENCY
  ): Promise<void> {
    const waiting = [...cases]
    const lane = async (): Promise<void> => {
      for (let found = waiting.shift(); found !== undefined; found = waiting.shift()) {
        const next = found
        signal.throwIfAborted()
        await this.#attempt(next.cid, signal, async (working) => work(next, working))
      }
    }
    await Promise.all(Array.from({ length: concurrency }, lane))
  }

  /** What goes wrong with one object does not keep the others waiting. */
  async #attempt(
    cid: CID,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<unknown>
  ): Promise<void> {
    const { owned, logger, counts } = this.#context
    try {
      await owned.working(cid, signal, work)
    } catch (error) {
      if (signal.aborted || error instanceof Removed) return
      counts.failures++
      logger.warn('an owned object could not be looked after', { cid, error })
    }
  }

  async #inTurn<R>(task: () => Promise<R>): Promise<R> {
    const result = this.#last.then(task)
    this.#last = result.catch(() => {})
    return result
  }

  #pausesOf(cid: CID): Pauses {
    return this.#pauses.get(cid.toString()) ?? NO_PAUSES
  }

  #setPause(cid: CID, pauses: Partial<Pauses>): void {
    this.#pauses.set(cid.toString(), { ...this.#pausesOf(cid), ...pauses })
  }

  /** Only repair backs off. */
  #backOff(cid: CID): void {
    const { backoffIntervals } = this.#pausesOf(cid)
    const intervals = Math.min(MAX_BACKOFF_INTERVALS, Math.max(1, 2 * backoffIntervals))
    const repairNotBeforeMs = this.#nowMs() + intervals * this.#init.intervalMs
    this.#setPause(cid, { repairNotBeforeMs, backoffIntervals: intervals })
  }

  #nowMs(): number {
    return this.#context.clock.nowMs()
  }
}
