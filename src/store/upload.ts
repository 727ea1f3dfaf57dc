import { Appender } from './appender.ts'
import { StoreError } from './errors.ts'
import { fileBytes } from './folder.ts'
import {
  encodeLeafRecord,
  LEAF_RECORD_BYTES,
  leavesOf,
  MAX_STORED_BLOCK_BYTES,
  soundExtent
} from './leaf-file.ts'
import { createHash } from 'node:crypto'
import { discard, removeDiscarded } from './removal.ts'
import { tailBytesOf, writeTail } from './leaf-tail.ts'
import { encodeUpload, KIND, shardOfUploadKey, slotKey } from './records.ts'
import type { CID } from 'multiformats/cid'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { Hash } from 'node:crypto'
import type { ShardUpload } from '../hologram/holdings.ts'
import type { Change } from './database.ts'
import type { SlotFiles } from './folder.ts'
import type { Extent } from './leaf-file.ts'
import type { StoreParts } from './parts.ts'
import type { ShardRecord, Slot } from './records.ts'
import type { Reservation } from './space.ts'

const MAX_BATCH_BYTES = 1024 * 1024
const MIN_BATCH_BYTES = 64 * 1024
const LEAF_BATCH_BYTES = 200 * LEAF_RECORD_BYTES

export interface UploadInit {
  readonly parts: StoreParts
  /** Key of the upload's index entry. */
  readonly key: Uint8Array
  readonly slot: Slot
  readonly files: SlotFiles
  /** Blocks held from an earlier attempt; the files end there. */
  readonly held: Extent
  /** Running SHA-256 over the held leaf hashes. */
  readonly leafHash: Hash
  readonly reservation: Reservation
  readonly expectedBytes: number
  /** The upload cannot be resumed after its sender exits. */
  readonly oneShot: boolean
  /** Account that is charged for the shard, 16 bytes. */
  readonly account: Uint8Array
  /** Settles when the index has the upload's entry. */
  readonly registered: Promise<void>
  /** Makes the complete shard readable under `cid`, or changes nothing. */
  readonly adopt: (shard: ShardRecord, cid: CID, manifest: Uint8Array) => Promise<void>
  readonly onEnd: () => void
}

/** A shard being uploaded. Calls run one at a time, in the order in which they were made. */
export class Upload implements ShardUpload {
  readonly #init: UploadInit
  #slot: Slot
  #files: SlotFiles
  #blocks: Appender
  #leaves: Appender
  #leafHash: Hash
  #held: Extent
  #extent: Extent
  /** Bytes of the tail that a commit wrote after the leaf records. */
  #tailBytes = 0
  #registered: Promise<void>
  /** A write failed: the files must be checked before any further use. */
  #failure: { readonly error: unknown } | undefined
  #state: 'open' | 'committed' | 'closed' = 'open'
  #turn: Promise<unknown> = Promise.resolve()
  /** Check of the blocks of an earlier attempt; runs while new blocks arrive. */
  #checking: Promise<Extent> | undefined
  readonly #stopCheck = new AbortController()

  constructor(init: UploadInit) {
    this.#init = init
    this.#slot = init.slot
    this.#files = init.files
    this.#held = init.held
    this.#extent = init.held
    this.#leafHash = init.leafHash
    this.#registered = init.registered
    // Awaited by commit and close. Until then, a rejection must not crash the process.
    this.#registered.catch(() => {})
    this.#blocks = this.#blockAppender()
    this.#leaves = this.#leafAppender()
    if (init.held.blocks > 0) this.#startCheck()
  }

  get blocksHeld(): number {
    return this.#held.blocks
  }

  get bytesHeld(): number {
    return this.#held.dataBytes
  }

  get heldDigest(): Uint8Array {
    return this.#leafHash.copy().digest()
  }

