import type { CID } from 'multiformats/cid'
import type { AuditTree } from '../../../encoder/merkle/audit-tree.ts'

/** Keeps the trees used last, up to a number of bytes. A tree larger than that serves its request and is not kept. */
export class TreeCache {
  readonly #maxBytes: number
  readonly #trees = new Map<string, AuditTree>()
  readonly #building = new Map<string, Promise<AuditTree>>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get sizeBytes(): number {
    return this.#bytes
  }

  /** The tree of a shard, from `build` when it is not here. Concurrent callers share one building. */
  async get(cid: CID, shard: number, build: () => Promise<AuditTree>): Promise<AuditTree> {
    const key = `${cid.toString()} ${shard}`
    const kept = this.#trees.get(key)
    if (kept !== undefined) {
      this.#trees.delete(key)
      this.#trees.set(key, kept)
      return kept
    }
    const building = this.#building.get(key) ?? this.#build(key, build)
    this.#building.set(key, building)
    return await building
  }

  async #build(key: string, build: () => Promise<AuditTree>): Promise<AuditTree> {
    try {
      const tree = await build()
      this.#keep(key, tree)
      return tree
    } finally {
      this.#building.delete(key)
    }
  }

  #keep(key: string, tree: AuditTree): void {
    if (tree.sizeBytes > this.#maxBytes) return
    this.#trees.set(key, tree)
    this.#bytes += tree.sizeBytes
    for (const [oldest, { sizeBytes }] of this.#trees) {
      if (this.#bytes <= this.#maxBytes) break
      this.#trees.delete(oldest)
      this.#bytes -= sizeBytes
    }
  }
}
