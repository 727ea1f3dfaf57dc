import { hash as digest } from 'node:crypto'
import { HASH_BYTES, leafHash } from '../../../../encoder/index.ts'

/** Two hashes after the prefix of an inner node: SHA-256(0x01 || left || right) (RFC 9162, section 2.1.1). */
const node = Buffer.alloc(1 + 2 * HASH_BYTES, 1)

/** A node that was proved to be in the tree. */
interface ProvedNode {
  readonly index: number
  readonly hash: Uint8Array
}

/**
 * Verifies that blocks belong to a shard (RFC 9162, section 2.1.3.2). It remembers the nodes that it has proved, so most
 * blocks that arrive in order need one or two hashes instead of the whole path.
 */
export class AuditVerifier {
  readonly #root: Uint8Array
  readonly #blocks: number
  /** Of each level, the two nodes that the last full proof went through. */
  readonly #proved: Array<readonly [ProvedNode, ProvedNode]> = []

  /**
   * @param root - Merkle root of the shard
   * @param blocks - number of blocks of the shard
   */
  constructor(root: Uint8Array, blocks: number) {
    this.#root = root
    this.#blocks = blocks
  }

  /** @param path - the audit path, 32 bytes a hash, from the leaf up */
  verify(index: number, block: Uint8Array, path: Uint8Array): boolean {
    if (!(index >= 0 && index < this.#blocks) || path.byteLength % HASH_BYTES !== 0) return false
    const fresh: Array<readonly [level: number, ProvedNode, ProvedNode]> = []
    let hash: Uint8Array = leafHash(block)
    let level = 0
    let at = index
    let last = this.#blocks - 1
    for (let offset = 0; ; offset += HASH_BYTES) {
      const proved = this.#proved[level]?.find((known) => known.index === at)
      if (proved !== undefined) return Buffer.compare(proved.hash, hash) === 0 && this.#keep(fresh)
      // A last node without a sibling moves up unchanged until it is a right child.
      while (at === last && at % 2 === 0 && at > 0)
        [at, last, level] = [at / 2, Math.floor(last / 2), level + 1]
      if (last === 0 || offset === path.byteLength) break
      const sibling = path.subarray(offset, offset + HASH_BYTES)
      fresh.push([level, { index: at, hash }, { index: at % 2 === 0 ? at + 1 : at - 1, hash: sibling }])
      hash = at % 2 === 0 ? nodeHash(hash, sibling) : nodeHash(sibling, hash)
      at = Math.floor(at / 2)
      last = Math.floor(last / 2)
      level++
      if (last === 0)
        return offset + HASH_BYTES === path.byteLength && this.#isRoot(hash) && this.#keep(fresh)
    }
    return last === 0 && path.byteLength === 0 && this.#isRoot(hash)
  }

  #isRoot(hash: Uint8Array): boolean {
    return Buffer.compare(hash, this.#root) === 0
  }

  #keep(fresh: ReadonlyArray<readonly [number, ProvedNode, ProvedNode]>): true {
    // Copied: the path is a view of the whole message, which must not be kept.
    for (const [level, own, sibling] of fresh) {
      this.#proved[level] = [own, { index: sibling.index, hash: sibling.hash.slice() }]
    }
    return true
  }
}

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  node.set(left, 1)
  node.set(right, 1 + HASH_BYTES)
  return digest('sha256', node, 'buffer')
}
