// All slots, after some round. The header commits to them: two nodes with the same header have the same slots.

import { ByteReader, ByteWriter, compareBytes, EncodingError, fromHex, toHex } from '../../fba/bytes.ts'
import { BUCKETS, FIELD_LIMITS, HASH_BYTES } from './limits.ts'
import { slotId } from './name.ts'
import type { SlotName } from './name.ts'
import { NO_HISTORY } from './slot-log.ts'
import {
  readLabel,
  readPeer,
  readStoredValue,
  readWriters,
  writeStoredValue,
  writeWriters
} from './transaction.ts'
import type { Sha256, SlotValue, StoredValue, Writers } from './types.ts'

/** A slot as the state holds it; what was removed stays for a while, so that its versions do not begin again. */
export interface StoredEntry {
  readonly name: SlotName
  readonly writers: Writers
  readonly value: StoredValue
  /** 1 when created, and one more with each change. */
  readonly version: number
  readonly changedRound: number
  /** When that round was closed, in milliseconds since the Unix epoch. */
  readonly changedAtMs: number
  /** Id of the transaction that changed it last, hexadecimal. */
  readonly changedBy: string
  /** Hash of the chain over all changes of the slot, hexadecimal: see `extendHistory`. */
  readonly history: string
}

/** A slot that is there. */
export interface SlotEntry extends StoredEntry {
  readonly value: SlotValue
}

/** @returns undefined for one that was removed */
export const liveEntry = (entry: StoredEntry | undefined): SlotEntry | undefined =>
  entry === undefined || entry.value.kind === 'removed' ? undefined : { ...entry, value: entry.value }

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
const BUCKET_VERSION = 2
/** Of slots without a chain over their changes. */
const UNCHAINED_BUCKET_VERSION = 1
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

export function encodeEntry(entry: StoredEntry): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().text(entry.name.owner).text(entry.name.label)
  writeStoredValue(writeWriters(writer, entry.writers), entry.value)
  return writer
    .u64(entry.version)
    .u64(entry.changedRound)
    .u64(entry.changedAtMs)
    .raw(fromHex(entry.changedBy))
    .raw(fromHex(entry.history))
    .finish()
}

function readEntry(reader: ByteReader, isChained: boolean): StoredEntry {
  const name = { owner: readPeer(reader), label: readLabel(reader) }
  const writers = readWriters(reader)
  return {
    name,
    writers,
    value: readStoredValue(reader),
    version: reader.u64(),
    changedRound: reader.u64(),
    changedAtMs: reader.u64(),
    changedBy: toHex(reader.raw(HASH_BYTES)),
    history: isChained ? toHex(reader.raw(HASH_BYTES)) : NO_HISTORY
  }
}

/** Entries of one bucket by their ids, which ascend. */
export function encodeBucket(entries: ReadonlyMap<string, StoredEntry>): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u8(BUCKET_VERSION).u32(entries.size)
  for (const id of [...entries.keys()].sort()) writer.raw(encodeEntry(entries.get(id)!))
  return writer.finish()
}

/** @throws EncodingError for anything but what `encodeBucket` writes, or wrote before, for bucket number `bucket` */
export function decodeBucket(bytes: Uint8Array, bucket: number, sha256: Sha256): Map<string, StoredEntry> {
  const reader = new ByteReader(bytes, 'bucket of the field')
  const version = reader.u8()
  if (version !== BUCKET_VERSION && version !== UNCHAINED_BUCKET_VERSION) throw reader.error('unknown-type')
  const entries = reader.list(MAX_BUCKET_SLOTS, () => readEntry(reader, version === BUCKET_VERSION))
  reader.end()
  const byId = new Map<string, StoredEntry>()
  let last = ''
  for (const entry of entries) {
    const id = slotId(entry.name, sha256)
    if (id <= last || bucketOf(id) !== bucket) throw new EncodingError('not-canonical', 'bucket of the field')
    byId.set((last = id), entry)
  }
  return byId
}

/** What a round changes: entries by id; undefined for a slot that is dropped. */
export type SlotChanges = ReadonlyMap<string, StoredEntry | undefined>

export class FieldState {
  readonly #sha256: Sha256
  readonly #buckets: Array<Map<string, StoredEntry>>
  readonly #bucketBytes: Uint8Array[]
  readonly #owned = new Map<string, number>()
  #bytes = 0
  #removed = 0
  #header: FieldHeader

  private constructor(sha256: Sha256, header: FieldHeader, bucketBytes: readonly Uint8Array[]) {
    this.#sha256 = sha256
    this.#header = header
    this.#bucketBytes = [...bucketBytes]
    this.#buckets = bucketBytes.map((bytes, bucket) =>
      bytes.length === 0 ? new Map<string, StoredEntry>() : decodeBucket(bytes, bucket, sha256)
    )
    for (const bucket of this.#buckets) {
      for (const entry of bucket.values()) this.#count(entry, 1)
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

  /** What is there of a slot, also if it was removed. */
  get(id: string): StoredEntry | undefined {
    return this.#buckets[bucketOf(id)].get(id)
  }

  /** Encoded bytes of a bucket; empty for an empty one. */
  bucketBytes(bucket: number): Uint8Array {
    return this.#bucketBytes[bucket]
  }

  /** Bytes of a bucket once it is encoded anew: earlier versions wrote shorter entries. */
  bucketLength(bucket: number): number {
    const bytes = this.#bucketBytes[bucket]
    const isUnchained = bytes[0] === UNCHAINED_BUCKET_VERSION
    return bytes.length + (isUnchained ? this.#buckets[bucket].size * HASH_BYTES : 0)
  }

  /** Encoded bytes of all slots. */
  get bytes(): number {
    return this.#bytes
  }

  /** Slots that are there. */
  get size(): number {
    return this.#buckets.reduce((sum, { size }) => sum + size, -this.#removed)
  }

  ownedBy(owner: string): number {
    return this.#owned.get(owner) ?? 0
  }

  *entries(): Generator<readonly [id: string, entry: StoredEntry]> {
    for (const bucket of this.#buckets) yield* bucket
  }

  /** Moves to the state after a round. @returns the buckets that changed */
  advance(header: Omit<FieldHeader, 'buckets'>, changes: SlotChanges): number[] {
    const dirty = new Set<number>()
    for (const [id, entry] of changes) {
      const bucket = this.#buckets[bucketOf(id)]
      const before = bucket.get(id)
      if (before !== undefined) this.#count(before, -1)
      if (entry === undefined) bucket.delete(id)
      else {
        bucket.set(id, entry)
        this.#count(entry, 1)
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

  #count({ name: { owner }, value }: StoredEntry, by: number): void {
    if (value.kind === 'removed') this.#removed += by
    const count = this.ownedBy(owner) + by
    if (count === 0) this.#owned.delete(owner)
    else this.#owned.set(owner, count)
  }
}
