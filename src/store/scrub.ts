import { mergeRanges, noteBadBlocks, type BlockRange } from './bad-blocks.ts'
import { getIntact } from './entries.ts'
import { errorCode } from './errors.ts'
import { LEAF_RECORD_BYTES, LeafReader, readBlock, readLeaves, type BlockEntry } from './leaf-file.ts'
import { copiedEntry, readCopies, readTail, SUBTREE_LEAVES, tailBytesOf, writeTail } from './leaf-tail.ts'
import { decodeShard, encodeShard, KIND, kindKey, objectKey, parseShardKey, shardKey } from './records.ts'
import { createHash } from 'node:crypto'
import type { CID } from 'multiformats/cid'
import type { SlotFiles } from './folder.ts'
import type { StoreParts } from './parts.ts'
import type { ShardRecord } from './records.ts'

export interface ScrubOptions {
  readonly signal?: AbortSignal
  /** Called after each shard. */
  readonly onProgress?: (progress: ScrubReport) => void
  /** Maximum read rate. @default no limit */
  readonly bytesPerSecond?: number
  /** Fraction of the shards, in the order of their ids, at which the scrub starts: 0 to 1. @default 0 */
  readonly startAt?: number
}

/** What the scrub has checked and found. */
export interface ScrubReport {
  readonly shards: number
  readonly blocks: number
  readonly bytes: number
  readonly badBlocks: number
  /** Shards with damaged blocks or missing files. */
  readonly damagedShards: number
  /** Shards whose tail was rewritten. */
  readonly mendedShards: number
}

type Tally = { -readonly [K in keyof ScrubReport]: ScrubReport[K] }

export interface ScrubParts {
  readonly parts: StoreParts
  /** Removes a shard from the index if its files are missing or it has too many bad blocks. */
  readonly setAside: (cid: CID, shard: number, record: ShardRecord) => Promise<void>
}

/**
 * Reads every block of every shard and every entry of the index, to find damage before a reader does. Marks damaged
 * blocks, removes the marks of blocks that are good again, and restores leaf records from their copies.
 *
 * @throws the signal's reason, as soon as the signal fires
 */
export async function scrub(scrubParts: ScrubParts, options: ScrubOptions): Promise<ScrubReport> {
  const { parts } = scrubParts
  const tally: Tally = { shards: 0, blocks: 0, bytes: 0, badBlocks: 0, damagedShards: 0, mendedShards: 0 }
  const pass = new Pass(scrubParts, options, tally)
  for (const key of await keysFrom(parts, options.startAt ?? 0)) {
    options.signal?.throwIfAborted()
    await pass.look(key)
    options.onProgress?.({ ...tally })
  }
  // Reading an entry restores it if it is damaged, or counts it if that fails.
  for (const kind of Object.values(KIND)) {
    options.signal?.throwIfAborted()
    await parts.database.storedBytesUnder(kindKey(kind))
  }
  return tally
}

async function keysFrom({ database }: StoreParts, startAt: number): Promise<Uint8Array[]> {
  const keys: Uint8Array[] = []
  for await (const key of database.keys(kindKey(KIND.shard))) keys.push(key)
  const first = Math.floor(startAt * keys.length)
  return [...keys.slice(first), ...keys.slice(0, first)]
}

/** One pass over the shards. */
class Pass {
  readonly #parts: StoreParts
  readonly #setAside: ScrubParts['setAside']
  readonly #options: ScrubOptions
  readonly #tally: Tally
  readonly #startedMs: number

  constructor({ parts, setAside }: ScrubParts, options: ScrubOptions, tally: Tally) {
    this.#parts = parts
    this.#setAside = setAside
    this.#options = options
    this.#tally = tally
    this.#startedMs = parts.clock.monotonicMs()
  }

  /** Checks one shard. Ignores a shard that is removed or replaced meanwhile. */
  async look(key: Uint8Array): Promise<void> {
    const value = await getIntact(this.#parts, key)
    if (value === undefined) return
    const { cid, shard } = parseShardKey(key)
    const record = decodeShard(value)
    const files = await this.#parts.folder.openSlot('shards', record.slot, 'update')
    if (files === undefined) return await this.#missing(cid, shard, record)
    try {
      const bad = await this.#findBad(files, record)
      await this.#note(cid, shard, record, bad)
      if (await this.#mend(files, cid, shard, record)) this.#tally.mendedShards++
    } finally {
      await Promise.all([files.blocks.close(), files.leaves.close()])
    }
    this.#tally.shards++
  }

  async #missing(cid: CID, shard: number, record: ShardRecord): Promise<void> {
    const current = await getIntact(this.#parts, shardKey(cid, shard))
    if (current === undefined || Buffer.compare(decodeShard(current).slot, record.slot) !== 0) return
    this.#tally.damagedShards++
    await this.#setAside(cid, shard, record)
  }

  async #findBad(files: SlotFiles, { blocks }: ShardRecord): Promise<BlockRange[]> {
    const reader = new LeafReader(files.leaves)
    const bad: BlockRange[] = []
    for (let index = 0; index < blocks; index++) {
      this.#options.signal?.throwIfAborted()
      const block =
        (await read(files, await orUnreadable(async () => await reader.entry(index)))) ??
        (await read(files, await orUnreadable(async () => await copiedEntry(files.leaves, blocks, index))))
      if (block === undefined) bad.push({ first: index, end: index + 1 })
      this.#tally.blocks++
      await this.#pace(block?.byteLength ?? 0)
    }
    return mergeRanges(bad)
  }

  async #pace(bytes: number): Promise<void> {
    this.#tally.bytes += bytes
    const { bytesPerSecond, signal } = this.#options
    const { clock } = this.#parts
    if (bytesPerSecond === undefined) return
    const dueMs = this.#startedMs + (this.#tally.bytes / bytesPerSecond) * 1000
    const aheadMs = dueMs - clock.monotonicMs()
    if (aheadMs > 0) await clock.sleep(aheadMs, signal)
  }

