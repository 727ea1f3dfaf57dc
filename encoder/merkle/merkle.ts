// Merkle trees over the blocks of a shard: RFC 9162, section 2.1 (the tree of RFC 6962), with SHA-256.

import { createHash } from 'node:crypto'

/** Bytes in a leaf hash, a node and a root. */
export const HASH_BYTES = 32

const LEAF_PREFIX = Uint8Array.of(0)
const NODE_PREFIX = Uint8Array.of(1)

/** Root of the tree with no leaves: SHA-256 of nothing. */
const EMPTY_ROOT: Uint8Array = createHash('sha256').digest()

/**
 * Hash of a block as a leaf: SHA-256(0x00 || block).
 *
 * @param block - its bytes, or its pieces in order
 */
export function leafHash(block: Uint8Array | Iterable<Uint8Array>): Uint8Array {
  const hash = createHash('sha256').update(LEAF_PREFIX)
  if (block instanceof Uint8Array) return hash.update(block).digest()
  for (const piece of block) hash.update(piece)
  return hash.digest()
}

/** Hash of an inner node: SHA-256(0x01 || left || right). */
function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return createHash('sha256').update(NODE_PREFIX).update(left).update(right).digest()
}

/**
 * Computes a root from a sequence of leaf hashes. Its memory grows with the logarithm of their number: it holds the root
 * of one full subtree for each set bit of the count.
 */
export class MerkleRootBuilder {
  /** Roots of full subtrees, largest first; their sizes are the bits of the leaf count. */
  readonly #peaks: Uint8Array[] = []
  #leafCount = 0

  get leafCount(): number {
    return this.#leafCount
  }

  /** @param leaf - hash of the next block, 32 bytes */
  append(leaf: Uint8Array): void {
    checkHash(leaf)
    let subtree: Uint8Array = leaf.slice()
    for (let size = this.#leafCount; size % 2 === 1; size = (size - 1) / 2) {
      subtree = nodeHash(this.#peaks.pop()!, subtree)
    }
    this.#peaks.push(subtree)
    this.#leafCount++
  }

  /** Root of the leaves so far. More can be appended afterwards. */
  root(): Uint8Array {
    if (this.#leafCount === 0) return Uint8Array.from(EMPTY_ROOT)
    return this.#peaks.reduceRight((right, left) => nodeHash(left, right)).slice()
  }
}

/** A tree with all its nodes, for audit paths: about 64 bytes per leaf. */
export class MerkleTree {
  /** levels[0] are the leaves. A last node without a sibling moves up unchanged. */
  readonly #levels: Uint8Array[]

  /** @param leaves - contiguous leaf hashes of 32 bytes */
  constructor(leaves: Uint8Array) {
    if (leaves.length % HASH_BYTES !== 0) {
      throw new RangeError(`leaf hashes are ${HASH_BYTES} bytes each, not ${leaves.length} in all`)
    }
    this.#levels = [leaves.slice()]
    for (let level = this.#levels[0]; level.length > HASH_BYTES;) {
      level = levelAbove(level)
      this.#levels.push(level)
    }
  }

  get leafCount(): number {
    return this.#levels[0].length / HASH_BYTES
  }

  /** The contiguous leaf hashes; do not change them. */
  get leaves(): Uint8Array {
    return this.#levels[0]
  }

  /** Memory of the hashes, bytes. */
  get sizeBytes(): number {
    return this.#levels.reduce((sum, level) => sum + level.byteLength, 0)
  }

  get root(): Uint8Array {
    return this.leafCount === 0 ? Uint8Array.from(EMPTY_ROOT) : this.#levels.at(-1)!.slice()
  }

  /**
   * The hashes that lead from a leaf to the root, contiguous, nearest to the leaf first (RFC 9162, 2.1.3.1).
   * @param index - 0 to leafCount - 1
   */
  auditPath(index: number): Uint8Array {
    if (!Number.isInteger(index) || index < 0 || index >= this.leafCount) {
      throw new RangeError(`leaf ${index} of ${this.leafCount}`)
    }
    const path: Uint8Array[] = []
    this.#levels.slice(0, -1).forEach((level, height) => {
      const sibling = Math.floor(index / 2 ** height) ^ 1
      if ((sibling + 1) * HASH_BYTES <= level.length) path.push(hashAt(level, sibling))
    })
    return concatenate(path)
  }
}

/**
 * Whether `leaf` is leaf number `index` of the tree with this root and this many leaves (RFC 9162, 2.1.3.2).
 * Malformed input gives false.
 *
 * @param leaf - the leaf hash, 32 bytes
 * @param path - the audit path, 32 bytes per hash
 */
export function verifyAuditPath(
  root: Uint8Array,
  leafCount: number,
  index: number,
  leaf: Uint8Array,
  path: Uint8Array
): boolean {
  const wellFormed =
    Number.isSafeInteger(leafCount) && Number.isSafeInteger(index) && index >= 0 && index < leafCount
  if (!wellFormed || leaf.length !== HASH_BYTES || path.length % HASH_BYTES !== 0) return false
  let node = index
  let last = leafCount - 1
  let hash = leaf
  for (let offset = 0; offset < path.length; offset += HASH_BYTES) {
    if (last === 0) return false
    const sibling = path.subarray(offset, offset + HASH_BYTES)
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash)
      // A last node without a sibling moves up unchanged until it is a right child.
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2)
        last = Math.floor(last / 2)
      }
    } else {
      hash = nodeHash(hash, sibling)
    }
    node = Math.floor(node / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 && equal(hash, root)
}

function levelAbove(level: Uint8Array): Uint8Array {
  const count = level.length / HASH_BYTES
  const above = new Uint8Array(Math.ceil(count / 2) * HASH_BYTES)
  for (let i = 0; i < count; i += 2) {
    const node = i + 1 < count ? nodeHash(hashAt(level, i), hashAt(level, i + 1)) : hashAt(level, i)
    above.set(node, (i / 2) * HASH_BYTES)
  }
  return above
}

function hashAt(level: Uint8Array, index: number): Uint8Array {
  return level.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)
}

function concatenate(hashes: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(hashes.length * HASH_BYTES)
  hashes.forEach((hash, i) => all.set(hash, i * HASH_BYTES))
  return all
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

function checkHash(hash: Uint8Array): void {
  if (hash.length !== HASH_BYTES)
    throw new RangeError(`a leaf hash has ${HASH_BYTES} bytes, not ${hash.length}`)
}
