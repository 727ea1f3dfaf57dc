import { setTimeout as sleep } from 'node:timers/promises'
import { NotFoundError } from '@libp2p/interface'
import { BaseDatastore } from 'datastore-core'
import { Key } from 'interface-datastore'
import type { Datastore, KeyQuery, Pair, Query } from 'interface-datastore'
import type { AbortOptions } from '@libp2p/interface'

export interface WriteBehindInit {
  /** Maximum time that a change is only in memory. @default 1 second */
  readonly delayMs?: number
  /** Entries cached in memory. @default 4096 */
  readonly maxCached?: number
  /** Called if changes could not be written. They are lost, as in a crash. */
  readonly onError: (error: unknown) => void
}

/** A change of one entry; without a value, a removal. */
interface Change {
  readonly value: Uint8Array | undefined
}

type Changes = Map<string, Change['value']>

/**
 * Caches entries in memory and writes changes a little later, in batches: libp2p's peer store reads and rewrites a peer's
 * record on both ends of every new stream. A crash loses the last second of changes; libp2p learns these addresses,
 * protocols and DHT records again.
 */
export class WriteBehindDatastore extends BaseDatastore {
  readonly #base: Datastore
  readonly #delayMs: number
  readonly #maxCached: number
  readonly #onError: (error: unknown) => void
  /** Current entries, least recently used first. */
  readonly #cached = new Map<string, Uint8Array>()
  #dirty: Changes = new Map()
  /** Changes that are being written. */
  #leaving: Changes = new Map()
  #flushing: Promise<void> | undefined
  #flushes = 0
  readonly #stop = new AbortController()

  constructor(base: Datastore, { delayMs = 1_000, maxCached = 4096, onError }: WriteBehindInit) {
    super()
    this.#base = base
    this.#delayMs = delayMs
    this.#maxCached = maxCached
    this.#onError = onError
  }

  override async put(key: Key, value: Uint8Array, options?: AbortOptions): Promise<Key> {
    options?.signal?.throwIfAborted()
    const name = key.toString()
    this.#change(name, value)
    this.#remember(name, value)
    return key
  }

  /** @throws NotFoundError */
  override async get(key: Key, options?: AbortOptions): Promise<Uint8Array> {
    options?.signal?.throwIfAborted()
    const name = key.toString()
    const known = this.#cached.get(name)
    if (known !== undefined) {
      this.#remember(name, known)
      return known
    }
    const before = this.#changed(name)
    if (before !== undefined) return valueOf(before)
    const flushes = this.#flushes
    const value = await this.#base.get(key, options)
    // The entry may have changed during the read.
    const after = this.#changed(name)
    if (after !== undefined) return valueOf(after)
    if (flushes === this.#flushes) this.#remember(name, value)
    return value
  }

  override async has(key: Key, options?: AbortOptions): Promise<boolean> {
    options?.signal?.throwIfAborted()
    const name = key.toString()
    if (this.#cached.has(name)) return true
    const changed = this.#changed(name)
    return changed === undefined ? await this.#base.has(key, options) : changed.value !== undefined
  }

  override async delete(key: Key, options?: AbortOptions): Promise<void> {
    options?.signal?.throwIfAborted()
    const name = key.toString()
    this.#cached.delete(name)
    this.#change(name, undefined)
  }

  /** Writes all changes. Resolves when they are written, or when the failure has been reported. */
  async flush(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing
    if (this.#dirty.size === 0) return
    this.#flushing = this.#write().finally(() => {
      this.#flushing = undefined
    })
    await this.#flushing
  }

  /** Writes all changes, and ignores later ones. The caller closes the underlying datastore. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.flush()
  }

  override async *_all({ prefix }: Query, options?: AbortOptions): AsyncGenerator<Pair> {
    const changes = this.#changesUnder(prefix)
    for await (const pair of this.#base.query({ prefix }, options)) {
      if (!changes.has(pair.key.toString())) yield pair
    }
    for (const [name, value] of changes) if (value !== undefined) yield { key: new Key(name), value }
  }

  override async *_allKeys({ prefix }: KeyQuery, options?: AbortOptions): AsyncGenerator<Key> {
    const changes = this.#changesUnder(prefix)
    for await (const key of this.#base.queryKeys({ prefix }, options)) {
      if (!changes.has(key.toString())) yield key
    }
    for (const [name, value] of changes) if (value !== undefined) yield new Key(name)
  }

  #changesUnder(prefix = ''): Changes {
    const changes: Changes = new Map()
    for (const source of [this.#leaving, this.#dirty]) {
      for (const [name, value] of source) if (name.startsWith(prefix)) changes.set(name, value)
    }
    return changes
  }

  /** The newest change of an entry that may not be in the underlying datastore yet. */
  #changed(name: string): Change | undefined {
    const changes = [this.#dirty, this.#leaving].find((some) => some.has(name))
    return changes && { value: changes.get(name) }
  }

  #change(name: string, value: Uint8Array | undefined): void {
    // libp2p's parts stop in no particular order. Some still write after the close; these writes can be dropped.
    if (this.#stop.signal.aborted) return
    const isFirst = this.#dirty.size === 0
    this.#dirty.set(name, value)
    if (isFirst) void this.#flushLater()
  }

  async #flushLater(): Promise<void> {
    await sleep(this.#delayMs, undefined, { signal: this.#stop.signal, ref: false }).catch(() => {})
    await this.flush()
  }

  async #write(): Promise<void> {
    this.#leaving = this.#dirty
    this.#dirty = new Map()
    const batch = this.#base.batch()
    for (const [name, value] of this.#leaving) {
      if (value === undefined) batch.delete(new Key(name))
      else batch.put(new Key(name), value)
    }
    try {
      await batch.commit()
    } catch (error) {
      this.#onError(error)
    } finally {
      this.#leaving = new Map()
      this.#flushes++
    }
  }

  #remember(name: string, value: Uint8Array): void {
    this.#cached.delete(name)
    this.#cached.set(name, value)
    if (this.#cached.size > this.#maxCached) this.#cached.delete(this.#cached.keys().next().value!)
  }
}

function valueOf({ value }: Change): Uint8Array {
  if (value === undefined) throw new NotFoundError()
  return value
}
