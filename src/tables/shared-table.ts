import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { PeerId } from '@libp2p/interface'
import type { Clock, RandomSource } from '../clock/index.ts'
import { isHeadError, MAX_HEAD_LIFE_MS, openHead, signHead } from '../heads/index.ts'
import type { Head, Published, Resolved } from '../heads/index.ts'
import { Box, derived } from './box.ts'
import {
  decodeHead,
  encodeChanges,
  encodeHead,
  MAX_PART_BYTES,
  MAX_SEGMENTS,
  MAX_TABLE_KEY_BYTES,
  MAX_TABLE_VALUE_BYTES,
  type Change,
  type HeadValue
} from './codec.ts'
import { TableError } from './errors.ts'
import { mergeState, type Merged } from './merge.ts'
import { Overlay } from './overlay.ts'
import { DEFAULT_TABLE_SETTINGS, type TableSettings } from './settings.ts'
import {
  emptyState,
  extended,
  hasBatch,
  loadState,
  positionOf,
  sameBytes,
  type LoadedSegment,
  type State
} from './state.ts'
import { Tree, type TableView } from './tree.ts'

/** What a table needs of a mesh. */
export interface TableStore {
  /** Resolves when enough peers have it on disk. @returns what names it: at most 40 bytes */
  put: (bytes: Uint8Array, signal?: AbortSignal) => Promise<Uint8Array>
  get: (reference: Uint8Array, maxBytes: number, signal?: AbortSignal) => Promise<Uint8Array>
  /** Frees what this store has put. */
  remove: (reference: Uint8Array, signal?: AbortSignal) => Promise<void>
  /** As `Heads.publish`. */
  publish: (name: PeerId, signed: Uint8Array, signal?: AbortSignal) => Promise<Published>
  /** As `Heads.resolve`. */
  resolve: (name: PeerId, signal?: AbortSignal) => Promise<Resolved>
}

export interface TableLogger {
  debug: (message: string, fields?: Readonly<Record<string, unknown>>) => void
  warn: (message: string, fields?: Readonly<Record<string, unknown>>) => void
}

export interface TableComponents {
  readonly store: TableStore
  readonly clock: Clock
  readonly random: RandomSource
  readonly logger: TableLogger
  readonly networkId: Uint8Array
}

export interface Decision<T> {
  /** In any order, each key once. An absent value removes the key. */
  readonly changes: readonly Change[]
  readonly result: T
}

interface Waiting {
  readonly decide: (view: TableView) => Decision<unknown>
  readonly settle: (outcome: Outcome) => void
  readonly dueMs: number
  readonly signal: AbortSignal | undefined
  /** Batches with this change that were published and not confirmed: any of them may still turn out to count. */
  readonly attempts: Array<{ readonly batch: Uint8Array; readonly outcome: Outcome }>
}

type Outcome = { readonly result: unknown } | { readonly error: unknown }

interface Decided {
  readonly waiting: Waiting
  readonly outcome: Outcome
  /** It is in the state already, by an earlier attempt. */
  readonly isIncluded: boolean
}

/** The newest state that this object knows, and the head that names it. */
interface Current {
  readonly state: State
  readonly head: Head | undefined
  readonly kind: HeadValue['kind']
  readonly keepers: number
}

interface Opened {
  readonly head: Head
  readonly value: HeadValue
}

/** Heads that are not decided are looked at again so many times before this object decides by writing. */
const LOOKS = 3
/** A head is signed anew when less than this is left of its life. */
const RENEW_MS = MAX_HEAD_LIFE_MS / 2
const HEAD_LIFE_MS = MAX_HEAD_LIFE_MS - 86_400_000
const ID_BYTES = 16

/**
 * A sorted table, text to bytes, that several writers share with nobody in charge. It is kept in a mesh: what changes goes into
 * log objects, and a named head says which of them count. docs/explain/tables.md argues why no acknowledged change is lost.
 */
