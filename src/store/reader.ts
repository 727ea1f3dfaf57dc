import { createHash } from 'node:crypto'
import { HASH_BYTES } from '../../encoder/merkle/merkle.ts'
import { errorCode, StoreError } from './errors.ts'
import { LEAF_RECORD_BYTES, LeafReader, leavesOf, readBlock, readLeaves } from './leaf-file.ts'
import { copiedEntry, readCopies, readTail, SUBTREE_LEAVES } from './leaf-tail.ts'
import type { ShardReader } from '../hologram/holdings.ts'
import type { BlockEntry } from './leaf-file.ts'
import type { SlotFiles } from './folder.ts'
import type { ShardRecord } from './records.ts'

export interface ReaderInit {
  readonly files: SlotFiles
  readonly record: ShardRecord
  /** Notes that a block is damaged. */
  readonly onBadBlock: (index: number) => Promise<void>
  /** Sets the whole shard aside: none of its blocks can be proved any more. */
  readonly onCorrupt: () => Promise<void>
  readonly onClose: (reader: Reader) => void
}

/** Reads a complete shard and verifies the hash of every block. A damaged block does not prevent reading the others. */
export class Reader implements ShardReader {
  readonly #init: ReaderInit
  readonly #entries: LeafReader
  #closing: Promise<void> | undefined

  constructor(init: ReaderInit) {
    this.#init = init
    this.#entries = new LeafReader(init.files.leaves)
  }

  get blocks(): number {
    return this.#init.record.blocks
  }

  async read(index: number, options: { signal?: AbortSignal } = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted()
    this.#assertOpen()
    if (!Number.isInteger(index) || index < 0 || index >= this.blocks) {
      throw new RangeError(`The shard has ${this.blocks} blocks; there is no block ${index}.`)
    }
    const block =
      (await this.#readAt(async () => await this.#entries.entry(index))) ??
      (await this.#readAt(async () => await this.#copiedEntry(index)))
    options.signal?.throwIfAborted()
    if (block !== undefined) return block
    await this.#init.onBadBlock(index)
    throw new StoreError('CORRUPT', `Block ${index} is no longer what was stored; put the shard again.`)
  }

  async leaves(): Promise<Uint8Array> {
    this.#assertOpen()
    const { files, record } = this.#init
    const leaves = await this.#orDamaged(async () => await readAll(readLeaves(files.leaves, this.blocks)))
    if (leaves !== undefined && isDigest(leaves, record.leavesDigest)) return leaves
    const mended = await this.#orDamaged(async () => await this.#leavesWithCopies())
    if (mended !== undefined && isDigest(mended, record.leavesDigest)) return mended
    await this.#init.onCorrupt()
    throw new StoreError('CORRUPT', 'The leaf hashes are no longer what was stored; the shard is set aside.')
  }

  async leafRange(first: number, count: number, { copy = false } = {}): Promise<Uint8Array> {
    this.#assertOpen()
    const records = Buffer.alloc(count * LEAF_RECORD_BYTES)
    await this.#orDamaged(async () => await this.#init.files.leaves.read(records, first * LEAF_RECORD_BYTES))
    const leaves = leavesOf(records)
    if (!copy) return leaves
    const copies = await this.#orDamaged(async () => await this.#copies(first, count))
    copies?.forEach((record, i) => record && leaves.set(record.subarray(0, HASH_BYTES), i * HASH_BYTES))
    return leaves
  }

  async subtreeRoots(): Promise<Uint8Array | undefined> {
    this.#assertOpen()
    if (this.#init.record.tailBytes === 0) return undefined
    const tail = await this.#orDamaged(async () => await readTail(this.#init.files.leaves))
    return tail?.subtreeRoots
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close()
    await this.#closing
  }

  async #close(): Promise<void> {
    this.#init.onClose(this)
    await Promise.all([this.#init.files.blocks.close(), this.#init.files.leaves.close()])
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new StoreError('CLOSED', 'The shard reader has been closed.')
  }

  async #readAt(find: () => Promise<BlockEntry | undefined>): Promise<Uint8Array | undefined> {
    return await this.#orDamaged(async () => {
      const entry = await find()
      return entry && (await readBlock(this.#init.files.blocks, entry))
    })
  }

  async #copiedEntry(index: number): Promise<BlockEntry | undefined> {
    const { files, record } = this.#init
    return record.tailBytes === 0 ? undefined : await copiedEntry(files.leaves, record.blocks, index)
  }

  async #copies(first: number, count: number): Promise<Array<Buffer | undefined>> {
    const { files, record } = this.#init
    return record.tailBytes === 0 ? [] : await readCopies(files.leaves, record.blocks, first, count)
  }

  /** The leaf hashes, from the second copies of the records where these are intact. */
  async #leavesWithCopies(): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    for (let first = 0; first < this.blocks; first += SUBTREE_LEAVES) {
      parts.push(await this.leafRange(first, Math.min(SUBTREE_LEAVES, this.blocks - first), { copy: true }))
    }
    return Buffer.concat(parts)
  }

  /** Undefined if the disk cannot read the bytes. */
  async #orDamaged<T>(read: () => Promise<T | undefined>): Promise<T | undefined> {
    try {
      return await read()
    } catch (error) {
      this.#assertOpen()
      if (errorCode(error) === 'EIO') return undefined
      throw error
    }
  }
}

async function readAll(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const part of parts) all.push(part)
  return Buffer.concat(all)
}

const isDigest = (bytes: Uint8Array, digest: Uint8Array): boolean =>
  Buffer.compare(createHash('sha256').update(bytes).digest(), digest) === 0
