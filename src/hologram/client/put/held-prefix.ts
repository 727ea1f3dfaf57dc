import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'

/**
 * Compares the blocks that a holder kept from an earlier attempt with ours. The answer is known once we have our own leaf
 * hashes of all of them.
 */
export class HeldPrefix {
  readonly blocks: number
  readonly #digest: Uint8Array
  readonly #hash: Hash = createHash('sha256')
  #seen = 0

  /** @param digest - SHA-256 over the leaf hashes of the held blocks, as the holder states it */
  constructor(blocks: number, digest: Uint8Array) {
    this.blocks = blocks
    this.#digest = digest
  }

  /** Every held block has been compared, or there is none. */
  get passed(): boolean {
    return this.#seen === this.blocks
  }

  /** Takes our next leaf hash; false when it was the last held one and the holder's blocks are not ours. */
  matches(leaf: Uint8Array): boolean {
    this.#hash.update(leaf)
    this.#seen++
    return this.#seen < this.blocks || Buffer.compare(this.#hash.digest(), this.#digest) === 0
  }
}