export class SharedTable {
  readonly #components: TableComponents
  readonly #settings: TableSettings
  readonly #secret: Uint8Array
  readonly #box: Box
  readonly #writer: Uint8Array
  readonly #stopping = new AbortController()
  #privateKey: PrivateKey | undefined
  #name: PeerId | undefined
  #current: Current | undefined
  /** Whether the newest head was published by this object, uncontested. */
  #isWriter = false
  /** No two heads of this object have the same sequence. */
  #lastSequence = 0
  /** What readers see: a state by an uncontested write, and when it was the newest. */
  #readable: Tree | undefined
  #verifiedMs = -Infinity
  #waiting: Waiting[] = []
  #loop: Promise<void> | undefined
  #refreshing: Promise<void> | undefined
  #merging: Promise<void> | undefined
  #merged: Merged | undefined
  /** Objects that this process has put and not freed, and since when no state here names them. */
  readonly #put = new Map<string, { readonly reference: Uint8Array; unnamedMs: number | undefined }>()

  /** @param secret - 32 bytes, from which the name of the head and the key that seals are derived */
  constructor(components: TableComponents, secret: Uint8Array, settings: Partial<TableSettings> = {}) {
    this.#components = components
    this.#settings = { ...DEFAULT_TABLE_SETTINGS, ...settings }
    this.#secret = secret
    this.#box = new Box(derived(secret, 'seal'), components.random)
    this.#writer = components.random.bytes(ID_BYTES)
  }

  /** Reads the newest state. @throws TableError 'NO_TABLE' | 'UNAVAILABLE' | 'DAMAGED' */
  async start(signal?: AbortSignal): Promise<void> {
    this.#privateKey = await generateKeyPairFromSeed('Ed25519', derived(this.#secret, 'name'))
    this.#name = peerIdFromPrivateKey(this.#privateKey)
    await this.view({ maxAgeMs: 0, signal })
  }

