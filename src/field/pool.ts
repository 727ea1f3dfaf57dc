import { FIELD_LIMITS } from './limits.ts'
import type { SignedTransaction } from './types.ts'

/** Why a transaction was not taken. */
export type PoolProblem = 'full' | 'author-full' | 'expired' | 'too-long-lived'

/** Transactions that wait for a round. Bounded, and each author's part of it too. */
export class Pool {
  readonly #waiting = new Map<string, SignedTransaction>()
  readonly #authors = new Map<string, { count: number; bytes: number }>()
  #bytes = 0

  get size(): number {
    return this.#waiting.size
  }

  has(id: string): boolean {
    return this.#waiting.has(id)
  }

  /** @param nowMs - by this node's clock; a round's own time decides in the end */
  add(signed: SignedTransaction, nowMs: number): PoolProblem | undefined {
    const { id, transaction, bytes } = signed
    if (this.#waiting.has(id)) return undefined
    if (transaction.expiresAtMs <= nowMs - FIELD_LIMITS.clockAheadMs) return 'expired'
    if (transaction.expiresAtMs > nowMs + FIELD_LIMITS.lifetimeMs + FIELD_LIMITS.clockAheadMs)
      return 'too-long-lived'
    const author = this.#authors.get(transaction.author) ?? { count: 0, bytes: 0 }
    const isFull =
      this.#waiting.size >= FIELD_LIMITS.pending || this.#bytes + bytes.length > FIELD_LIMITS.pendingBytes
    if (isFull) return 'full'
    const isAuthorFull =
      author.count >= FIELD_LIMITS.pendingPerAuthor ||
      author.bytes + bytes.length > FIELD_LIMITS.pendingBytesPerAuthor
    if (isAuthorFull) return 'author-full'
    this.#authors.set(transaction.author, {
      count: author.count + 1,
      bytes: author.bytes + bytes.length
    })
    this.#waiting.set(id, signed)
    this.#bytes += bytes.length
    return undefined
  }

  remove(id: string): void {
    const signed = this.#waiting.get(id)
    if (signed === undefined) return
    this.#waiting.delete(id)
    this.#bytes -= signed.bytes.length
    const { author } = signed.transaction
    const { count, bytes } = this.#authors.get(author)!
    if (count === 1) this.#authors.delete(author)
    else this.#authors.set(author, { count: count - 1, bytes: bytes - signed.bytes.length })
  }

  /** Drops what no round can take any more. */
  expire(nowMs: number): void {
    for (const [id, { transaction }] of this.#waiting) {
      if (transaction.expiresAtMs <= nowMs - FIELD_LIMITS.clockAheadMs) this.remove(id)
    }
  }

  /** Those that wait, the longest first. */
  *[Symbol.iterator](): Generator<SignedTransaction> {
    yield* this.#waiting.values()
  }
}
