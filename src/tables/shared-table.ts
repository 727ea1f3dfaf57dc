import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { PeerId } from '@libp2p/interface'
import type { Clock, RandomSource } from '../clock/index.ts'
import type { Published, Resolved } from '../heads/index.ts'
import { Box, derived } from './box.ts'
import {
  encodeChanges,
  MAX_PART_BYTES,
  MAX_SEGMENTS,
  MAX_TABLE_KEY_BYTES,
  MAX_TABLE_VALUE_BYTES,
  type Change
} from './codec.ts'
import { TableError, unavailable, undecided } from './errors.ts'
import type { HeadContents, HeadStore, Newest, TableHead } from './head-store.ts'
import { mergeState, type Merged } from './merge.ts'
import { openHeadStore } from './open-head-store.ts'
import { Overlay } from './overlay.ts'
import { DEFAULT_TABLE_SETTINGS, type TableLogger, type TableSettings } from './settings.ts'
import type { AgreedSlots } from './agreed-slots.ts'
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
  /** Undefined where the network has no validators: then heads are published and resolved. */
  readonly slots?: AgreedSlots
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
  readonly head: TableHead
}

/** What this object has put. */
interface PutObject {
  readonly reference: Uint8Array
  /** Since when no state here names it. */
  unnamedMs: number | undefined
  /** Version of the head on which a write that names it was tried, if it is not known whether that was made. */
  openOn: string | undefined
}

/** Heads that are not decided are looked at again so many times before this object decides by writing. */
const LOOKS = 3
const ID_BYTES = 16

/** Another writer replaced the head first: what was tried is not made. */
class LostRace extends TableError {
  constructor() {
    super('UNAVAILABLE', 'Another writer came first.')
  }
}

/**
 * A sorted table, text to bytes, that several writers share with nobody in charge. It is kept in a mesh: what changes goes into
 * log objects, and a head says which of them count. docs/explain/tables.md argues why no acknowledged change is lost.
 */
