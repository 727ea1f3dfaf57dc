import { BaseDatastore } from 'datastore-core'
import { Key } from 'interface-datastore'
import type { Datastore, KeyQuery, Pair, Query } from 'interface-datastore'
import type { AbortOptions } from '@libp2p/interface'

/** A kind of entry that other peers may store on this node. */
export interface RecordKind {
  readonly name: string
  /** Prefix of the keys of this kind. */
  readonly prefix: string
  readonly maxEntries: number
  /** Limit for keys and values together. */
  readonly maxBytes: number
  /** Longer values are refused. */
  readonly maxValueBytes: number
  /** For kinds whose keys end in the id of the peer that sent the entry. */
  readonly maxEntriesPerPeer?: number
}

const KIB = 1024
const MIB = 1024 * KIB

/** What libp2p stores for others: any peer may send a provider record, a DHT value or an address. */
export const LIBP2P_RECORDS: readonly RecordKind[] = [
  {
    name: 'provider',
    prefix: '/dht/provider/',
    maxEntries: 16_384,
    maxEntriesPerPeer: 2_048,
    maxBytes: 4 * MIB,
    maxValueBytes: 64
  },
  { name: 'value', prefix: '/dht/record/', maxEntries: 1_024, maxBytes: 4 * MIB, maxValueBytes: 16 * KIB },
  { name: 'peer', prefix: '/peers/', maxEntries: 16_384, maxBytes: 32 * MIB, maxValueBytes: 32 * KIB }
]

export interface RecordCount {
  readonly entries: number
  readonly bytes: number
}

/**
 * Bounds what other peers can make libp2p store. A peer at its limit loses its own oldest entry. If a kind is full, the
 * peer with the most entries loses its oldest. This node's own entries count too, but are removed last.
 */
export class BoundedRecords extends BaseDatastore {
  readonly #base: Datastore
  readonly #kinds: readonly Kind[]

  private constructor(base: Datastore, kinds: readonly Kind[]) {
    super()
    this.#base = base
    this.#kinds = kinds
  }

  /** Counts existing entries. @param self - id of this node; its own provider records have no limit per peer */
  static async open(
    base: Datastore,
    self: string,
    kinds: readonly RecordKind[] = LIBP2P_RECORDS
  ): Promise<BoundedRecords> {
    const counted = kinds.map((kind) => new Kind(kind, self))
    for (const kind of counted) {
      const surplus: string[] = []
      for await (const { key, value } of base.query({ prefix: kind.prefix })) {
        surplus.push(...kind.add(key.toString(), value.byteLength))
      }
      for (const name of surplus) await base.delete(new Key(name))
    }
    return new BoundedRecords(base, counted)
  }

  /** The entries and bytes of each kind. */
  counts(): Record<string, RecordCount> {
    return Object.fromEntries(this.#kinds.map(({ name, entries, bytes }) => [name, { entries, bytes }]))
  }

  /** @throws RangeError for a value beyond the limit of its kind */
  override async put(key: Key, value: Uint8Array, options?: AbortOptions): Promise<Key> {
    const name = key.toString()
    const kind = this.#kindOf(name)
    if (kind !== undefined) {
      if (value.byteLength > kind.maxValueBytes) {
        throw new RangeError(`an entry of ${value.byteLength} bytes; at most ${kind.maxValueBytes} are kept`)
      }
      for (const surplus of kind.add(name, value.byteLength))
        await this.#base.delete(new Key(surplus), options)
    }
    return await this.#base.put(key, value, options)
  }

  override async get(key: Key, options?: AbortOptions): Promise<Uint8Array> {
    return await this.#base.get(key, options)
  }

  override async has(key: Key, options?: AbortOptions): Promise<boolean> {
    return await this.#base.has(key, options)
  }

  override async delete(key: Key, options?: AbortOptions): Promise<void> {
    const name = key.toString()
    this.#kindOf(name)?.remove(name)
    await this.#base.delete(key, options)
  }

  override async *_all(query: Query, options?: AbortOptions): AsyncGenerator<Pair> {
    yield* this.#base.query({ prefix: query.prefix }, options)
  }

  override async *_allKeys(query: KeyQuery, options?: AbortOptions): AsyncGenerator<Key> {
    yield* this.#base.queryKeys({ prefix: query.prefix }, options)
  }

  #kindOf(name: string): Kind | undefined {
    return this.#kinds.find(({ prefix }) => name.startsWith(prefix))
  }
}

/** The entries of one kind, by the peer that sent them, oldest first. */
class Kind implements RecordCount {
  readonly #kind: RecordKind
  readonly #self: string
  readonly #byPeer = new Map<string, Map<string, number>>()
  #entries = 0
  #bytes = 0

  constructor(kind: RecordKind, self: string) {
    this.#kind = kind
    this.#self = self
  }

  get name(): string {
    return this.#kind.name
  }

  get prefix(): string {
    return this.#kind.prefix
  }

  get maxValueBytes(): number {
    return this.#kind.maxValueBytes
  }

  get entries(): number {
    return this.#entries
  }

  get bytes(): number {
    return this.#bytes
  }

  /** @returns the names of the entries to remove to make room */
  add(name: string, valueBytes: number): string[] {
    const { maxEntries, maxEntriesPerPeer = Infinity, maxBytes } = this.#kind
    this.remove(name)
    const peer = this.#peerOf(name)
    const bytes = name.length + valueBytes
    const own = this.#byPeer.get(peer) ?? new Map<string, number>()
    this.#byPeer.set(peer, own.set(name, bytes))
    this.#entries++
    this.#bytes += bytes
    const surplus: string[] = []
    if (peer !== this.#self && own.size > maxEntriesPerPeer) surplus.push(this.#removeOldest(own))
    while (this.#entries > maxEntries || this.#bytes > maxBytes)
      surplus.push(this.#removeOldest(this.#most()))
    return surplus
  }

  remove(name: string): void {
    const peer = this.#peerOf(name)
    const own = this.#byPeer.get(peer)
    const bytes = own?.get(name)
    if (own === undefined || bytes === undefined) return
    own.delete(name)
    if (own.size === 0) this.#byPeer.delete(peer)
    this.#entries--
    this.#bytes -= bytes
  }

  #removeOldest(entries: Map<string, number>): string {
    const name = entries.keys().next().value as string
    this.remove(name)
    return name
  }

  /** The entries of the other peer with the most, or our own if there are no others. */
  #most(): Map<string, number> {
    let most: Map<string, number> | undefined
    for (const [peer, entries] of this.#byPeer) {
      if (peer !== this.#self && entries.size > (most?.size ?? 0)) most = entries
    }
    return most ?? (this.#byPeer.get(this.#self) as Map<string, number>)
  }

  #peerOf(name: string): string {
    return this.#kind.maxEntriesPerPeer === undefined ? '' : name.slice(name.lastIndexOf('/') + 1)
  }
}
