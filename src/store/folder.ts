import { dirname, join } from 'node:path'
import { errorCode, mapSystemError, StoreError } from './errors.ts'
import { LEAF_RECORD_BYTES } from './leaf-file.ts'
import { SLOT_BYTES } from './records.ts'
import type { RandomSource } from '../clock/index.ts'
import type { Disk, DiskFile } from './disk.ts'
import type { ShardRecord, Slot } from './records.ts'

/** Version of the layout below. `open` refuses a store with a higher version; a lower one would be migrated. */
export const FORMAT_VERSION = 1
const FORMAT_NAME = 'thhe-store'
const FORMAT_FILE = 'format'

/** Where a slot's two files are. The index entry of the slot decides. */
export type Area = 'uploads' | 'shards' | 'quarantine'
const AREAS: readonly Area[] = ['uploads', 'shards', 'quarantine']

/** The two files of a slot. */
export interface SlotFiles {
  /** The blocks, one after another. */
  readonly blocks: DiskFile
  /** One record per block: its leaf hash and its end offset (leaf-file.ts). */
  readonly leaves: DiskFile
}
const SUFFIXES = ['blocks', 'leaves'] as const

/**
 * The store's folder:
 *
 *     format          {"format":"thhe-store","version":1}
 *     index/          LevelDB; authoritative
 *     mirror/         LevelDB; a second copy of the index, in case the first is damaged
 *     uploads/        <slot>.blocks, <slot>.leaves of shards that are still arriving
 *     shards/xx/      the same files of whole shards, by the slot's first byte
 *     quarantine/     the same files of shards that cannot be served at all
 */
export class Folder {
  readonly #disk: Disk
  readonly #random: RandomSource
  readonly path: string
  /** Just created: nothing has ever been stored here. */
  readonly isNew: boolean
  /** Folders under `shards/` that are known to exist. */
  readonly #fanOut = new Set<string>()

  /**
   * Opens the folder, or creates it.
   *
   * @throws StoreError 'FORMAT_UNKNOWN' if a newer version or another program wrote it
   */
  static async open(disk: Disk, path: string, random: RandomSource): Promise<Folder> {
    await disk.makeDirectory(path)
    const isNew = (await disk.sizeOf(join(path, FORMAT_FILE))) === undefined
    const folder = new Folder(disk, path, random, isNew)
    if (isNew) await folder.#create()
    else await folder.#checkFormat()
    for (const area of AREAS) await disk.makeDirectory(join(path, area))
    return folder
  }

  /** Use `Folder.open`. */
  constructor(disk: Disk, path: string, random: RandomSource, isNew: boolean) {
    this.#disk = disk
    this.path = path
    this.#random = random
    this.isNew = isNew
  }

  get indexPath(): string {
    return join(this.path, 'index')
  }

  get mirrorPath(): string {
    return join(this.path, 'mirror')
  }

  async availableBytes(): Promise<number> {
    return await this.#disk.availableBytes(this.path)
  }

