import type { MerkleTree } from '../../../encoder/merkle/merkle.ts'

/** Keeps the trees used last, up to a number of bytes. A tree larger than that serves its request and is not kept. */
export class TreeCache {
  readonly #maxBytes: number
  readonly #trees = new Map<string, MerkleTree>()
  readonly #building = new Map<string, Promise<MerkleTree>>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get sizeBytes(): number {
    return this.#bytes
  }

  /** The tree of this name, from `build` when it is not here. Concurrent callers share one building. */
  async get(name: string, build: () => Promise<MerkleTree>): Promise<MerkleTree> {
    const kept = this.#trees.get(name)
    if (kept !== undefined) {
      this.#trees.delete(name)
      this.#trees.set(name, kept)
      return kept
    }
    const building = this.#building.get(name) ?? this.#build(name, build)
    this.#building.set(name, building)
    return await building
  }

  async #build(name: string, build: () => Promise<MerkleTree>): Promise<MerkleTree> {
    try {
      const tree = await build()
      this.#keep(name, tree)
      return tree
    } finally {
      this.#building.delete(name)
    }
  }

  #keep(name: string, tree: MerkleTree): void {
    if (tree.sizeBytes > this.#maxBytes) return
    this.#trees.set(name, tree)
    this.#bytes += tree.sizeBytes
    for (const [oldest, { sizeBytes }] of this.#trees) {
      if (this.#bytes <= this.#maxBytes) break
      this.#trees.delete(oldest)
      this.#bytes -= sizeBytes
    }
  }
}
