import { createHash } from 'node:crypto'
import { errorCode, StoreError } from './errors.ts'
import { LeafReader, readBlock, readLeaves } from './leaf-file.ts'
import type { ShardReader } from '../hologram/holdings.ts'
import type { SlotFiles } from './folder.ts'
import type { ShardRecord } from './records.ts'

export interface ReaderInit {
  readonly files: SlotFiles
  readonly record: ShardRecord
  /** Sets the shard aside. */
  readonly onCorrupt: () => Promise<void>
  readonly onClose: (reader: Reader) => void
}

/** Reads a whole shard and believes nothing that it has not hashed. */
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
    const block = await this.#orDamaged(async () => {
      const entry = await this.#entries.entry(index)
      return entry && (await readBlock(this.#init.files.blocks, entry))
    })
    options.signal?.throwIfAborted()
    return block ?? (await this.#setAside(`Block ${index}`))
  }

  async leaves(): Promise<Uint8Array> {
    this.#assertOpen()
    const leaves = await this.#orDamaged(async () => {
      const parts: Uint8Array[] = []
      for await (const part of readLeaves(this.#init.files.leaves, this.blocks)) parts.push(part)
      return Buffer.concat(parts)
    })
    const digest = leaves && createHash('sha256').update(leaves).digest()
    const sound = digest !== undefined && Buffer.compare(digest, this.#init.record.leavesDigest) === 0
    return sound ? leaves! : await this.#setAside('The list of leaf hashes')
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

  /** Undefined when the disk cannot give the bytes back. */
  async #orDamaged(read: () => Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
    try {
      return await read()
    } catch (error) {
      this.#assertOpen()
      if (errorCode(error) === 'EIO') return undefined
      throw error
    }
  }

  async #setAside(what: string): Promise<never> {
    await this.#init.onCorrupt()
    throw new StoreError('CORRUPT', `${what} is no longer what was stored; the shard has been set aside.`)
  }
}