  async #note(cid: CID, shard: number, record: ShardRecord, bad: readonly BlockRange[]): Promise<void> {
    const count = bad.reduce((sum, { first, end }) => sum + end - first, 0)
    const isNoted = await this.#parts.locks.run(cid.toString(), async () => {
      return await noteBadBlocks(this.#parts, cid, shard, record, bad)
    })
    if (!isNoted) await this.#setAside(cid, shard, record)
    if (count === 0) return
    this.#tally.badBlocks += count
    this.#tally.damagedShards++
    this.#parts.logger.warn('damaged blocks found', { cid: cid.toString(), shard, blocks: count })
  }

  /** Restores damaged records from the tail, or a damaged tail from the records. @returns whether the tail was written */
  async #mend(files: SlotFiles, cid: CID, shard: number, record: ShardRecord): Promise<boolean> {
    if (record.tailBytes > 0) await this.#mendRecords(files, record)
    const isWhole = await hasDigest(files, record)
    if (!isWhole || (record.tailBytes > 0 && (await isTailWhole(files, record)))) return false
    return await this.#parts.locks.run(cid.toString(), async () => {
      return await this.#writeTail(files, cid, shard, record)
    })
  }

  async #mendRecords({ leaves }: SlotFiles, { blocks }: ShardRecord): Promise<void> {
    for (let first = 0; first < blocks; first += SUBTREE_LEAVES) {
      const count = Math.min(SUBTREE_LEAVES, blocks - first)
      const copies = await readCopies(leaves, blocks, first, count)
      const records = Buffer.alloc(count * LEAF_RECORD_BYTES)
      await leaves.read(records, first * LEAF_RECORD_BYTES)
      for (const [i, copy] of copies.entries()) {
        const at = i * LEAF_RECORD_BYTES
        if (copy === undefined || copy.equals(records.subarray(at, at + LEAF_RECORD_BYTES))) continue
        await leaves.write(copy, (first + i) * LEAF_RECORD_BYTES)
      }
    }
    await leaves.sync()
  }

  /** The caller holds the object's lock. Shards of version 0.1 get their tail here. */
  async #writeTail({ leaves }: SlotFiles, cid: CID, shard: number, record: ShardRecord): Promise<boolean> {
    const { database, space } = this.#parts
    const key = shardKey(cid, shard)
    const current = await getIntact(this.#parts, key)
    const manifest = await getIntact(this.#parts, objectKey(KIND.manifest, cid))
    if (current === undefined || manifest === undefined) return false
    if (Buffer.compare(decodeShard(current).slot, record.slot) !== 0) return false
    const label = { ...record, cid, shard, manifest }
    const tailBytes = tailBytesOf(label)
    await writeTail(leaves, label)
    await leaves.sync()
    await database.write([{ key, value: encodeShard({ ...record, tailBytes }) }])
    space.adjust(tailBytes - record.tailBytes)
    space.accounts.charge(record.account, tailBytes - record.tailBytes)
    return true
  }
}

async function hasDigest({ leaves }: SlotFiles, { blocks, leavesDigest }: ShardRecord): Promise<boolean> {
  const hash = createHash('sha256')
  for await (const part of readLeaves(leaves, blocks)) hash.update(part)
  return Buffer.compare(hash.digest(), leavesDigest) === 0
}

/** Whether the label and the copies of all records are intact. */
async function isTailWhole({ leaves }: SlotFiles, { blocks }: ShardRecord): Promise<boolean> {
  for (let first = 0; first < blocks; first += SUBTREE_LEAVES) {
    const count = Math.min(SUBTREE_LEAVES, blocks - first)
    if ((await readCopies(leaves, blocks, first, count)).includes(undefined)) return false
  }
  return (await readTail(leaves)) !== undefined
}

const read = async (files: SlotFiles, entry: BlockEntry | undefined): Promise<Uint8Array | undefined> =>
  entry && (await orUnreadable(async () => await readBlock(files.blocks, entry)))

/** Undefined if the disk cannot read the bytes. */
async function orUnreadable<T>(task: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await task()
  } catch (error) {
    if (errorCode(error) === 'EIO') return undefined
    throw error
  }
}
