// From decisions to states: each state follows from the one before it and from the batch that the decision names. A node that
// was away takes the state before from anybody, bucket by bucket, since the decision names it by its hash.

import { compareBytes, EncodingError, toHex } from '../../fba/bytes.ts'
import { applyBatch, idleSlots } from './apply.ts'
import type { Journal } from './journal.ts'
import { BUCKETS, ROUNDS_KEPT } from './limits.ts'
import type { Payloads } from './payloads.ts'
import { decodeRoundValue, orderOf, readRoundValue } from './round-value.ts'
import { NO_HISTORY } from './slot-log.ts'
import type { Before } from './slot-log.ts'
import { bucketOf, encodeHeader, FieldState, isEmptyBucket, triedAfter } from './state.ts'
import type { FieldHeader, StoredEntry } from './state.ts'
import type { Outcome, Sha256, SignedTransaction } from './types.ts'

export interface StateChainInit {
  readonly sha256: Sha256
  readonly payloads: Payloads
  readonly journal: Journal
  /** Whether a transaction waits for a round. */
  readonly keepsTransaction: (id: string) => boolean
  /** A batch, transactions or parts of a state are needed before the newest decision can be applied. */
  readonly onMissing: (hashes: readonly string[]) => void
  readonly onRound: (outcomes: readonly Outcome[], changed: ReadonlySet<string>) => void
  /** Rounds were passed over: the state was taken from others. */
  readonly onJump: () => void
  /** The decision stands all the same; after a crash it is fetched again. */
  readonly onSaveFailure: (round: number, error: unknown) => void
  /** A decided state cannot be read: validators broke the rules together. */
  readonly onBadState: (round: number, error: unknown) => void
}

interface Undigested {
  readonly round: number
  readonly value: Uint8Array
}

/** Slots that nobody changes are looked for once a day. */
const DAY_MS = 24 * 60 * 60 * 1000

export class StateChain {
  readonly #init: StateChainInit
  #state: FieldState
  #hash: Uint8Array
  /** Ids of the header's window. */
  #tried = new Set<string>()
  #undigested: Undigested | undefined
  #work: Promise<void> | undefined
  /** The state was taken from others, and none of it is written down yet. */
  #mustSaveAll = false
  /** Batches of the last rounds: peers that lag ask for them. */
  #recent: string[] = []

  constructor(init: StateChainInit) {
    this.#init = init
    this.#state = FieldState.genesis(init.sha256)
    this.#hash = this.#state.hash
  }

  /** After the last round that has been applied. */
  get state(): FieldState {
    return this.#state
  }

  get hash(): Uint8Array {
    return this.#hash
  }

  /** A decision waits for its batch or for the state before it. */
  get isBehind(): boolean {
    return this.#undigested !== undefined
  }

  wasTried(id: string): boolean {
    return this.#tried.has(id)
  }

