import { createHash } from 'node:crypto'
import { accountOf } from './accounts.ts'
import { growth, getIntact, manifestChange } from './entries.ts'
import { errorCode, mapSystemError, StoreError } from './errors.ts'
import { fileBytes, shardBytes } from './folder.ts'
import { hashLeaves, LEAF_RECORD_BYTES, soundExtent } from './leaf-file.ts'
import {
  decodeShard,
  decodeUpload,
  encodeShard,
  encodeUpload,
  KIND,
  shardKey,
  shardOfUploadKey,
  slotKey,
  slotName,
  uploadKey
} from './records.ts'
import { discard, removeDiscarded } from './removal.ts'
import { closeFiles, cutFiles, Upload } from './upload.ts'
import type { CID } from 'multiformats/cid'
import type { UploadOptions } from '../hologram/holdings.ts'
import type { Change } from './database.ts'
import type { SlotFiles } from './folder.ts'
import type { StoreParts } from './parts.ts'
import type { ShardRecord, Slot, UploadRecord } from './records.ts'
import type { UploadInit } from './upload.ts'

/** Block size of most objects; only used for the first estimate of an upload's leaf records. */
const USUAL_BLOCK_BYTES = 64 * 1024

type Whose = Pick<UploadRecord, 'oneShot' | 'account'>
type OpenedSlot = Pick<UploadInit, 'slot' | 'files' | 'held' | 'leafHash' | 'reservation' | 'registered'>

/** The shards being uploaded: opens, resumes and commits them. */
export class Uploads {
  readonly #parts: StoreParts
  /** By key; undefined while the upload is being opened or collected. */
  readonly #active = new Map<string, Upload | undefined>()

  constructor(parts: StoreParts) {
    this.#parts = parts
  }

  /** @throws StoreError 'UPLOAD_BUSY' | 'QUOTA_EXCEEDED' | 'DISK_FULL' */
  async open(
    uploadId: Uint8Array,
    shard: number,
    expectedBytes: number,
    { oneShot = false, putter }: UploadOptions
  ): Promise<Upload> {
    const key = uploadKey(uploadId, shard)
    const release = this.claim(key)
    if (release === undefined) {
      throw new StoreError('UPLOAD_BUSY', `Shard ${shard} of this object is being uploaded already.`)
    }
    try {
      const account = accountOf(putter)
      const opened = await this.#openSlot(key, neededBytes(expectedBytes), { oneShot, account })
      const adopt = this.#adopt.bind(this, key)
      const upload = new Upload({
        ...opened,
        parts: this.#parts,
        key,
        expectedBytes,
        oneShot,
        account,
        adopt,
        onEnd: release
      })
      this.#active.set(nameOf(key), upload)
      return upload
    } catch (error) {
      release()
      throw mapSystemError(error)
    }
  }