  async append(block: Uint8Array | Uint8ArrayList, leaf: Uint8Array): Promise<void> {
    const bytes = block.byteLength
    const pieces = block instanceof Uint8Array ? [block] : block
    await this.#inTurn(async () => {
      this.#assertUsable()
      if (bytes === 0 || bytes > MAX_STORED_BLOCK_BYTES) {
        throw new RangeError(`A block has 1 to ${MAX_STORED_BLOCK_BYTES} bytes, not ${bytes}.`)
      }
      const extent = { blocks: this.#extent.blocks + 1, dataBytes: this.#extent.dataBytes + bytes }
      const record = encodeLeafRecord(leaf, extent.dataBytes)
      const { reservation, parts } = this.#init
      await parts.pressure.run(async () => await reservation.use(bytes + LEAF_RECORD_BYTES))
      await this.#writing(async () => {
        for (const piece of pieces) await this.#blocks.append(piece)
        await this.#leaves.append(record)
      })
      this.#leafHash.update(leaf)
      this.#extent = extent
    })
  }

  leaves(): Uint8Array {
    this.#assertUsable()
    const tail = Buffer.concat(this.#leaves.unwritten())
    const records = Buffer.alloc(this.#extent.blocks * LEAF_RECORD_BYTES)
    this.#files.leaves.readSync(records.subarray(0, records.length - tail.length), 0)
    records.set(tail, records.length - tail.length)
    return leavesOf(records)
  }

  async reset(): Promise<void> {
    await this.#inTurn(async () => {
      this.#assertOpen()
      const { parts, key, reservation, oneShot, account } = this.#init
      await this.#registered
      await this.#blocks.flush().catch(() => {})
      await this.#leaves.flush().catch(() => {})
      await this.#endCheck()
      const old = { slot: this.#slot, files: this.#files }
      const { slot, files } = await parts.folder.create()
      const record = encodeUpload({ slot, blocks: 0, touchedAtMs: parts.clock.nowMs(), oneShot, account })
      try {
        await parts.database.write([
          { key, value: record },
          { key: slotKey(KIND.discarded, old.slot), value: new Uint8Array(0) }
        ])
      } catch (error) {
        await closeFiles(files)
        await parts.folder.remove([slot])
        throw error
      }
      this.#startOver(slot, files)
      this.#tailBytes = 0
      reservation.refund()
      await closeFiles(old.files)
      await removeDiscarded(parts, [old.slot])
    })
  }

  async commit(cid: CID, manifest: Uint8Array): Promise<void> {
    await this.#inTurn(async () => {
      this.#assertUsable()
      if (this.#extent.blocks === 0) throw new RangeError('A shard has at least one block.')
      await this.#checkHeld()
      await this.#init.parts.pressure.run(async () => {
        await this.#init.adopt(await this.#label(cid, manifest), cid, manifest)
      })
      this.#state = 'committed'
      await this.#end()
    })
  }

  async abandon(): Promise<void> {
    await this.#inTurn(async () => {
      this.#assertOpen()
      this.#state = 'closed'
      try {
        await this.#registered
        await discard(this.#init.parts, [this.#slot], [{ key: this.#init.key }])
        this.#init.reservation.correct(0)
      } finally {
        await this.#end()
      }
    })
  }

  async close(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#state !== 'open') return
      this.#state = 'closed'
      try {
        await this.#keepForLater()
      } finally {
        await this.#end()
      }
    })
  }

  /** Checks that the disk still has the blocks of an earlier attempt before the shard is acknowledged. */
  async #checkHeld(): Promise<void> {
    const sound = await this.#checking
    if (sound === undefined || sound.blocks >= this.#held.blocks) return
    const error = new StoreError(
      'CORRUPT',
      `Block ${sound.blocks} of an earlier attempt is damaged. Send the shard again from there.`
    )
    this.#failure = { error }
    // The close must check every block of it again.
    this.#held = { blocks: 0, dataBytes: 0 }
    throw error
  }

  /** Writes the tail, which identifies the shard, and makes the slot durable. */
  async #label(cid: CID, manifest: Uint8Array): Promise<ShardRecord> {
    const shard = shardOfUploadKey(this.#init.key)
    const label = {
      cid,
      shard,
      manifest,
      ...this.#extent,
      leavesDigest: this.#leafHash.copy().digest(),
      account: this.#init.account
    }
    const tailBytes = tailBytesOf(label)
    await this.#init.reservation.use(tailBytes - this.#tailBytes)
    this.#tailBytes = tailBytes
    await this.#writing(async () => {
      await this.#blocks.flush()
      await this.#leaves.flush()
      await writeTail(this.#files.leaves, label)
      await this.#sync()
    })
    return { slot: this.#slot, tailBytes, ...label }
  }

  async #keepForLater(): Promise<void> {
    const { parts, key, reservation } = this.#init
    try {
      if (this.#tailBytes > 0) await this.#cutTail()
      await this.#registered
      if (this.#failure === undefined) await this.#sync()
    } catch (error) {
      this.#failure = { error }
    }
    if (this.#failure !== undefined) await this.#cutToSound()
    if (this.#extent.blocks === 0) {
      await discard(parts, [this.#slot], [{ key }])
      reservation.correct(0)
      return
    }
    await parts.database.write([this.#checkpoint()])
  }

  /** Removes the tail of a refused commit. */
  async #cutTail(): Promise<void> {
    await cutFiles(this.#files, this.#extent)
    this.#tailBytes = 0
    this.#init.reservation.correct(fileBytes(this.#extent.blocks, this.#extent.dataBytes))
  }

  /** After a failed write: keeps only intact blocks. */
  async #cutToSound(): Promise<void> {
    await this.#blocks.flush().catch(() => {})
    await this.#leaves.flush().catch(() => {})
    this.#extent = await soundExtent(this.#files, this.#held.blocks)
    await cutFiles(this.#files, this.#extent)
    await this.#syncFiles()
    this.#tailBytes = 0
    this.#init.reservation.correct(fileBytes(this.#extent.blocks, this.#extent.dataBytes))
  }

  async #sync(): Promise<void> {
    await this.#blocks.flush()
    await this.#leaves.flush()
    await this.#syncFiles()
    await this.#registered
  }

  async #syncFiles(): Promise<void> {
    await Promise.all([
      this.#files.blocks.sync(),
      this.#files.leaves.sync(),
      this.#init.parts.folder.syncUploads()
    ])
  }

  #checkpoint(): Change {
    const { parts, oneShot, account } = this.#init
    const touchedAtMs = parts.clock.nowMs()
    const record = { slot: this.#slot, blocks: this.#extent.blocks, touchedAtMs, oneShot, account }
    return { key: this.#init.key, value: encodeUpload(record) }
  }

  #startCheck(): void {
    const { signal } = this.#stopCheck
    this.#checking = soundExtent(this.#files, 0, { limit: this.#held.blocks, signal })
    // Awaited by commit. An aborted check has no result.
    this.#checking.catch(() => {})
  }

  async #endCheck(): Promise<void> {
    this.#stopCheck.abort()
    await this.#checking?.catch(() => {})
    this.#checking = undefined
  }

  async #end(): Promise<void> {
    this.#init.reservation.release()
    await this.#endCheck()
    await closeFiles(this.#files)
    this.#init.onEnd()
  }

  #startOver(slot: Slot, files: SlotFiles): void {
    this.#slot = slot
    this.#files = files
    this.#held = { blocks: 0, dataBytes: 0 }
    this.#extent = this.#held
    this.#leafHash = createHash('sha256')
    this.#blocks = this.#blockAppender()
    this.#leaves = this.#leafAppender()
    this.#failure = undefined
  }

  #blockAppender(): Appender {
    const { expectedBytes } = this.#init
    const wanted = expectedBytes === 0 ? MAX_BATCH_BYTES : expectedBytes
    const batchBytes = Math.min(MAX_BATCH_BYTES, Math.max(MIN_BATCH_BYTES, wanted))
    return new Appender(this.#files.blocks, this.#extent.dataBytes, batchBytes)
  }

  #leafAppender(): Appender {
    return new Appender(this.#files.leaves, this.#extent.blocks * LEAF_RECORD_BYTES, LEAF_BATCH_BYTES)
  }

  async #writing(task: () => Promise<void>): Promise<void> {
    try {
      await task()
    } catch (error) {
      this.#failure = { error }
      throw error
    }
  }

  async #inTurn(task: () => Promise<void>): Promise<void> {
    const result = this.#turn.then(task)
    this.#turn = result.catch(() => {})
    await result
  }

  #assertOpen(): void {
    if (this.#state !== 'open') throw new StoreError('CLOSED', `The upload has been ${this.#state}.`)
  }

  #assertUsable(): void {
    this.#assertOpen()
    if (this.#failure !== undefined) throw this.#failure.error
  }
}

/** Truncates the files of a slot to complete blocks. */
export async function cutFiles(files: SlotFiles, { blocks, dataBytes }: Extent): Promise<void> {
  await files.blocks.truncate(dataBytes)
  await files.leaves.truncate(blocks * LEAF_RECORD_BYTES)
}

export async function closeFiles(files: SlotFiles): Promise<void> {
  await Promise.all([files.blocks.close(), files.leaves.close()])
}
