import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import type { CodedSegment } from './coder.ts'

/**
 * SHA-256 over the leaf hashes of the first blocks of each shard, at every length that an upload may still go on from:
 * what a holder says it has kept is ours when its digest is.
 */
export class PrefixDigests {
  readonly #hashes: ReadonlyMap<number, Hash>
  /** By number of blocks, then by shard. */
  readonly #digests = new Map<number, ReadonlyMap<number, Uint8Array>>()
  readonly #depth: number
  #blocks = 0

  /** @param depth - lengths that are remembered */
  constructor(shards: readonly number[], depth: number) {
    this.#hashes = new Map(shards.map((shard) => [shard, createHash('sha256')]))
    this.#depth = depth
  }

  append(segment: CodedSegment): void {
    this.#blocks++
    const digests = new Map<number, Uint8Array>()
    for (const [shard, hash] of this.#hashes) {
      hash.update(segment.leaf(shard))
      digests.set(shard, hash.copy().digest())
    }
    this.#digests.set(this.#blocks, digests)
    this.#digests.delete(this.#blocks - this.#depth)
  }

  /** Whether `digest` is that of our first `blocks` blocks of the shard; false also when that is no longer known. */
  matches(shard: number, blocks: number, digest: Uint8Array): boolean {
    const ours = this.#digests.get(blocks)?.get(shard)
    return ours !== undefined && Buffer.compare(ours, digest) === 0
  }
}