  /** Claims an upload exclusively. @returns its release; undefined if it is already claimed */
  claim(key: Uint8Array): (() => void) | undefined {
    const name = nameOf(key)
    if (this.#active.has(name)) return undefined
    this.#active.set(name, undefined)
    return () => this.#active.delete(name)
  }

  isOpen(key: Uint8Array): boolean {
    return this.#active.has(nameOf(key))
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#active.values()].map(async (upload) => await upload?.close()))
  }

  async #openSlot(key: Uint8Array, wantedBytes: number, whose: Whose): Promise<OpenedSlot> {
    await this.#parts.space.refresh()
    const value = await getIntact(this.#parts, key)
    const record = value && decodeUpload(value)
    const files = record && (await this.#parts.folder.openSlot('uploads', record.slot, 'update'))
    if (files !== undefined) return await this.#resume(record!, files, wantedBytes)
    if (record !== undefined) await this.#forgetRemains(key, record)
    return await this.#begin(key, wantedBytes, whose)
  }

  async #begin(key: Uint8Array, wantedBytes: number, whose: Whose): Promise<OpenedSlot> {
    const { database, folder, space, clock } = this.#parts
    const reservation = await space.reserve(wantedBytes, whose.account)
    try {
      const created = await folder.create()
      const record = encodeUpload({ slot: created.slot, blocks: 0, touchedAtMs: clock.nowMs(), ...whose })
      // Not awaited: blocks may arrive meanwhile, and nothing is acknowledged before commit or close.
      const registered = database.write([{ key, value: record }])
      const held = { blocks: 0, dataBytes: 0 }
      return { ...created, registered, reservation, held, leafHash: createHash('sha256') }
    } catch (error) {
      reservation.release()
      throw error
    }
  }

  async #resume(record: UploadRecord, files: SlotFiles, wantedBytes: number): Promise<OpenedSlot> {
    const reservation = await this.#parts.space.reserve(0, record.account)
    try {
      const foundBytes = (await files.blocks.size()) + (await files.leaves.size())
      const held = await soundExtent(files, record.blocks)
      await reservation.expect(Math.max(0, wantedBytes - foundBytes))
      await cutFiles(files, held)
      reservation.adopt(foundBytes)
      reservation.correct(fileBytes(held.blocks, held.dataBytes))
      const leafHash = await hashLeaves(files.leaves, held.blocks)
      return { slot: record.slot, files, registered: Promise.resolve(), reservation, held, leafHash }
    } catch (error) {
      reservation.release()
      await closeFiles(files)
      throw error
    }
  }

  /** Removes an upload that has lost one of its files. */
  async #forgetRemains(key: Uint8Array, { slot, account }: UploadRecord): Promise<void> {
    const bytes = await this.#parts.folder.slotBytes('uploads', slot)
    await discard(this.#parts, [slot], [{ key }])
    this.#parts.space.adjust(-bytes)
    this.#parts.space.accounts.charge(account, -bytes)
  }

  /**
   * The commit point is the index batch: before it the old state holds, after it the new one. An existing copy of the
   * shard is replaced: its files may be damaged or missing, while the new ones have just been written and checked.
   */
  async #adopt(upload: Uint8Array, shard: ShardRecord, cid: CID, manifest: Uint8Array): Promise<void> {
    const { database, folder, space, locks, health } = this.#parts
    const key = shardKey(cid, shardOfUploadKey(upload))
    await locks.run(cid.toString(), async () => {
      const change = await manifestChange(this.#parts, cid, manifest)
      const earlier = await getIntact(this.#parts, key)
      const replaced = earlier && decodeShard(earlier)
      const bytes = change === undefined ? 0 : await growth(this.#parts, change)
      await space.take(bytes)
      try {
        await folder.move(shard.slot, 'uploads', 'shards')
        await database.write([
          { key, value: encodeShard(shard) },
          { key: upload },
          ...(change === undefined ? [] : [change]),
          ...(replaced === undefined ? [] : discarding(replaced.slot))
        ])
      } catch (error) {
        space.adjust(-bytes)
        // If the outcome is unknown, the next start decides where the files belong.
        if (errorCode(error) !== 'FAILED') await folder.move(shard.slot, 'shards', 'uploads')
        throw mapSystemError(error)
      }
      if (replaced === undefined) return
      health.setBadBlocks(slotName(replaced.slot), 0)
      space.adjust(-shardBytes(replaced))
      space.accounts.charge(replaced.account, -shardBytes(replaced))
      await removeDiscarded(this.#parts, [replaced.slot])
    })
  }
}

/** Changes that discard a shard's slot; its files are removed after they are written. */
const discarding = (slot: Slot): Change[] => [
  { key: slotKey(KIND.badBlocks, slot) },
  { key: slotKey(KIND.discarded, slot), value: new Uint8Array(0) }
]

const nameOf = (key: Uint8Array): string => Buffer.from(key).toString('hex')

/** Estimated bytes of an upload's blocks and leaf records. */
const neededBytes = (expectedBytes: number): number =>
  expectedBytes + Math.ceil(expectedBytes / USUAL_BLOCK_BYTES) * LEAF_RECORD_BYTES