  /** What waits is refused; what is on its way is waited for. */
  async close(): Promise<void> {
    this.#stopping.abort(new TableError('CLOSED', 'The table is closed.'))
    await Promise.allSettled([this.#loop, this.#refreshing, this.#merging])
  }

  /**
   * @param maxAgeMs - the view is not older; 0 asks a majority of the keepers now
   * @throws TableError 'NO_TABLE' | 'UNAVAILABLE' | 'DAMAGED' | 'CLOSED'; the signal's reason
   */
  async view({
    maxAgeMs = this.#settings.maxAgeMs,
    signal
  }: { readonly maxAgeMs?: number; readonly signal?: AbortSignal } = {}): Promise<TableView> {
    this.#stopping.signal.throwIfAborted()
    const askedMs = this.#components.clock.monotonicMs()
    const oldestMs = askedMs - maxAgeMs
    // A question that was under way before may have its answer from before.
    while (this.#readable === undefined || this.#verifiedMs < oldestMs) {
      await withSignal(this.#refresh(), signal)
      this.#stopping.signal.throwIfAborted()
    }
    return this.#readable
  }

  /**
   * Makes a change. `decide` must be pure: it may run again on a newer state. What it throws rejects, and changes nothing.
   * Resolves when the change is decided and durable.
   *
   * @throws what `decide` throws; TableError 'UNAVAILABLE' when it is not known whether the change was made, 'TOO_LARGE' |
   * 'DAMAGED' | 'CLOSED'; the signal's reason, if it fires before the change is on its way
   */
  async transact<T>(
    decide: (view: TableView) => Decision<T>,
    { signal }: { readonly signal?: AbortSignal } = {}
  ): Promise<T> {
    this.#stopping.signal.throwIfAborted()
    signal?.throwIfAborted()
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    const dueMs = this.#components.clock.monotonicMs() + this.#settings.decideTimeoutMs
    this.#waiting.push({ decide, settle: resolve, dueMs, signal, attempts: [] })
    this.#run()
    const outcome = await promise
    if ('error' in outcome) throw outcome.error
    return outcome.result as T
  }

  /** References of all objects that the newest known state consists of. */
  references(): Uint8Array[] {
    if (this.#current === undefined) return []
    const { rootReference, root, segments } = this.#current.state
    return [
      ...(rootReference === undefined ? [] : [rootReference]),
      ...root.pages.map(({ reference }) => reference),
      ...root.runs.map(({ reference }) => reference),
      ...segments.map(({ reference }) => reference)
    ]
  }

  /** Frees objects that this process has put and that are no part of the table any more. Call it now and then. */
  async collectGarbage(): Promise<void> {
    const { clock, store, logger } = this.#components
    // What a merge has put is named when all of it is there. A batch is named, or given up, long before the grace is over.
    if (this.#merging !== undefined || this.#merged !== undefined) return
    const named = new Set(this.references().map(idOf))
    const nowMs = clock.monotonicMs()
    for (const [id, entry] of this.#put) {
      if (named.has(id)) entry.unnamedMs = undefined
      else entry.unnamedMs ??= nowMs
      if (entry.unnamedMs === undefined || nowMs - entry.unnamedMs < this.#settings.garbageGraceMs) continue
      this.#put.delete(id)
      await store
        .remove(entry.reference, this.#stopping.signal)
        .catch((error: unknown) => logger.warn('an old part of a table could not be freed', { error }))
    }
  }

  #run(): void {
    this.#loop ??= this.#work().finally(() => {
      this.#loop = undefined
      if (this.#waiting.length > 0) this.#run()
    })
  }

  /** Never rejects. */
  async #work(): Promise<void> {
    const { logger } = this.#components
    let attempt = 0
    while (this.#dropLate() || (this.#merged !== undefined && this.#isWriter)) {
      try {
        if (!this.#isWriter || this.#isOld()) await this.#claim()
        else if (this.#merged === undefined) await this.#decide()
        else await this.#publishMerged(this.#merged)
        attempt = 0
      } catch (error) {
        this.#isWriter = false
        if (this.#stopping.signal.aborted || (error instanceof TableError && error.code !== 'UNAVAILABLE')) {
          this.#failAll(this.#stopping.signal.aborted ? this.#stopping.signal.reason : error)
          return
        }
        logger.debug('a table could not be written and is tried again', { attempt, error })
        await this.#backOff(attempt++)
      }
    }
  }

  async #backOff(attempt: number): Promise<void> {
    const { clock, random } = this.#components
    const waitMs = this.#settings.backoffMs * 2 ** Math.min(attempt, 5) * (0.25 + random.unit())
    await clock.sleep(waitMs, this.#stopping.signal).catch(() => {})
  }

  #isOld(): boolean {
    const head = this.#current?.head
    return head !== undefined && head.expiresAtMs - this.#components.clock.nowMs() < RENEW_MS
  }

  /** Refuses those that waited too long, and those whose caller has gone. @returns whether any are left */
  #dropLate(): boolean {
    const nowMs = this.#components.clock.monotonicMs()
    this.#waiting = this.#waiting.filter(({ settle, dueMs, signal, attempts }) => {
      if (signal?.aborted === true && attempts.length === 0) settle({ error: signal.reason })
      else if (nowMs > dueMs && attempts.length === 0)
        settle({ error: undecided('The change was not made in time.') })
      else if (nowMs > dueMs) settle({ error: undecided('It is not known whether the change was made.') })
      else return true
      return false
    })
    return this.#waiting.length > 0
  }

  #failAll(error: unknown): void {
    for (const waiting of this.#waiting) waiting.settle({ error })
    this.#waiting = []
  }

  /**
   * Becomes the writer: publishes a head that repeats the newest state, and that must be the only one of its sequence. What it
   * repeats may be a change of which nobody knows yet whether it counts: the write that follows decides that.
   *
   * @throws TableError 'UNAVAILABLE' for a claim that did not come through
   */
  async #claim(): Promise<void> {
    const { heads, keepers } = await this.#settledHeads()
    const base = this.#basis(heads)
    const state = await this.#load(base)
    const most = Math.max(keepers, base?.value.keepers ?? 0)
    const sequence = Math.max(heads[0]?.sequence ?? 0, this.#lastSequence) + 1
    const head = await this.#publish(sequence, 'claim', state, most)
    this.#current = { state, head, kind: 'claim', keepers: most }
    this.#isWriter = true
    this.#merged = undefined
  }

  /**
   * The heads of the newest sequence, such that none that is not among them can be confirmed any more: a majority of the keepers
   * has one of them. Where a majority does not agree on them already, one is given to all.
   *
   * @throws TableError 'UNAVAILABLE'
   */
  async #settledHeads(): Promise<{ readonly heads: readonly Head[]; readonly keepers: number }> {
    const { heads, agreed, keepers } = await this.#resolve()
    if (heads.length === 0 || agreed > keepers / 2) return { heads, keepers }
    const given = await this.#give(this.#basis(heads)!.head)
    if (given === undefined) throw undecided('A newer head came up.')
    return { heads: given, keepers }
  }

  /**
   * Gives a head to all keepers.
   *
   * @returns all heads of its sequence that a majority has; undefined if one of them has a newer one
   * @throws TableError 'UNAVAILABLE'
   */
  async #give(head: Head): Promise<readonly Head[] | undefined> {
    try {
      const { heads } = await this.#components.store.publish(this.#name!, head.signed, this.#stopping.signal)
      return heads
    } catch (error) {
      if (isHeadError(error, 'STALE_HEAD')) return undefined
      throw unavailable(error)
    }
  }

