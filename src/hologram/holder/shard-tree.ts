import { equals } from 'uint8arrays/equals'
import { HASH_BYTES, MerkleTree } from '../../../encoder/merkle/merkle.ts'
import type { ShardReader } from '../holdings.ts'
import type { TreeCache } from './tree-cache.ts'

/** Leaves of a subtree: about a millisecond of hashing. A power of two, so that each is a node of the whole tree. */
export const SUBTREE_LEAVES = 1024

export interface ShardTreeInit {
  readonly cache: TreeCache
  /** Tells the shard from every other. */
  readonly name: string
  readonly reader: ShardReader
  /** Of the manifest: paths from damaged leaves would make a liar of us. */
  readonly root: Uint8Array
  /** Resolves when the event loop has had a turn. */
  readonly yieldTurn: () => Promise<void>
}

/**
 * The Merkle tree of a shard, of which only what a request needs is made: the upper part over the roots of subtrees of 1,024
 * leaves, which stand on disk, and the subtrees that are asked for. Both are cached by the bytes they take.
 */
export class ShardTree {
  readonly #init: ShardTreeInit
  readonly #top: MerkleTree
  readonly #roots: Uint8Array

  private constructor(init: ShardTreeInit, roots: Uint8Array, top: MerkleTree) {
    this.#init = init
    this.#roots = roots
    this.#top = top
  }

  /** @throws when the leaf hashes on disk do not give the root */
  static async open(init: ShardTreeInit): Promise<ShardTree> {
    const { cache, name, root } = init
    const top = await cache.get(name, async () => {
      const roots = await init.reader.subtreeRoots()
      const stored = roots && new MerkleTree(roots)
      return stored !== undefined && equals(stored.root, root) ? stored : await topFromLeaves(init)
    })
    return new ShardTree(init, top.leaves, top)
  }

  /** As MerkleTree.auditPath of the whole tree. */
  async auditPath(index: number): Promise<Uint8Array<ArrayBuffer>> {
    const number = Math.floor(index / SUBTREE_LEAVES)
    const subtree = await this.#init.cache.get(`${this.#init.name} ${number}`, async () =>
      this.#subtree(number)
    )
    const within = subtree.auditPath(index % SUBTREE_LEAVES)
    const above = this.#top.auditPath(number)
    const path = new Uint8Array(within.byteLength + above.byteLength)
    path.set(within)
    path.set(above, within.byteLength)
    return path
  }

  async #subtree(number: number): Promise<MerkleTree> {
    const { reader } = this.#init
    const root = this.#roots.subarray(number * HASH_BYTES, (number + 1) * HASH_BYTES)
    const first = number * SUBTREE_LEAVES
    const count = Math.min(SUBTREE_LEAVES, reader.blocks - first)
    for (const copy of [false, true]) {
      const tree = new MerkleTree(await reader.leafRange(first, count, { copy }))
      if (equals(tree.root, root)) return tree
    }
    throw new Error(`the leaf hashes of blocks ${first} to ${first + count - 1} are damaged`)
  }
}

/** For a shard without subtree roots on disk, or with damaged ones: from all its leaf hashes. */
async function topFromLeaves({ reader, root, yieldTurn }: ShardTreeInit): Promise<MerkleTree> {
  const leaves = await reader.leaves()
  const roots: Uint8Array[] = []
  const step = SUBTREE_LEAVES * HASH_BYTES
  for (let start = 0; start < leaves.byteLength; start += step) {
    if (start > 0) await yieldTurn()
    roots.push(new MerkleTree(leaves.subarray(start, start + step)).root)
  }
  const top = new MerkleTree(Buffer.concat(roots))
  if (!equals(top.root, root)) throw new Error('the leaf hashes of the shard are damaged')
  return top
}
