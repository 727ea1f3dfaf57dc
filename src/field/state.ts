// All slots, after some round. The header commits to them: two nodes with the same header have the same slots.

import { ByteReader, ByteWriter, compareBytes, EncodingError, fromHex, toHex } from '../../fba/bytes.ts'
import { BUCKETS, FIELD_LIMITS, HASH_BYTES } from './limits.ts'
import { slotId } from './name.ts'
import type { SlotName } from './name.ts'
import { readLabel, readPeer, readValue, readWriters, writeValue, writeWriters } from './transaction.ts'
import type { Sha256, SlotValue, Writers } from './types.ts'

export interface SlotEntry {
  readonly name: SlotName
  readonly writers: Writers
  readonly value: SlotValue
  /** 1 when created, and one more with each change. */
  readonly version: number
  readonly changedRound: number
  /** When that round was closed, in milliseconds since the Unix epoch. */
  readonly changedAtMs: number
  /** Id of the transaction that changed it last, hexadecimal. */
  readonly changedBy: string
}

/** A batch that was tried lately: no transaction of it may be tried again. */
export interface TriedBatch {
  readonly closedAtMs: number
  /** SHA-256 of the batch. */
  readonly batch: Uint8Array
}

export interface FieldHeader {
  /** The round after which the state is this; 0 before the first. */
  readonly round: number
  readonly closedAtMs: number
  /** SHA-256 of the round's agreed value. */
  readonly valueHash: Uint8Array
  /** SHA-256 of each bucket, zeros for an empty one; slots lie in them by the first byte of their ids. */
  readonly buckets: readonly Uint8Array[]
  /** Batches closed within the longest life of a transaction, oldest first, without those that were empty. */
  readonly tried: readonly TriedBatch[]
}

const VERSION = 1
const EMPTY = new Uint8Array(HASH_BYTES)
/** Rounds within the longest life of a transaction: ten a second. */
const MAX_TRIED = 2048
const MAX_BUCKET_SLOTS = 16_384

export const GENESIS: FieldHeader = {
  round: 0,
  closedAtMs: 0,
  valueHash: EMPTY,
  buckets: Array.from({ length: BUCKETS }, () => EMPTY),
  tried: []
}

export const isEmptyBucket = (hash: Uint8Array): boolean => compareBytes(hash, EMPTY) === 0
export const bucketOf = (id: string): number => parseInt(id.slice(0, 2), 16)

export function encodeHeader({
  round,
  closedAtMs,
  valueHash,
  buckets,
  tried
}: FieldHeader): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u8(VERSION).u64(round).u64(closedAtMs).raw(valueHash)
  for (const hash of buckets) writer.raw(hash)
  writer.u32(tried.length)
  for (const { closedAtMs: at, batch } of tried) writer.u64(at).raw(batch)
  return writer.finish()
}

/** @throws EncodingError */
export function decodeHeader(bytes: Uint8Array): FieldHeader {
  const reader = new ByteReader(bytes, 'header of the field')
  if (reader.u8() !== VERSION) throw reader.error('unknown-type')
  const header = {
    round: reader.u64(),
    closedAtMs: reader.u64(),
    valueHash: reader.raw(HASH_BYTES).slice(),
    buckets: Array.from({ length: BUCKETS }, () => reader.raw(HASH_BYTES).slice()),
    tried: reader.list(MAX_TRIED, () => ({ closedAtMs: reader.u64(), batch: reader.raw(HASH_BYTES).slice() }))
  }
  reader.end()
  return header
}

/** The batches that the next round must not repeat. */
export function triedAfter(
  before: FieldHeader,
  closedAtMs: number,
  batch: TriedBatch | undefined
): TriedBatch[] {
  const tried = before.tried.filter((one) => one.closedAtMs > closedAtMs - FIELD_LIMITS.lifetimeMs)
  return batch === undefined ? tried : [...tried, batch]
}

/** No more rounds fit: the window is full. Waits until the oldest batch is out of it. */
export const isWindowFull = ({ tried }: FieldHeader): boolean => tried.length >= MAX_TRIED

export function encodeEntry(entry: SlotEntry): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().text(entry.name.owner).text(entry.name.label)
  writeValue(writeWriters(writer, entry.writers), entry.value)
  return writer
    .u64(entry.version)
    .u64(entry.changedRound)
    .u64(entry.changedAtMs)
    .raw(fromHex(entry.changedBy))
    .finish()
}

export function readEntry(reader: ByteReader): SlotEntry {
  const name = { owner: readPeer(reader), label: readLabel(reader) }
  const writers = readWriters(reader)
  return {
    name,
    writers,
    value: readValue(reader),
    version: reader.u64(),
    changedRound: reader.u64(),
    changedAtMs: reader.u64(),
    changedBy: toHex(reader.raw(HASH_BYTES))
  }
}

