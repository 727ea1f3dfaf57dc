import type { PeerId } from '@libp2p/interface'
import type { Segment } from '../../records/layout.ts'

/** A segment being read: the blocks that are here, those asked for, and how many more are needed. */
export class PendingSegment {
  readonly segment: Segment
  /** The k data rows; rejects when the read fails. */
  readonly rows: Promise<Uint8Array[]>
  readonly resolve: (rows: Uint8Array[]) => void
  readonly reject: (error: Error) => void
  readonly #held = new Map<number, Uint8Array>()
  /** Asked for, and expected in time. */
  readonly #asked = new Set<number>()
  /** Asked for and late: used if they arrive, but replaced by others. */
  readonly #doubted = new Set<number>()
  /** Peers that cannot read their block of this segment, by shard. */
  readonly #bad = new Map<number, Set<string>>()

  constructor(segment: Segment) {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array[]>()
    // The consumer sees the rejection later, when it gets to this segment.
    promise.catch(() => {})
    this.segment = segment
    this.rows = promise
    this.resolve = resolve
    this.reject = reject
  }

  /** The blocks that are here, by shard. */
  get held(): ReadonlyMap<number, Uint8Array> {
    return this.#held
  }

  /** It has its k blocks. */
  get settled(): boolean {
    return this.#held.size >= this.segment.k
  }

  /** Blocks to ask for until k are here or expected. */
  get wanted(): number {
    return this.segment.k - this.#held.size - this.#asked.size
  }

  /** k blocks are here, expected, or at least asked for. */
  get attainable(): boolean {
    return this.#held.size + this.#asked.size + this.#doubted.size >= this.segment.k
  }

  /** Shards that are not asked again. */
  get askedOrHeld(): ReadonlySet<number> {
    return new Set([...this.#held.keys(), ...this.#asked, ...this.#doubted])
  }

  ask(shard: number): void {
    this.#asked.add(shard)
  }

  /** Takes a block in; true when it was the k-th. */
  take(shard: number, data: Uint8Array): boolean {
    this.forget(shard)
    this.#held.set(shard, data)
    return this.#held.size === this.segment.k
  }

  /** The block of `shard` is late: ask for another in case it never comes. False when it was not expected. */
  doubt(shard: number): boolean {
    if (!this.#asked.delete(shard)) return false
    this.#doubted.add(shard)
    return true
  }

  /** `peer` cannot read the block of `shard`. */
  spoil(shard: number, peer: PeerId): void {
    this.forget(shard)
    const peers = this.#bad.get(shard) ?? new Set()
    this.#bad.set(shard, peers.add(peer.toString()))
  }

  /** Whether `peer` may still be asked for the block of `shard`. */
  isSound(shard: number, peer: PeerId): boolean {
    return this.#bad.get(shard)?.has(peer.toString()) !== true
  }

  /** The block of `shard` will not come. */
  forget(shard: number): void {
    this.#asked.delete(shard)
    this.#doubted.delete(shard)
  }
}
