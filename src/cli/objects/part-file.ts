import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { chmod, chown, link, lstat, open, readdir, rename, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { syncFolder } from '../../node/data/files.ts'
import { isAlive, startTicks } from '../../node/data/lock.ts'
import { GetRecord } from './get-record.ts'
import { cutToBytes } from './names.ts'
import { exists, naming } from './target.ts'
import type { PartState } from './get-record.ts'
import type { Target } from './target.ts'

export type FileTarget = Extract<Target, { kind: 'file' }>

/** Bytes of the name of a part beside that of its file; some file systems take 143 bytes in all. */
const MAX_NAME_BYTES = 100
/** `.NAME.MACHINE-PROCESS-START-NUMBER.thhe-part` */
const PART_NAME = /^\..*\.([0-9a-f]{8})-(\d+)-(\d*)-\d+\.thhe-part$/s
/** A part that nothing was written to for so long is nobody's. */
const STALE_AFTER_MS = 24 * 60 * 60 * 1000
/** What was fetched is made durable, and a record of it, this often. */
const CHECKPOINT_BYTES = 32 << 20
/** Fewer bytes are fetched again sooner than they are kept. */
const MIN_KEPT_BYTES = 4 << 20

/** What it takes to go on with a part later. */
export interface Resumption {
  /** Text that names the bytes to come: another one never goes on with this part. */
  readonly content: string
  /** Bytes that are expected in all. */
  readonly length: number
  readonly env: NodeJS.ProcessEnv
}

/**
 * A file on its way: its bytes gather in a hidden file beside it, which takes its name when all are there. A part that
 * was broken off, even by SIGKILL, is gone on with when the same bytes are fetched to the same place.
 */
export class PartFile {
  /** Bytes from the start that are there already. */
  readonly kept: number
  readonly #target: FileTarget
  readonly #path: string
  readonly #file: FileHandle
  readonly #record: GetRecord | undefined
  readonly #hash: Hash
  #written: number
  #safe: number

  private constructor(
    target: FileTarget,
    path: string,
    file: FileHandle,
    record: GetRecord | undefined,
    kept: { bytes: number; hash: Hash }
  ) {
    this.#target = target
    this.#path = path
    this.#file = file
    this.#record = record
    this.#hash = kept.hash
    this.kept = this.#written = this.#safe = kept.bytes
  }

  static async open(target: FileTarget, resumption?: Resumption): Promise<PartFile> {
    return await naming(target.path, async () => await PartFile.#open(target, resumption))
  }

  static async #open(target: FileTarget, resumption: Resumption | undefined): Promise<PartFile> {
    await removeStaleParts(dirname(target.realPath))
    const record = resumption && (await GetRecord.open(resumption.env, target.realPath, resumption.content))
    const saved = await record?.takeOver()
    const known = saved && (await reopen(saved, basename(target.realPath)))
    if (known !== undefined) {
      const part = new PartFile(target, known.path, known.file, record, known)
      // The record names the part that has a new name now.
      await part.#checkpoint()
      return part
    }
    const path = join(dirname(target.realPath), await partName(basename(target.realPath)))
    // A file that replaces a private one must not be open to others on its way.
    const file = await open(path, 'wx+', target.replaces === undefined ? 0o666 : 0o600)
    const part = new PartFile(target, path, file, record, { bytes: 0, hash: createHash('sha256') })
    if (resumption !== undefined && resumption.length >= MIN_KEPT_BYTES) await part.#checkpoint()
    return part
  }

  /** Bytes in the part. */
  get written(): number {
    return this.#written
  }

  async append(bytes: Uint8Array): Promise<void> {
    await naming(this.#target.path, async () => {
      await this.#file.appendFile(bytes)
      this.#hash.update(bytes)
      this.#written += bytes.byteLength
      if (this.#written - this.#safe >= CHECKPOINT_BYTES) await this.#checkpoint()
    })
  }

  /** The file appears whole and durable, or not at all. @throws CliError 'FILE_EXISTS' */
  async finish(): Promise<void> {
    await naming(this.#target.path, async () => await this.#finish())
  }

  async #finish(): Promise<void> {
    const { realPath, replaces, path } = this.#target
    if (replaces !== undefined) {
      await chmod(this.#path, replaces.mode)
      // Only root may give files away; for others the new file is their own.
      const { uid, gid } = await this.#file.stat()
      if (uid !== replaces.uid || gid !== replaces.gid) {
        await chown(this.#path, replaces.uid, replaces.gid).catch(() => {})
      }
    }
    await this.#file.sync()
    await this.#file.close()
    if (replaces === undefined) await renameUnlessThere(this.#path, realPath, path)
    else await rename(this.#path, realPath)
    await syncFolder(dirname(realPath))
    await this.#record?.remove()
  }

  /** Ends in failure. @returns how many bytes are kept for the next try */
  async abandon(reason: unknown): Promise<number> {
    const isFull = ['ENOSPC', 'EDQUOT'].includes(String((reason as NodeJS.ErrnoException).code))
    if (this.#record !== undefined && this.#written >= MIN_KEPT_BYTES && !isFull) {
      try {
        if (await this.#checkpoint(true)) return this.#written
      } catch {
        // Then nothing is kept, and the reason is the one to tell.
      } finally {
        await this.#file.close().catch(() => {})
      }
    }
    await this.#file.close().catch(() => {})
    await unlink(this.#path).catch(() => {})
    await this.#record?.remove()
    return 0
  }

  /** @returns whether a next get can go on from here */
  async #checkpoint(released = false): Promise<boolean> {
    if (this.#record === undefined) return false
    await this.#file.datasync()
    this.#safe = this.#written
    const sha256 = this.#hash.copy().digest('hex')
    return await this.#record.save({ part: this.#path, bytes: this.#written, sha256 }, released)
  }
}

/**
 * Writes `bytes` to the target in one go.
 *
 * @returns the number of bytes
 * @throws CliError 'FILE_EXISTS'; whatever the source or the disk throws
 */
export const writeWhole = async (
  target: FileTarget,
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
): Promise<number> => {
  const part = await PartFile.open(target)
  try {
    for await (const piece of bytes) await part.append(piece)
    await part.finish()
    return part.written
  } catch (error) {
    await part.abandon(error)
    throw error
  }
}

let partsMade = 0

const machine = (): string => createHash('sha256').update(hostname()).digest('hex').slice(0, 8)

const partName = async (name: string): Promise<string> => {
  const owner = `${machine()}-${process.pid}-${(await startTicks(process.pid)) ?? ''}-${partsMade++}`
  return `.${cutToBytes(name, MAX_NAME_BYTES)}.${owner}.thhe-part`
}

/** A part that this process goes on with. */
interface KnownPart {
  readonly path: string
  readonly file: FileHandle
  readonly bytes: number
  readonly hash: Hash
}

/**
 * The part of a record when it still has the bytes that the record says. Other bytes than these are dropped. It gets a name
 * of this process: of several that go on at once, only one can rename it, so that no two append to one file.
 */
const reopen = async (
  { part, bytes, sha256 }: PartState,
  targetName: string
): Promise<KnownPart | undefined> => {
  if (!PART_NAME.test(basename(part))) return undefined
  const there = await lstat(part).catch(() => undefined)
  if (there?.isFile() !== true) return undefined
  const path = join(dirname(part), await partName(targetName))
  try {
    await rename(part, path)
  } catch {
    // Another get was faster.
    return undefined
  }
  const hash = await digestOfStart(path, bytes).catch(() => undefined)
  if (hash === undefined || hash.copy().digest('hex') !== sha256) {
    await unlink(path).catch(() => {})
    return undefined
  }
  const file = await open(path, 'a+')
  await file.truncate(bytes)
  return { path, file, bytes, hash }
}

/** Of the first `bytes` bytes of a file, or of all where it has fewer. */
const digestOfStart = async (path: string, bytes: number): Promise<Hash> => {
  const hash = createHash('sha256')
  if (bytes === 0) return hash
  for await (const piece of createReadStream(path, { start: 0, end: bytes - 1 })) hash.update(piece as Buffer)
  return hash
}

/** Removes what gets that were killed left behind: at once when it is of no use, else when nobody went on with it. */
const removeStaleParts = async (folder: string): Promise<void> => {
  for (const name of await readdir(folder).catch(() => [])) {
    const match = PART_NAME.exec(name)
    if (match === null) continue
    const path = join(folder, name)
    const there = await lstat(path).catch(() => undefined)
    if (there?.isFile() !== true) continue
    const isOld = Date.now() - there.mtimeMs > STALE_AFTER_MS
    if (isOld || (there.size < MIN_KEPT_BYTES && (await hasEnded(match)))) await unlink(path).catch(() => {})
  }
}

const hasEnded = async ([, host, pid, ticks]: RegExpExecArray): Promise<boolean> =>
  host === machine() && !(await isAlive({ pid: Number(pid), startTicks: ticks }))

const renameUnlessThere = async (part: string, realPath: string, shown: string): Promise<void> => {
  try {
    await link(part, realPath)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw exists(shown)
    // File systems without hard links, such as FAT and some network shares.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP') throw error
    if ((await lstat(realPath).catch(() => undefined)) !== undefined) throw exists(shown)
    await rename(part, realPath)
    return
  }
  await unlink(part)
}