  /** Takes up a state that is known to be right, with the batches of its window among the payloads. */
  restore(state: FieldState): void {
    const { payloads } = this.#init
    this.#state = state
    this.#hash = state.hash
    this.#tried = new Set(state.header.tried.flatMap(({ batch }) => payloads.batch(toHex(batch)) ?? []))
    payloads.addHeader(toHex(this.#hash), encodeHeader(state.header), state.header)
    for (const [bucket, hash] of state.header.buckets.entries()) {
      if (!isEmptyBucket(hash)) payloads.addBucket(toHex(hash), state.bucketBytes(bucket))
    }
    payloads.forgetStrays(new Set([...state.header.buckets, this.#hash].map(toHex)))
  }

  /** A round has been decided; an older decision that still waits is passed over. */
  decided(round: number, value: Uint8Array): void {
    if (readRoundValue(value) === undefined) {
      return this.#init.onBadState(round, new EncodingError('not-canonical', 'round value'))
    }
    if (round > this.#state.header.round) this.#undigested = { round, value }
  }

  /** Applies the newest decision if all that it needs is here, and says what is not. */
  async digest(): Promise<void> {
    this.#work ??= this.#digest().finally(() => (this.#work = undefined))
    await this.#work
  }

  /** Header and bucket of a slot in the state of a hash, as long as they are kept. */
  partsBefore(
    hash: string,
    slot: string
  ): { readonly header: Uint8Array; readonly bucket: Uint8Array } | undefined {
    const { payloads } = this.#init
    const header = payloads.header(hash)
    if (header === undefined) return undefined
    const bucketHash = header.buckets[bucketOf(slot)]
    const bucket = isEmptyBucket(bucketHash) ? new Uint8Array(0) : payloads.bucket(toHex(bucketHash))
    return bucket && { header: encodeHeader(header), bucket }
  }

  async #digest(): Promise<void> {
    for (let work = this.#undigested; work !== undefined; work = this.#undigested) {
      if (!(await this.#digestOne(work))) return
    }
  }

  async #digestOne(work: Undigested): Promise<boolean> {
    const { payloads, onMissing, sha256 } = this.#init
    const { closedAtMs, previous, batch } = decodeRoundValue(work.value)
    if (!this.#hasBefore(work.round, previous)) return false
    const hash = toHex(batch)
    const ids = payloads.batch(hash)
    if (ids === undefined) {
      onMissing([hash])
      return false
    }
    const missing = ids.filter((id) => payloads.transaction(id) === undefined)
    if (missing.length > 0) {
      onMissing(missing)
      return false
    }
    const order = orderOf(ids, batch, sha256).map((id) => payloads.transaction(id)!)
    await this.#advance(work, { closedAtMs, batch, ids }, order)
    return true
  }

  async #advance(
    work: Undigested,
    { closedAtMs, batch, ids }: { closedAtMs: number; batch: Uint8Array; ids: readonly string[] },
    order: readonly SignedTransaction[]
  ): Promise<void> {
    const { sha256, payloads, journal, keepsTransaction, onRound, onSaveFailure } = this.#init
    const { round } = work
    const before = this.#state.header
    const applied = applyBatch(this.#state, order, { round, closedAtMs }, sha256)
    const changes = new Map(applied.changes)
    if (Math.floor(closedAtMs / DAY_MS) !== Math.floor(before.closedAtMs / DAY_MS)) {
      for (const id of idleSlots(this.#state, closedAtMs)) if (!changes.has(id)) changes.set(id, undefined)
    }
    const log = [...applied.log].map(([id, entries]) => ({
      ...{ id, entries },
      before: beforeOf(this.#state.get(id))
    }))
    const dropped = [...changes].flatMap(([id, entry]) => (entry === undefined ? [id] : []))
    const tried = triedAfter(before, closedAtMs, ids.length === 0 ? undefined : { closedAtMs, batch })
    const buckets = this.#state.advance({ round, closedAtMs, valueHash: sha256(work.value), tried }, changes)
    this.#noteReplaced(before, buckets, round)
    this.#moveWindow(before, ids)
    this.#recent = [...this.#recent, toHex(batch)].slice(-ROUNDS_KEPT)
    // From here on the next round can be judged.
    if (this.#undigested === work) this.#undigested = undefined
    const kept = new Set([...this.#recent, ...tried.map((one) => toHex(one.batch))])
    const recentIds = new Set(this.#recent.flatMap((hash) => payloads.batch(hash) ?? []))
    payloads.retain(
      (hash) => kept.has(hash),
      (id) => keepsTransaction(id) || recentIds.has(id)
    )
    const batches = tried.map((one) => toHex(one.batch))
    try {
      await journal.saveRound({
        state: this.#state,
        buckets: this.#mustSaveAll ? Array.from({ length: BUCKETS }, (_, i) => i) : buckets,
        batches: new Map(batches.map((hash) => [hash, payloads.batchBytes(hash)!])),
        log,
        dropped,
        keepsPayload: (hash) => payloads.wire(hash) !== undefined
      })
      this.#mustSaveAll = false
    } catch (error) {
      onSaveFailure(round, error)
    }
    onRound(applied.outcomes, new Set(changes.keys()))
  }

  #noteReplaced(before: FieldHeader, buckets: readonly number[], round: number): void {
    const { payloads } = this.#init
    const { header } = this.#state
    const oldHash = toHex(this.#hash)
    this.#hash = this.#state.hash
    payloads.addHeader(toHex(this.#hash), encodeHeader(header), header)
    for (const bucket of buckets) {
      const hash = header.buckets[bucket]
      if (isEmptyBucket(hash)) continue
      payloads.addBucket(toHex(hash), this.#state.bucketBytes(bucket))
      payloads.inForce(toHex(hash))
    }
    payloads.replaced(oldHash, round)
    for (const bucket of buckets) {
      const isSame = compareBytes(before.buckets[bucket], header.buckets[bucket]) === 0
      if (!isSame) payloads.replaced(toHex(before.buckets[bucket]), round)
    }
  }

  #moveWindow(before: FieldHeader, ids: readonly string[]): void {
    const { tried } = this.#state.header
    const stays = new Set(tried.map(({ batch }) => toHex(batch)))
    for (const { batch } of before.tried) {
      if (stays.has(toHex(batch))) continue
      for (const id of this.#init.payloads.batch(toHex(batch)) ?? []) this.#tried.delete(id)
    }
    for (const id of ids) this.#tried.add(id)
  }

  /** Whether the state before a round is here; takes it from the payloads if they have all of it, and asks for what is not. */
  #hasBefore(round: number, previous: Uint8Array): boolean {
    if (this.#state.header.round === round - 1 && compareBytes(this.#hash, previous) === 0) return true
    const { payloads, onMissing, onJump, onBadState, sha256 } = this.#init
    const header = payloads.header(toHex(previous))
    if (header === undefined) {
      onMissing([toHex(previous)])
      return false
    }
    const bytes = header.buckets.map((hash) =>
      isEmptyBucket(hash) ? new Uint8Array(0) : payloads.bucket(toHex(hash))
    )
    const missing = [
      ...header.buckets.filter((_, i) => bytes[i] === undefined).map(toHex),
      ...header.tried.map(({ batch }) => toHex(batch)).filter((hash) => payloads.batch(hash) === undefined)
    ]
    if (missing.length > 0) {
      onMissing(missing)
      return false
    }
    try {
      const state = FieldState.from(
        sha256,
        header,
        bytes.map((one) => one!)
      )
      this.#mustSaveAll = true
      this.restore(state)
    } catch (error) {
      if (!(error instanceof EncodingError)) throw error
      this.#undigested = undefined
      onBadState(round, error)
      return false
    }
    onJump()
    return this.#state.header.round === round - 1
  }
}

const beforeOf = (entry: StoredEntry | undefined): Before =>
  entry === undefined
    ? { history: NO_HISTORY, last: undefined }
    : { history: entry.history, last: { version: entry.version, id: entry.changedBy } }
