import type { CID } from 'multiformats/cid'
import type { Bandwidth } from '../../wire/bandwidth.ts'
import type { ShardHolder } from '../../records/placement-record.ts'
import { uniquePeers } from '../context.ts'
import type { ClientContext } from '../context.ts'
import { completeObject } from './complete.ts'
import { locateManifest } from '../find/locate-manifest.ts'
import type { ManifestAnswer } from '../find/locate-manifest.ts'
import { decodeOwned, encodeOwned } from './owned.ts'
import type { OwnedRecord } from './owned.ts'
import { makeLease, publishManifest } from '../put/publish.ts'
import type { SealedObject } from '../put/finished-object.ts'
import { takeCensus } from '../find/stat.ts'
import type { Census } from '../find/stat.ts'

/** Time as the keeper sees it; a test brings its own. */
export interface KeeperTimers {
  /** Resolves after `ms`, or when `signal` fires, whichever is first. Never rejects. */
  wait: (ms: number, signal: AbortSignal) => Promise<void>
}

export interface KeeperInit {
  /** Between two rounds. */
  readonly intervalMs: number
  /** Objects looked after in one round; the others wait for the next. */
  readonly maxObjectsPerRound: number
  /** Caps what repair reads. */
  readonly pace: Bandwidth
}

/** A lease is renewed when a third of its life is left. */
const RENEWAL_SHARE = 1 / 3
/** An object that could not be completed is tried again after twice the time, up to this many intervals. */
const MAX_BACKOFF_INTERVALS = 64

/** An owned object that needs something, and how close it is to being lost. */
interface Case {
  readonly cid: CID
  readonly record: OwnedRecord
  readonly answer: ManifestAnswer
  readonly census: Census
  /** Shards that answer, over those that are needed. */
  readonly spare: number
}

/**
 * Looks after the objects of this node's user: completes those that a put left with shards missing, renews leases at
 * two thirds of their life and then also looks whether the shards are still there. The most endangered goes first.
 */
export class Keeper {
  readonly #context: ClientContext
  readonly #timers: KeeperTimers
  readonly #init: KeeperInit
  readonly #backoff = new Map<string, { intervals: number; notBeforeMs: number }>()
  readonly #stopping = new AbortController()
  #pause = new AbortController()
  #last: Promise<unknown> = Promise.resolve()
  #loop: Promise<void> | undefined

  constructor(context: ClientContext, timers: KeeperTimers, init: KeeperInit) {
    this.#context = context
    this.#timers = timers
    this.#init = init
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the node stops'))
    await this.#loop
  }

  /** There is something to do: the next round begins now. */
  nudge(): void {
    this.#pause.abort()
  }

  /** One round, after the one under way; resolves with the objects that were looked after, in that order. */
  async round(signal: AbortSignal = this.#stopping.signal): Promise<CID[]> {
    const round = this.#last.then(async () => this.#round(signal))
    this.#last = round.catch(() => {})
    return round
  }

  async #round(signal: AbortSignal): Promise<CID[]> {
    const cases = await this.#openCases(signal)
    cases.sort((a, b) => a.spare - b.spare)
    for (const found of cases) {
      signal.throwIfAborted()
      await this.#attempt(found.cid, async () => this.#lookAfter(found, signal))
    }
    return cases.map(({ cid }) => cid)
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      // A nudge during the round asks for another one after it.
      this.#pause = new AbortController()
      const pause = AbortSignal.any([signal, this.#pause.signal])
      await this.round(signal).catch(() => {})
      if (!pause.aborted) await this.#timers.wait(this.#init.intervalMs, pause)
    }
  }