  /** Creates the files of a new slot under `uploads/`. Their names are not durable yet. */
  async create(): Promise<{ slot: Slot; files: SlotFiles }> {
    const slot = this.#random.bytes(SLOT_BYTES)
    const [blocks, leaves] = SUFFIXES.map((suffix) => this.#pathOf('uploads', slot, suffix))
    try {
      return {
        slot,
        files: { blocks: await this.#disk.create(blocks), leaves: await this.#disk.create(leaves) }
      }
    } catch (error) {
      throw mapSystemError(error)
    }
  }

  /** Undefined if either file is missing. */
  async openSlot(area: Area, slot: Slot, mode: 'read' | 'update'): Promise<SlotFiles | undefined> {
    const opened = await Promise.allSettled(
      SUFFIXES.map(async (suffix) => await this.#disk.open(this.#pathOf(area, slot, suffix), mode))
    )
    const files = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    if (files.length === 2) return { blocks: files[0], leaves: files[1] }
    await Promise.all(files.map(async (file) => await file.close()))
    const failure = opened.find(
      (result) => result.status === 'rejected' && errorCode(result.reason) !== 'ENOENT'
    )
    if (failure?.status === 'rejected') throw failure.reason
    return undefined
  }

  /** Bytes in the files of a slot; a missing file counts as 0. */
  async slotBytes(area: Area, slot: Slot): Promise<number> {
    const sizes = await Promise.all(
      SUFFIXES.map(async (suffix) => (await this.#disk.sizeOf(this.#pathOf(area, slot, suffix))) ?? 0)
    )
    return sizes[0] + sizes[1]
  }

  /** Moves a slot's files. The new names are durable when this resolves. Skips files that have already moved. */
  async move(slot: Slot, from: Area, to: Area): Promise<void> {
    await this.#makeFanOut(to, slot)
    for (const suffix of SUFFIXES) {
      const source = this.#pathOf(from, slot, suffix)
      if ((await this.#disk.sizeOf(source)) !== undefined) {
        await this.#disk.rename(source, this.#pathOf(to, slot, suffix))
      }
    }
    await this.#disk.syncDirectory(this.#directory(to, slot))
  }

  /** Durably removes the files of slots, wherever they are. Readers that have them open may go on. */
  async remove(slots: readonly Slot[]): Promise<void> {
    const touched = new Set<string>()
    for (const slot of slots) {
      for (const area of AREAS) {
        for (const suffix of SUFFIXES) {
          if (await this.#disk.remove(this.#pathOf(area, slot, suffix)))
            touched.add(this.#directory(area, slot))
        }
      }
    }
    await Promise.all([...touched].map(async (directory) => await this.#disk.syncDirectory(directory)))
  }

  /** Makes the name of the index folder durable: LevelDB leaves this to its caller. */
  async syncRoot(): Promise<void> {
    await this.#disk.syncDirectory(this.path)
  }

  /** Makes the names of new files under `uploads/` durable. */
  async syncUploads(): Promise<void> {
    await this.#disk.syncDirectory(join(this.path, 'uploads'))
  }

  /** Slots that have a file under `uploads/`. */
  async uploadSlots(): Promise<Slot[]> {
    return slotsOf(await this.#disk.list(join(this.path, 'uploads')))
  }

  /** Slots that have a file under `shards/`. */
  async shardSlots(): Promise<Slot[]> {
    const slots: Slot[] = []
    for (const name of await this.#disk.list(join(this.path, 'shards'))) {
      if (/^[0-9a-f]{2}$/.test(name)) {
        slots.push(...slotsOf(await this.#disk.list(join(this.path, 'shards', name))))
      }
    }
    return slots
  }

  /** Creates the slot's folder under `shards/`, if it does not exist yet. */
  async #makeFanOut(area: Area, slot: Slot): Promise<void> {
    const directory = this.#directory(area, slot)
    if (area !== 'shards' || this.#fanOut.has(directory)) return
    await this.#disk.makeDirectory(directory)
    await this.#disk.syncDirectory(dirname(directory))
    this.#fanOut.add(directory)
  }

  #directory(area: Area, slot: Slot): string {
    const directory = join(this.path, area)
    return area === 'shards' ? join(directory, Buffer.from(slot).toString('hex', 0, 1)) : directory
  }

  #pathOf(area: Area, slot: Slot, suffix: (typeof SUFFIXES)[number]): string {
    return join(this.#directory(area, slot), `${Buffer.from(slot).toString('hex')}.${suffix}`)
  }

  /** Writes the format file last: a folder without it has never held anything. */
  async #create(): Promise<void> {
    const strangers = (await this.#disk.list(this.path)).filter(
      (name) => !(AREAS as readonly string[]).includes(name) && name !== `${FORMAT_FILE}.new`
    )
    if (strangers.length > 0) {
      throw new StoreError(
        'FORMAT_UNKNOWN',
        `${this.path} is neither a store nor empty: it contains ${strangers.slice(0, 3).join(', ')}.`
      )
    }
    await this.#disk.remove(join(this.path, `${FORMAT_FILE}.new`))
    const file = await this.#disk.create(join(this.path, `${FORMAT_FILE}.new`))
    try {
      const text = JSON.stringify({ format: FORMAT_NAME, version: FORMAT_VERSION })
      await file.write(Buffer.from(`${text}\n`), 0)
      await file.sync()
    } finally {
      await file.close()
    }
    await this.#disk.rename(join(this.path, `${FORMAT_FILE}.new`), join(this.path, FORMAT_FILE))
    await this.#disk.syncDirectory(this.path)
    await this.#disk.syncDirectory(dirname(this.path))
  }

  async #checkFormat(): Promise<void> {
    const file = await this.#disk.open(join(this.path, FORMAT_FILE), 'read')
    const text = Buffer.alloc(1024)
    const length = await file.read(text, 0).finally(async () => await file.close())
    const version = parseFormat(text.toString('utf8', 0, length))
    if (version === FORMAT_VERSION) return
    throw new StoreError(
      'FORMAT_UNKNOWN',
      version === undefined
        ? `${join(this.path, FORMAT_FILE)} does not describe a store.`
        : `${this.path} has format version ${version}; this release reads version ${FORMAT_VERSION}. ` +
            'Use the release that wrote it, or a later one.'
    )
  }
}

function parseFormat(text: string): number | undefined {
  try {
    const { format, version } = JSON.parse(text)
    return format === FORMAT_NAME && Number.isInteger(version) ? version : undefined
  } catch {
    return undefined
  }
}

function slotsOf(names: readonly string[]): Slot[] {
  const slots = new Set(names.map((name) => name.slice(0, SLOT_BYTES * 2)))
  return [...slots].map((hex) => Buffer.from(hex, 'hex')).filter((slot) => slot.length === SLOT_BYTES)
}

/** Bytes that an upload takes on disk, blocks and leaf records. */
export const fileBytes = (blocks: number, dataBytes: number): number => dataBytes + blocks * LEAF_RECORD_BYTES

/** Bytes that a shard takes on disk. */
export const shardBytes = ({ blocks, dataBytes, tailBytes }: ShardRecord): number =>
  fileBytes(blocks, dataBytes) + tailBytes
