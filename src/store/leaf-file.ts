// The `.leaves` file of a shard: 40 bytes per block, its leaf hash (RFC 9162) and its end offset in the `.blocks` file.
// The last block of a layer may be shorter; the offsets locate any block with one read.
import { createHash } from 'node:crypto'
import { HASH_BYTES, leafHash } from '../../encoder/merkle/merkle.ts'
import type { Hash } from 'node:crypto'
import type { DiskFile } from './disk.ts'
import type { SlotFiles } from './folder.ts'

export const LEAF_RECORD_BYTES = HASH_BYTES + 8
/** Records read at a time: about 40 KiB. */
const RECORDS_PER_READ = 1024

/** The position and the expected leaf hash of a block. */
export interface BlockEntry {
  readonly leaf: Uint8Array
  readonly start: number
  readonly end: number
}

export function encodeLeafRecord(leaf: Uint8Array, end: number): Uint8Array {
  if (leaf.length !== HASH_BYTES)
    throw new RangeError(`A leaf hash has ${HASH_BYTES} bytes, not ${leaf.length}.`)
  const record = Buffer.alloc(LEAF_RECORD_BYTES)
  record.set(leaf)
  record.writeBigUInt64BE(BigInt(end), HASH_BYTES)
  return record
}

/** The leaf hashes, 32 bytes each, of complete records. */
export function leavesOf(records: Uint8Array): Uint8Array {
  const count = Math.floor(records.length / LEAF_RECORD_BYTES)
  const leaves = new Uint8Array(count * HASH_BYTES)
  for (let i = 0; i < count; i++) {
    leaves.set(records.subarray(i * LEAF_RECORD_BYTES, i * LEAF_RECORD_BYTES + HASH_BYTES), i * HASH_BYTES)
  }
  return leaves
}

/** Reads entries one by one, in any order. One read of the file serves neighbouring entries. */
export class LeafReader {
  readonly #file: DiskFile
  /** Records from `#first` on, preceded by one more record: it gives the start of the first block. */
  #window = Buffer.alloc(0)
  #first = 0

  constructor(file: DiskFile) {
    this.#file = file
  }

  /** Undefined if the file has no such record. */
  async entry(index: number): Promise<BlockEntry | undefined> {
    return this.#inWindow(index) ?? (await this.#load(index))
  }

  async #load(index: number): Promise<BlockEntry | undefined> {
    const first = Math.max(0, index - 1)
    const window = Buffer.alloc(RECORDS_PER_READ * LEAF_RECORD_BYTES)
    const length = await this.#file.read(window, first * LEAF_RECORD_BYTES)
    this.#window = window.subarray(0, length)
    this.#first = first
    return this.#inWindow(index)
  }

  #inWindow(index: number): BlockEntry | undefined {
    const at = (index - this.#first) * LEAF_RECORD_BYTES
    const before = index === 0 ? 0 : at - LEAF_RECORD_BYTES
    if (before < 0 || at < 0 || at + LEAF_RECORD_BYTES > this.#window.length) return undefined
    const endAt = (recordAt: number): number => Number(this.#window.readBigUInt64BE(recordAt + HASH_BYTES))
    return {
      leaf: this.#window.subarray(at, at + HASH_BYTES),
      start: index === 0 ? 0 : endAt(before),
      end: endAt(at)
    }
  }
}

/** The leaf hashes of the first `count` blocks, in pieces. */
export async function* readLeaves(file: DiskFile, count: number): AsyncGenerator<Uint8Array> {
  for (let first = 0; first < count; first += RECORDS_PER_READ) {
    const records = new Uint8Array(Math.min(RECORDS_PER_READ, count - first) * LEAF_RECORD_BYTES)
    const length = await file.read(records, first * LEAF_RECORD_BYTES)
    yield leavesOf(records.subarray(0, length))
  }
}

export interface Extent {
  readonly blocks: number
  readonly dataBytes: number
}

/**
 * The longest prefix of good blocks. The first `trusted` blocks were synced and are not checked. Later blocks may be torn,
 * or zeros that the system never overwrote; each of them is hashed.
 *
 * @param options.limit - maximum blocks to examine
 * @throws the signal's reason, as soon as the signal fires
 */
export async function soundExtent(
  files: SlotFiles,
  trusted: number,
  { limit = Infinity, signal }: { limit?: number; signal?: AbortSignal } = {}
): Promise<Extent> {
  const [leavesSize, dataSize] = [await files.leaves.size(), await files.blocks.size()]
  const reader = new LeafReader(files.leaves)
  const last = trusted === 0 ? undefined : await reader.entry(trusted - 1)
  // The files are shorter than what was synced: something truncated them. Check every block.
  if (trusted > 0 && (last === undefined || last.end > dataSize))
    return await soundExtent(files, 0, { limit, signal })
  let extent: Extent = { blocks: trusted, dataBytes: last?.end ?? 0 }
  while (extent.blocks < limit && (extent.blocks + 1) * LEAF_RECORD_BYTES <= leavesSize) {
    signal?.throwIfAborted()
    const entry = await reader.entry(extent.blocks)
    if (entry === undefined || entry.end <= entry.start || entry.end > dataSize) break
    const block = await readBlock(files.blocks, entry)
    if (block === undefined) break
    extent = { blocks: extent.blocks + 1, dataBytes: entry.end }
  }
  return extent
}

/** No block is larger than this; a record that says so is damaged. */
export const MAX_STORED_BLOCK_BYTES = 16 * 1024 * 1024

/** The bytes of a block, or undefined if they do not match its leaf hash. */
export async function readBlock(
  file: DiskFile,
  { leaf, start, end }: BlockEntry
): Promise<Uint8Array | undefined> {
  if (end <= start || end - start > MAX_STORED_BLOCK_BYTES) return undefined
  const block = Buffer.allocUnsafeSlow(end - start)
  const length = await file.read(block, start)
  return length === block.length && Buffer.compare(leafHash(block), leaf) === 0 ? block : undefined
}

/** A running SHA-256 over the leaf hashes of the first `count` blocks. */
export async function hashLeaves(file: DiskFile, count: number): Promise<Hash> {
  const hash = createHash('sha256')
  for await (const leaves of readLeaves(file, count)) hash.update(leaves)
  return hash
}