export class SharedTable {
  readonly #components: TableComponents
  readonly #settings: TableSettings
  readonly #secret: Uint8Array
  readonly #box: Box
  readonly #writer: Uint8Array
  readonly #stopping = new AbortController()
  #heads: HeadStore | undefined
  #current: Current | undefined
  /** The newest state here that counts, whatever happens: what a claim repeats may turn out not to, and others go on without it. */
  #decided: State = emptyState()
  /** Whether the next write builds on `#current`, as far as this object knows. */
  #isWriter = false
  /** What readers see: a decided state, and when it was the newest. */
  #readable: Tree | undefined
  #verifiedMs = -Infinity
  /** How old the readable state was when nobody could be asked for a newer one, and when that was. */
  #stale: { readonly ageMs: number; readonly atMs: number } | undefined
  #waiting: Waiting[] = []
  #loop: Promise<void> | undefined
  #refreshing: Promise<void> | undefined
  #merging: Promise<void> | undefined
  #merged: Merged | undefined
  /** Objects that this process has put and not freed. */
  readonly #put = new Map<string, PutObject>()

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
    this.#heads ??= await this.#openHeads(signal)
    await this.view({ maxAgeMs: 0, signal })
  }

  async #openHeads(signal: AbortSignal | undefined): Promise<HeadStore> {
    const { store, clock, logger, networkId } = this.#components
    const { publish, resolve, slots } = store
    const { createKeepers, isNew, decideTimeoutMs } = this.#settings
    const privateKey: PrivateKey = await generateKeyPairFromSeed('Ed25519', derived(this.#secret, 'name'))
    const name = peerIdFromPrivateKey(privateKey)
    return await openHeadStore(
      { publish, resolve, slots, clock, logger, networkId, box: this.#box },
      { name, privateKey, writer: this.#writer, createKeepers, isNew, patienceMs: decideTimeoutMs / 2 },
      signal === undefined ? this.#stopping.signal : AbortSignal.any([signal, this.#stopping.signal])
    )
  }

  /** What waits is refused; what is on its way is waited for. */
  async close(): Promise<void> {
    this.#stopping.abort(new TableError('CLOSED', 'The table is closed.'))
    await Promise.allSettled([this.#loop, this.#refreshing, this.#merging])
  }

  /**
   * The newest state. Where the head is in a slot and too few validators answer, it is the newest that is known here:
   * `staleMs` says how old.
   *
   * @param maxAgeMs - the view is not older; 0 asks now
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
      signal?.throwIfAborted()
      await withSignal(this.#refresh(), signal)
      this.#stopping.signal.throwIfAborted()
      if (this.#readable !== undefined && this.#stale !== undefined) break
    }
    return this.#readable
  }

  /** How old the state is that `view` shows while nobody can be asked for a newer one; undefined while somebody can. */
  get staleMs(): number | undefined {
    if (this.#stale === undefined) return undefined
    return this.#stale.ageMs + this.#components.clock.monotonicMs() - this.#stale.atMs
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
      // As long as the head stands on which it was tried, a write that names the object may still be made.
      const isOpen = entry.openOn !== undefined && entry.openOn === this.#current?.head.version
      if (named.has(id) || isOpen) entry.unnamedMs = undefined
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
        if (!this.#isWriter || this.#heads!.isOld(this.#current?.head)) await this.#claim()
        else if (this.#merged === undefined) await this.#decide()
        else await this.#publishMerged(this.#merged)
        attempt = 0
      } catch (error) {
        this.#isWriter = false
        if (this.#stopping.signal.aborted || (error instanceof TableError && error.code !== 'UNAVAILABLE')) {
          this.#failAll(this.#stopping.signal.aborted ? this.#stopping.signal.reason : error)
          return
        }
        // Somebody else got ahead, and so the table did.
        if (error instanceof LostRace) continue
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

  /** Takes the head on which the next write builds. @throws TableError 'UNAVAILABLE' */
  async #claim(): Promise<void> {
    const head = await this.#heads!.claim(this.#stopping.signal)
    const state = await this.#load(head.contents)
    this.#current = { state, head }
    this.#isWriter = true
    this.#merged = undefined
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
      if (isReadOnly && current.head.isDecided) await this.#confirm(current)
      else await this.#write(current, overlay.changes, decided)
    } catch (error) {
      this.#waiting.unshift(...decided.map(({ waiting }) => waiting))
      throw error
    }
    for (const { waiting, outcome } of decided) waiting.settle(outcome)
    this.#mergeIfDue()
  }

  /** Replaces the head by one of the state with one more batch; with none, to confirm it as it is. @throws TableError 'UNAVAILABLE' */
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
    const head = await this.#replace(current, { ...state, segments })
    if (head === undefined) {
      if (segment !== undefined) for (const { waiting } of decided) waiting.attempts.pop()
      throw new LostRace()
    }
    const next = segment === undefined ? state : extended(state, segment)
    this.#adopt({ state: next, head }, startedMs)
  }

  /** @returns undefined when another writer came first @throws TableError 'UNAVAILABLE' when it is not known what became of it */
  async #replace({ head }: Current, state: State): Promise<TableHead | undefined> {
    try {
      return await this.#heads!.replace(head, contentsOf(state), this.#stopping.signal)
    } catch (error) {
      const named = new Set(this.references().map(idOf))
      for (const [id, entry] of this.#put) if (!named.has(id)) entry.openOn = head.version
      throw error
    }
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
    await this.#heads!.confirm(head, this.#stopping.signal)
    this.#verified(startedMs)
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
    const head = await this.#replace(current, next)
    if (head === undefined) throw new LostRace()
    this.#adopt({ state: next, head }, startedMs)
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

  /** @returns whether there is something to show: what is not decided may still go away, and is shown to nobody */
  async #lookForNewest(): Promise<boolean> {
    const startedMs = this.#components.clock.monotonicMs()
    const newest = await this.#heads!.newest(this.#stopping.signal)
    if (newest === 'open') return false
    const { head, isOwn } = newest
    if (head === undefined) this.#readable ??= new Tree()
    else {
      const isKnown = this.#current?.head.version === head.version
      // This object knows in a moment that its own write came through.
      if (isOwn && !isKnown && this.#loop !== undefined) return false
      if (!isKnown) {
        const before = this.#current
        const state = await this.#load(head.contents)
        if (this.#current !== before) return false
        this.#isWriter = false
        this.#current = { state, head }
        this.#decided = state
      }
      this.#readable = this.#current!.state.tree
    }
    if (newest.isFresh) this.#verified(startedMs)
    else this.#stale = staleOf(newest, this.#components.clock.monotonicMs())
    return true
  }

  /** A write of this object came through: its state counts from now on. */
  #adopt(current: Current, startedMs: number): void {
    this.#current = current
    this.#decided = current.state
    this.#readable = current.state.tree
    this.#verified(startedMs)
  }

  #verified(startedMs: number): void {
    this.#stale = undefined
    this.#verifiedMs = Math.max(this.#verifiedMs, startedMs)
  }

  async #load(contents: HeadContents): Promise<State> {
    const { clock } = this.#components
    return await loadState(contents, this.#decided, {
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
      this.#put.set(idOf(reference), { reference, unnamedMs: undefined, openOn: undefined })
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

const idOf = (reference: Uint8Array): string => Buffer.from(reference).toString('base64')

const contentsOf = ({ rootReference, root, segments }: State): HeadContents => ({
  root: rootReference === undefined ? undefined : { reference: rootReference, position: root.position },
  segments
})

const staleOf = ({ ageMs }: Newest, atMs: number): { ageMs: number; atMs: number } => ({ ageMs, atMs })

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