  /**
   * Of several heads of one sequence the write counts: there is one at most, for it takes the only claim before it. Without one
   * all are claims, and each of them repeats a state with all that was acknowledged.
   */
  #basis(heads: readonly Head[]): Opened | undefined {
    const opened = heads.map((head) => ({ head, value: decodeHead(this.#box.open(head.value)) }))
    return opened.find(({ value }) => value.kind === 'write') ?? opened[0]
  }

  /** Decides on what waits, on the state that the newest head names. */
  async #decide(): Promise<void> {
    const current = this.#current!
    const { state } = current
    if (state.segments.length >= MAX_SEGMENTS) {
      await this.#makeRoom()
      return
    }
    const overlay = new Overlay(state.tree)
    const decided = this.#takeBatch(overlay, state)
    try {
      const isReadOnly = overlay.count === 0 && !decided.some(({ isIncluded }) => isIncluded)
      if (isReadOnly && current.kind === 'write') await this.#confirm(current)
      else await this.#write(current, overlay.changes, decided)
    } catch (error) {
      this.#waiting.unshift(...decided.map(({ waiting }) => waiting))
      throw error
    }
    for (const { waiting, outcome } of decided) waiting.settle(outcome)
    this.#mergeIfDue()
  }

  /** Publishes the state with one more batch; with none, to confirm it as it is. @throws TableError 'UNAVAILABLE' */
  async #write(current: Current, changes: readonly Change[], decided: readonly Decided[]): Promise<void> {
    const { clock, random } = this.#components
    const { state } = current
    const startedMs = clock.monotonicMs()
    let segment: LoadedSegment | undefined
    if (changes.length > 0) {
      const batch = random.bytes(ID_BYTES)
      segment = { reference: await this.#putObject(encodeChanges(changes)), batch, changes }
      for (const { waiting, outcome } of decided) waiting.attempts.push({ batch, outcome })
    }
    const segments = segment === undefined ? state.segments : [...state.segments, segment]
    const head = await this.#publish(
      current.head!.sequence + 1,
      'write',
      { ...state, segments },
      current.keepers
    )
    const next = segment === undefined ? state : extended(state, segment)
    this.#adopt({ ...current, state: next, head, kind: 'write' }, startedMs)
  }

  /** A head names no more log objects: they have to be merged first. @throws TableError 'UNAVAILABLE' */
  async #makeRoom(): Promise<void> {
    this.#mergeIfDue()
    await this.#merging
    if (this.#merged === undefined) throw undecided('The log of the table is full and could not be merged.')
  }

  /** Runs as many decisions as go into one batch, each on the outcome of those before it. */
  #takeBatch(overlay: Overlay, state: State): Decided[] {
    const { maxBatchChanges, maxBatchBytes } = this.#settings
    const decided: Decided[] = []
    while (this.#waiting.length > 0 && overlay.count < maxBatchChanges && overlay.bytes < maxBatchBytes) {
      const waiting = this.#waiting.shift()!
      const included = waiting.attempts.find(({ batch }) => hasBatch(state, batch))
      decided.push(
        included === undefined
          ? { waiting, outcome: outcomeOf(waiting, overlay), isIncluded: false }
          : { waiting, outcome: included.outcome, isIncluded: true }
      )
    }
    return decided
  }