  async #openCases(signal: AbortSignal): Promise<Case[]> {
    const cases: Case[] = []
    for await (const { cid, value } of this.#context.holdings.listOwned()) {
      if (cases.length >= this.#init.maxObjectsPerRound) break
      signal.throwIfAborted()
      await this.#attempt(cid, async () => {
        const record = decodeOwned(value)
        if (this.#isDue(cid, record)) cases.push(await this.#openCase(cid, record, signal))
      })
    }
    return cases
  }

  #isDue(cid: CID, { n, holders, leaseExpiresAtMs, leaseMs }: OwnedRecord): boolean {
    const nowMs = this.#context.nowMs()
    if (nowMs < (this.#backoff.get(cid.toString())?.notBeforeMs ?? 0)) return false
    return holders.length < n || nowMs >= leaseExpiresAtMs - leaseMs * RENEWAL_SHARE
  }

  async #openCase(cid: CID, record: OwnedRecord, signal: AbortSignal): Promise<Case> {
    const found = await locateManifest(this.#context, cid, signal)
    const answer = { ...found, placed: [...record.holders, ...found.placed] }
    const census = await takeCensus(this.#context, cid, answer, signal)
    const live = answer.manifest.inline === undefined ? census.holders.size : census.keepers.length
    return { cid, record, answer, census, spare: live - record.k }
  }

  async #lookAfter({ cid, record, answer, census, spare }: Case, signal: AbortSignal): Promise<void> {
    const context = this.#context
    const { manifest, bytes } = answer
    const { leaseMs, leaseSequence: after } = record
    const object: SealedObject = {
      cid,
      manifest,
      bytes,
      lease: await makeLease(context, cid, { leaseMs, after })
    }
    const holders =
      manifest.inline === undefined ? await this.#tendShards(object, record, census, spare, signal) : []
    const kept = await publishManifest(
      context,
      { cid, manifest: bytes, lease: object.lease, holders },
      record.n,
      signal
    )
    const keepers = manifest.inline === undefined ? holders : kept.map((peer, shard) => ({ shard, peer }))
    const renewed = await this.#renewAt(keepers, object, signal)
    // A holder that is away for now is asked again until its old lease has run out.
    const settled = renewed || context.nowMs() >= record.leaseExpiresAtMs
    await context.holdings.putOwned(
      cid,
      encodeOwned({
        ...record,
        leaseSequence: object.lease.sequence,
        leaseExpiresAtMs: settled ? object.lease.expiresAtMs : record.leaseExpiresAtMs,
        holders: keepers
      })
    )
    if (settled && keepers.length >= record.n) this.#backoff.delete(cid.toString())
    else this.#backOff(cid)
  }

  /** Brings the lease to every holder; true when each has it. */
  async #renewAt(
    keepers: readonly ShardHolder[],
    { lease }: SealedObject,
    signal: AbortSignal
  ): Promise<boolean> {
    const putLease = Uint8Array.from(lease.signed)
    const peers = uniquePeers(keepers.map(({ peer }) => peer))
    const answers = await Promise.allSettled(
      peers.map(async (peer) => this.#context.objects.request(peer, { putLease }, signal))
    )
    return peers.length > 0 && answers.every(({ status }) => status === 'fulfilled')
  }

  /** Rebuilds what was never stored, and everything that does not answer once little is left to spare. */
  async #tendShards(
    object: SealedObject,
    { n, k, holders: believed }: OwnedRecord,
    census: Census,
    spare: number,
    signal: AbortSignal
  ): Promise<readonly ShardHolder[]> {
    const live = [...census.holders].map(([shard, [peer]]) => ({ shard, peer }))
    const silent = believed.filter(({ shard }) => !census.holders.has(shard))
    const endangered = spare < Math.ceil((n - k) / 2)
    const held = endangered ? live : [...live, ...silent]
    if (held.length >= n) return held
    try {
      const { holders } = await completeObject(this.#context, object, held, signal, this.#init.pace)
      return holders
    } catch (error) {
      // What cannot be rebuilt now must not keep the leases on the rest from being renewed.
      signal.throwIfAborted()
      return held
    }
  }

  /** What goes wrong with one object does not keep the others waiting. */
  async #attempt(cid: CID, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#backOff(cid)
    }
  }

  #backOff(cid: CID): void {
    const key = cid.toString()
    const intervals = Math.min(MAX_BACKOFF_INTERVALS, 2 * (this.#backoff.get(key)?.intervals ?? 0.5))
    const notBeforeMs = this.#context.nowMs() + intervals * this.#init.intervalMs
    this.#backoff.set(key, { intervals, notBeforeMs })
  }
}
