import { HASH_BYTES, MerkleTree } from './merkle.ts'

/** Leaves of a subtree: about a millisecond of hashing, after which the event loop gets its turn. */
const SUBTREE_LEAVES = 1024

/** The Merkle tree of a shard, built without holding up the event loop: full subtrees, and a tree of their roots. */
export class AuditTree {
  readonly #subtrees: readonly MerkleTree[]
  readonly #top: MerkleTree
  readonly sizeBytes: number

  private constructor(subtrees: readonly MerkleTree[], top: MerkleTree, leafCount: number) {
    this.#subtrees = subtrees
    this.#top = top
    this.sizeBytes = 2 * HASH_BYTES * leafCount
  }

  /**
   * @param leaves - leaf hashes of all blocks, 32 bytes each
   * @param yieldTurn - resolves when the event loop has had a turn
   */
  static async build(leaves: Uint8Array, yieldTurn: () => Promise<void>): Promise<AuditTree> {
    const subtrees: MerkleTree[] = []
    const step = SUBTREE_LEAVES * HASH_BYTES
    for (let start = 0; start < leaves.byteLength; start += step) {
      if (start > 0) await yieldTurn()
      subtrees.push(new MerkleTree(leaves.subarray(start, start + step)))
    }
    const top = new MerkleTree(Buffer.concat(subtrees.map((subtree) => subtree.root)))
    return new AuditTree(subtrees, top, leaves.byteLength / HASH_BYTES)
  }

  get root(): Uint8Array {
    return this.#top.root
  }

  /** As MerkleTree.auditPath of the whole. A subtree is aligned, so its root is a node of the whole tree. */
  auditPath(index: number): Uint8Array<ArrayBuffer> {
    const subtree = Math.floor(index / SUBTREE_LEAVES)
    const within = this.#subtrees[subtree].auditPath(index % SUBTREE_LEAVES)
    const above = this.#top.auditPath(subtree)
    const path = new Uint8Array(within.byteLength + above.byteLength)
    path.set(within)
    path.set(above, within.byteLength)
    return path
  }
}