  /** Makes sure that nobody else has written: what was decided without changes was decided on the newest state. */
  async #confirm({ head }: Current): Promise<void> {
    const startedMs = this.#components.clock.monotonicMs()
    const { heads } = await this.#resolve()
    if (heads.length !== 1 || head === undefined || !isSame(heads[0], head)) {
      throw undecided('Another writer came in between.')
    }
    this.#verifiedMs = Math.max(this.#verifiedMs, startedMs)
  }

  #mergeIfDue(): void {
    const { state } = this.#current!
    if (state.segments.length < this.#settings.mergeAfter || this.#merging !== undefined) return
    if (this.#merged !== undefined) return
    const { clock, logger } = this.#components
    const copy: State = { ...state, tree: state.tree.copy(), dirty: new Set(state.dirty) }
    this.#merging = mergeState(copy, this.#settings, {
      put: async (plain) => await this.#putObject(plain),
      turn: async () => await clock.turn()
    })
      .then((merged) => {
        this.#merged = merged
        this.#run()
      })
      .catch((error: unknown) => logger.warn('the log of a table could not be merged', { error }))
      .finally(() => {
        this.#merging = undefined
      })
  }

  /** Puts a merged root in the place of the log objects that went into it. Nothing changes for readers. */
  async #publishMerged({ root, reference }: Merged): Promise<void> {
    const current = this.#current!
    const { state } = current
    const startedMs = this.#components.clock.monotonicMs()
    this.#merged = undefined
    // Another writer may have merged as well, or have gone on from another state.
    const covered = root.position - state.root.position
    if (root.position < state.root.position || root.position > positionOf(state) || !continues(root, state))
      return
    const rest = state.segments.slice(covered)
    // After a checkpoint only what the rest has changed differs from the pages.
    const dirty =
      root.runs.length > 0 ? state.dirty : new Set(rest.flatMap(({ changes }) => changes.map(([key]) => key)))
    const next: State = { ...state, root, rootReference: reference, segments: rest, dirty }
    const head = await this.#publish(current.head!.sequence + 1, 'write', next, current.keepers)
    this.#adopt({ ...current, state: next, head, kind: 'write' }, startedMs)
  }

  /** Asks for the newest head. One question at a time, whoever asks. */
  async #refresh(): Promise<void> {
    this.#refreshing ??= this.#readNewest().finally(() => {
      this.#refreshing = undefined
    })
    await this.#refreshing
  }

  async #readNewest(): Promise<void> {
    for (let look = 0; look < LOOKS; look++) {
      if (await this.#lookForNewest()) return
      // Mostly somebody is just about to write.
      await this.#backOff(look)
      this.#stopping.signal.throwIfAborted()
    }
    this.#isWriter = false
    await this.transact(() => ({ changes: [], result: undefined }))
  }

  /** @returns whether the newest head is a write that is decided: anything else may still go away, and is shown to nobody */
  async #lookForNewest(): Promise<boolean> {
    const startedMs = this.#components.clock.monotonicMs()
    const { heads, agreed, keepers } = await this.#resolve()
    if (heads.length === 0) {
      this.#readable ??= new Tree()
      this.#verifiedMs = startedMs
      return true
    }
    const { head, value } = this.#basis(heads)!
    if (heads.length > 1 || value.kind !== 'write' || this.#isOld()) return false
    if (agreed <= keepers / 2 && (await this.#give(head))?.length !== 1) return false
    const isOwn = sameBytes(value.writer, this.#writer)
    const isKnown = this.#current?.head !== undefined && isSame(this.#current.head, head)
    // This object knows in a moment that its own write came through.
    if (isOwn && !isKnown && this.#loop !== undefined) return false
    if (!isKnown) {
      const before = this.#current
      const state = await this.#load({ head, value })
      if (this.#current !== before) return false
      this.#isWriter = false
      this.#current = { state, head, kind: 'write', keepers: Math.max(keepers, value.keepers) }
    }
    this.#readable = this.#current!.state.tree
    this.#verifiedMs = Math.max(this.#verifiedMs, startedMs)
    return true
  }

  /** A write of this object came through: its state counts from now on. */
  #adopt(current: Current, startedMs: number): void {
    this.#current = current
    this.#readable = current.state.tree
    this.#verifiedMs = Math.max(this.#verifiedMs, startedMs)
  }

  /** @throws TableError 'UNAVAILABLE' | 'NO_TABLE' */
  async #resolve(): Promise<Resolved> {
    const resolved = await this.#components.store
      .resolve(this.#name!, this.#stopping.signal)
      .catch((error: unknown): Resolved => {
        if (!isHeadError(error, 'NO_HEAD')) throw unavailable(error)
        return { heads: [], answered: 0, agreed: 0, keepers: Number(error.data.keepers ?? 0) }
      })
    const known = this.#current?.head
    const newest = resolved.heads[0]?.sequence ?? 0
    if (newest < (known?.sequence ?? 0)) {
      // The keepers have changed, and the new ones do not know yet.
      await this.#components.store
        .publish(this.#name!, known!.signed, this.#stopping.signal)
        .catch((error: unknown) =>
          this.#components.logger.debug('a head could not be brought back', { error })
        )
      throw undecided('The keepers of this table know less than they did.')
    }
    if (newest === 0) this.#checkCreation(resolved.keepers)
    const before = Math.max(
      this.#current?.keepers ?? 0,
      ...resolved.heads.map(({ value }) => decodeHead(this.#box.open(value)).keepers)
    )
    if (newest > 0 && resolved.keepers <= before / 2) {
      throw tooFew(resolved.keepers, before)
    }
    return resolved
  }

  /** @throws TableError 'NO_TABLE' | 'UNAVAILABLE' */
  #checkCreation(keepers: number): void {
    const { createKeepers } = this.#settings
    if (createKeepers === Infinity) {
      throw new TableError(
        'NO_TABLE',
        'Nothing is kept of this table: its keepers are out of reach, or it has expired.'
      )
    }
    if (keepers < createKeepers) throw tooFew(keepers, createKeepers)
  }

  /**
   * Publishes a head for a state.
   *
   * @throws TableError 'UNAVAILABLE' unless a majority has it on disk and no other head of its sequence was met
   */
  async #publish(sequence: number, kind: HeadValue['kind'], state: State, keepers: number): Promise<Head> {
    const { store, clock, networkId } = this.#components
    const { rootReference, root, segments } = state
    this.#lastSequence = sequence
    const value: HeadValue = {
      kind,
      writer: this.#writer,
      keepers,
      root: rootReference === undefined ? undefined : { reference: rootReference, position: root.position },
      segments
    }
    const signed = await signHead(
      networkId,
      { sequence, expiresAtMs: clock.nowMs() + HEAD_LIFE_MS, value: this.#box.seal(encodeHead(value)) },
      { peer: this.#name!, sign: async (bytes) => await this.#privateKey!.sign(bytes) }
    )
    const head = await openHead(networkId, signed, clock.nowMs())
    const published = await store
      .publish(this.#name!, signed, this.#stopping.signal)
      .catch((error: unknown) => {
        throw unavailable(error)
      })
    const isAlone = published.heads.length === 1 && isSame(published.heads[0], head)
    if (!isAlone) throw undecided('Another writer published at the same time.')
    if (published.keepers <= keepers / 2) throw tooFew(published.keepers, keepers)
    return head
  }

  async #load(base: Opened | undefined): Promise<State> {
    const { clock } = this.#components
    const known = this.#current?.state ?? emptyState()
    if (base === undefined) return known
    return await loadState(base.value, known, {
      fetch: async (reference) => await this.#getObject(reference),
      turn: async () => await clock.turn()
    })
  }

  async #putObject(plain: Uint8Array): Promise<Uint8Array> {
    const sealed = this.#box.seal(plain)
    if (sealed.byteLength > MAX_PART_BYTES)
      throw new TableError('TOO_LARGE', 'The change is too large for a table.')
    try {
      const reference = await this.#components.store.put(sealed, this.#stopping.signal)
      this.#put.set(idOf(reference), { reference, unnamedMs: undefined })
      return reference
    } catch (error) {
      throw unavailable(error)
    }
  }

  async #getObject(reference: Uint8Array): Promise<Uint8Array> {
    const sealed = await this.#components.store
      .get(reference, MAX_PART_BYTES, this.#stopping.signal)
      .catch((error: unknown) => {
        throw unavailable(error)
      })
    return this.#box.open(sealed)
  }
}

const outcomeOf = (waiting: Waiting, overlay: Overlay): Outcome => {
  try {
    const { changes, result } = waiting.decide(overlay)
    checkChanges(changes)
    overlay.apply(changes)
    return { result }
  } catch (error) {
    return { error }
  }
}

/** @throws TableError 'TOO_LARGE' */
const checkChanges = (changes: readonly Change[]): void => {
  for (const [key, value] of changes) {
    const isFit =
      Buffer.byteLength(key) <= MAX_TABLE_KEY_BYTES &&
      (value === undefined || value.byteLength <= MAX_TABLE_VALUE_BYTES)
    if (!isFit || !key.isWellFormed()) {
      throw new TableError('TOO_LARGE', 'A key or a value is too long for a table, or a key is not text.')
    }
  }
}

/** Whether a merged root leads on from the same history: its last batch is the one that `state` has there. */
const continues = (root: Merged['root'], state: State): boolean => {
  const covered = root.position - state.root.position
  const last = root.batches.at(-1)
  const there = covered === 0 ? state.root.batches.at(-1) : state.segments[covered - 1]?.batch
  return last !== undefined && there !== undefined && sameBytes(last, there)
}

const isSame = (a: Head, b: Head): boolean => a.sequence === b.sequence && sameBytes(a.value, b.value)

const idOf = (reference: Uint8Array): string => Buffer.from(reference).toString('base64')

const undecided = (message: string): TableError => new TableError('UNAVAILABLE', message)

const tooFew = (keepers: number, before: number): TableError =>
  undecided(`Only ${keepers} peers are in sight that may keep this table, of ${before}.`)

const unavailable = (cause: unknown): TableError =>
  cause instanceof TableError
    ? cause
    : new TableError('UNAVAILABLE', `The table cannot be reached: ${(cause as Error).message}`, { cause })

const withSignal = async <T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
  if (signal === undefined) return await promise
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
