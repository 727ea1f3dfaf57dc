// Whatever a hash on the wire may stand for: transactions, batches, headers and buckets. Each travels behind a byte that
// says which it is, and counts for what it hashes to.

import { EncodingError, toHex } from '../../fba/bytes.ts'
import { FIELD_LIMITS, ROUNDS_KEPT } from './limits.ts'
import { decodeBatch } from './round-value.ts'
import { decodeHeader } from './state.ts'
import type { FieldHeader } from './state.ts'
import { verifyTransaction } from './transaction.ts'
import type { TransactionVerifier } from './transaction.ts'
import type { SignedTransaction } from './types.ts'

const TRANSACTION = 1
const BATCH = 2
const HEADER = 3
const BUCKET = 4
/** Batches kept that no round has decided: each validator may propose a few. */
const MAX_LOOSE_BATCHES = 512
/** Batches of the header's window. */
const MAX_WINDOW = 2048
/** Replaced buckets and headers, kept for peers that are catching up. */
const MAX_OLD_BYTES = 32 * 1024 * 1024

export type TakenPayload =
  | { readonly kind: 'transaction'; readonly hash: string; readonly signed: SignedTransaction }
  | { readonly kind: 'batch' | 'header' | 'bucket'; readonly hash: string }
  | undefined

export class Payloads {
  readonly #verifier: TransactionVerifier
  readonly #transactions = new Map<string, SignedTransaction>()
  readonly #batches = new Map<string, { readonly bytes: Uint8Array; readonly ids: readonly string[] }>()
  readonly #headers = new Map<string, { readonly bytes: Uint8Array; readonly header: FieldHeader }>()
  readonly #buckets = new Map<string, Uint8Array>()
  /** Round in which a header or a bucket was replaced, oldest first. */
  readonly #replaced = new Map<string, number>()
  #replacedBytes = 0
  /** What has come since the last call of `retain`. */
  readonly #fresh = new Set<string>()

  constructor(verifier: TransactionVerifier) {
    this.#verifier = verifier
  }

  transaction(id: string): SignedTransaction | undefined {
    return this.#transactions.get(id)
  }

  addTransaction(signed: SignedTransaction): void {
    if (!this.#transactions.has(signed.id)) this.#fresh.add(signed.id)
    this.#transactions.set(signed.id, signed)
  }

  /** Ids of a batch, ascending. */
  batch(hash: string): readonly string[] | undefined {
    return this.#batches.get(hash)?.ids
  }

  batchBytes(hash: string): Uint8Array | undefined {
    return this.#batches.get(hash)?.bytes
  }

  /** @returns its hash @throws EncodingError */
  addBatch(bytes: Uint8Array): Uint8Array {
    const hash = this.#verifier.sha256(bytes)
    const key = toHex(hash)
    if (!this.#batches.has(key)) {
      const ids = decodeBatch(bytes)
      // The oldest goes; a slot that still wants it asks for it again.
      if (this.#batches.size >= MAX_LOOSE_BATCHES + MAX_WINDOW) {
        this.#batches.delete(this.#batches.keys().next().value!)
      }
      this.#batches.set(key, { bytes, ids })
      this.#fresh.add(key)
    }
    return hash
  }

  header(hash: string): FieldHeader | undefined {
    return this.#headers.get(hash)?.header
  }

  addHeader(hash: string, bytes: Uint8Array, header: FieldHeader): void {
    this.#headers.set(hash, { bytes, header })
  }

  bucket(hash: string): Uint8Array | undefined {
    return this.#buckets.get(hash)
  }

  addBucket(hash: string, bytes: Uint8Array): void {
    this.#buckets.set(hash, bytes)
  }

  /** For a peer that asks. */
  wire(hash: string): Uint8Array | undefined {
    const signed = this.#transactions.get(hash)
    if (signed !== undefined) return tagged(TRANSACTION, signed.bytes)
    const batch = this.#batches.get(hash)
    if (batch !== undefined) return tagged(BATCH, batch.bytes)
    const header = this.#headers.get(hash)
    if (header !== undefined) return tagged(HEADER, header.bytes)
    const bucket = this.#buckets.get(hash)
    return bucket && tagged(BUCKET, bucket)
  }

  /**
   * Takes what a peer sent. Nothing is kept that was not asked for, so that nobody fills this node with what he likes.
   *
   * @returns undefined for bytes that are nothing of this room, or that nobody wants
   */
  take(bytes: Uint8Array, isWanted: (hash: string) => boolean): TakenPayload {
    const body = bytes.subarray(1)
    try {
      if (bytes[0] === TRANSACTION) {
        const signed = verifyTransaction(body, this.#verifier)
        return signed && { kind: 'transaction', hash: signed.id, signed }
      }
      const hash = toHex(this.#verifier.sha256(body))
      if (!isWanted(hash)) return undefined
      switch (bytes[0]) {
        case BATCH:
          this.addBatch(body.slice())
          return { kind: 'batch', hash }
        case HEADER:
          this.addHeader(hash, body.slice(), decodeHeader(body))
          return { kind: 'header', hash }
        case BUCKET:
          if (body.length > FIELD_LIMITS.bucketBytes) return undefined
          this.addBucket(hash, body.slice())
          return { kind: 'bucket', hash }
        default:
          return undefined
      }
    } catch (error) {
      if (error instanceof EncodingError) return undefined
      throw error
    }
  }

  /** A header or a bucket is no longer of the newest state: it goes after some rounds, or when there is too much of it. */
  replaced(hash: string, round: number): void {
    if (!this.#headers.has(hash) && !this.#buckets.has(hash)) return
    this.#replacedBytes += this.#lengthOf(hash)
    this.#replaced.set(hash, round)
    for (const [old, at] of this.#replaced) {
      if (at > round - ROUNDS_KEPT && this.#replacedBytes <= MAX_OLD_BYTES) break
      this.#replaced.delete(old)
      this.#replacedBytes -= this.#lengthOf(old)
      this.#headers.delete(old)
      this.#buckets.delete(old)
    }
  }

  /** A bucket has come back to contents that it had before. */
  inForce(hash: string): void {
    if (this.#replaced.delete(hash)) this.#replacedBytes -= this.#lengthOf(hash)
  }

  /** Drops parts of states that are not of the one in force. */
  forgetStrays(inForce: ReadonlySet<string>): void {
    for (const hash of this.#headers.keys()) if (!inForce.has(hash)) this.#headers.delete(hash)
    for (const hash of this.#buckets.keys()) if (!inForce.has(hash)) this.#buckets.delete(hash)
    this.#replaced.clear()
    this.#replacedBytes = 0
  }

  /**
   * Drops batches that `keepsBatch` does not want, and transactions that neither those nor `keeps` want. What has come since
   * the last call stays: it may be for the round that others are at already.
   */
  retain(keepsBatch: (hash: string) => boolean, keeps: (id: string) => boolean): void {
    const named = new Set<string>()
    for (const [hash, { ids }] of this.#batches) {
      if (!keepsBatch(hash) && !this.#fresh.has(hash)) this.#batches.delete(hash)
      else if (this.#fresh.has(hash)) for (const id of ids) named.add(id)
    }
    for (const id of this.#transactions.keys()) {
      if (!keeps(id) && !named.has(id) && !this.#fresh.has(id)) this.#transactions.delete(id)
    }
    this.#fresh.clear()
  }

  #lengthOf(hash: string): number {
    return this.#headers.get(hash)?.bytes.length ?? this.#buckets.get(hash)?.length ?? 0
  }
}

function tagged(tag: number, bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length + 1)
  out[0] = tag
  out.set(bytes, 1)
  return out
}