/** Entries of one bucket by their ids, which ascend. */
export function encodeBucket(entries: ReadonlyMap<string, SlotEntry>): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u8(VERSION).u32(entries.size)
  for (const id of [...entries.keys()].sort()) writer.raw(encodeEntry(entries.get(id)!))
  return writer.finish()
}

/** @throws EncodingError for anything but what `encodeBucket` writes for bucket number `bucket` */
export function decodeBucket(bytes: Uint8Array, bucket: number, sha256: Sha256): Map<string, SlotEntry> {
  const reader = new ByteReader(bytes, 'bucket of the field')
  if (reader.u8() !== VERSION) throw reader.error('unknown-type')
  const entries = reader.list(MAX_BUCKET_SLOTS, () => readEntry(reader))
  reader.end()
  const byId = new Map<string, SlotEntry>()
  let last = ''
  for (const entry of entries) {
    const id = slotId(entry.name, sha256)
    if (id <= last || bucketOf(id) !== bucket) throw new EncodingError('not-canonical', 'bucket of the field')
    byId.set((last = id), entry)
  }
  return byId
}

/** What a round changes: entries by id; undefined for a slot that is dropped. */
export type SlotChanges = ReadonlyMap<string, SlotEntry | undefined>

export class FieldState {
  readonly #sha256: Sha256
  readonly #buckets: Array<Map<string, SlotEntry>>
  readonly #bucketBytes: Uint8Array[]
  readonly #owned = new Map<string, number>()
  #bytes = 0
  #header: FieldHeader

  private constructor(sha256: Sha256, header: FieldHeader, bucketBytes: readonly Uint8Array[]) {
    this.#sha256 = sha256
    this.#header = header
    this.#bucketBytes = [...bucketBytes]
    this.#buckets = bucketBytes.map((bytes, bucket) =>
      bytes.length === 0 ? new Map<string, SlotEntry>() : decodeBucket(bytes, bucket, sha256)
    )
    for (const bucket of this.#buckets) {
      for (const { name } of bucket.values()) this.#count(name.owner, 1)
    }
    this.#bytes = bucketBytes.reduce((sum, { length }) => sum + length, 0)
  }

  static genesis(sha256: Sha256): FieldState {
    return new FieldState(
      sha256,
      GENESIS,
      Array.from({ length: BUCKETS }, () => new Uint8Array(0))
    )
  }

  /**
   * @param bucketBytes - of all buckets; empty for an empty one
   * @throws EncodingError when they are not what the header commits to
   */
  static from(sha256: Sha256, header: FieldHeader, bucketBytes: readonly Uint8Array[]): FieldState {
    for (const [i, hash] of header.buckets.entries()) {
      const bytes = bucketBytes[i]
      const isRight = bytes.length === 0 ? isEmptyBucket(hash) : compareBytes(sha256(bytes), hash) === 0
      if (!isRight) throw new EncodingError('not-canonical', 'bucket of the field')
    }
    return new FieldState(sha256, header, bucketBytes)
  }

  get header(): FieldHeader {
    return this.#header
  }

  /** SHA-256 of the header. */
  get hash(): Uint8Array {
    return this.#sha256(encodeHeader(this.#header))
  }

  get(id: string): SlotEntry | undefined {
    return this.#buckets[bucketOf(id)].get(id)
  }

  /** Encoded bytes of a bucket; empty for an empty one. */
  bucketBytes(bucket: number): Uint8Array {
    return this.#bucketBytes[bucket]
  }

  /** Encoded bytes of all slots. */
  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#buckets.reduce((sum, { size }) => sum + size, 0)
  }

  ownedBy(owner: string): number {
    return this.#owned.get(owner) ?? 0
  }

  *entries(): Generator<readonly [id: string, entry: SlotEntry]> {
    for (const bucket of this.#buckets) yield* bucket
  }

  /** Moves to the state after a round. @returns the buckets that changed */
  advance(header: Omit<FieldHeader, 'buckets'>, changes: SlotChanges): number[] {
    const dirty = new Set<number>()
    for (const [id, entry] of changes) {
      const bucket = this.#buckets[bucketOf(id)]
      const before = bucket.get(id)
      if (before !== undefined) this.#count(before.name.owner, -1)
      if (entry === undefined) bucket.delete(id)
      else {
        bucket.set(id, entry)
        this.#count(entry.name.owner, 1)
      }
      dirty.add(bucketOf(id))
    }
    const hashes = [...this.#header.buckets]
    for (const bucket of dirty) {
      const entries = this.#buckets[bucket]
      const bytes = entries.size === 0 ? new Uint8Array(0) : encodeBucket(entries)
      this.#bytes += bytes.length - this.#bucketBytes[bucket].length
      this.#bucketBytes[bucket] = bytes
      hashes[bucket] = bytes.length === 0 ? EMPTY : this.#sha256(bytes)
    }
    this.#header = { ...header, buckets: hashes }
    return [...dirty]
  }

  #count(owner: string, by: number): void {
    const count = this.ownedBy(owner) + by
    if (count === 0) this.#owned.delete(owner)
    else this.#owned.set(owner, count)
  }
}
