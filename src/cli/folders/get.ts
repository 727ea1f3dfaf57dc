import { randomBytes } from 'node:crypto'
import { chmod, lutimes, mkdir, open, rename, rm, symlink, utimes } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { openItem, storedBytes } from '../../folders/index.ts'
import type { FileEntry, Place } from '../../folders/index.ts'
import type { NodeClient } from '../client.ts'
import { CliError } from '../errors.ts'
import type { Io } from '../io.ts'
import { download } from '../objects/download.ts'
import { keyFor } from '../objects/get.ts'
import { cutToBytes } from '../objects/names.ts'
import { naming } from '../objects/target.ts'
import { startProgress } from '../progress.ts'
import type { Progress } from '../progress.ts'
import { atOnce } from './at-once.ts'
import { openPlace } from './reader.ts'
import { walkFolder } from './walk.ts'
import type { Walked, WalkedFolder } from './walk.ts'

export interface FetchedFolder {
  readonly files: number
  readonly bytes: number
}

/** Objects that are read at the same time. */
const OBJECTS_AT_ONCE = 3
/** Bytes between two files of a pack that are read and thrown away rather than asked for around. */
const GAP_BYTES = 65_536
const MAX_NAME_BYTES = 100

/**
 * Fetches a folder. It gathers in a hidden folder beside its place, which takes its name when all is there. Symbolic links
 * are made last, and nothing is ever written through one.
 *
 * @param path - where it shall be; nothing is there
 * @throws what reading and writing throw; nothing is left behind then
 */
export const getFolder = async (
  client: NodeClient,
  io: Io,
  place: Place,
  { path, mode, quiet }: { readonly path: string; readonly mode?: number; readonly quiet: boolean }
): Promise<FetchedFolder> => {
  const walked = await walkFolder(client, place, io.signal)
  const progress = await startProgress(io, 'get', walked.bytes, quiet)
  const part = join(
    dirname(path),
    `.${cutToBytes(basename(path), MAX_NAME_BYTES)}.${randomBytes(6).toString('hex')}.thhe-part`
  )
  try {
    await naming(path, async () => {
      await mkdir(part, { mode: 0o700 })
      for (const { inside } of walked.folders) await mkdir(join(part, inside), { mode: 0o700 })
    })
    await new FolderFetch(client, io, part, path, progress).files(walked.files)
    await naming(path, async () => {
      await finish(part, walked, mode)
      await rename(part, path)
    })
  } catch (error) {
    await rm(part, { recursive: true, force: true })
    throw error
  } finally {
    progress.stop()
  }
  return { files: walked.files.length, bytes: walked.bytes }
}

/** Symbolic links, then the modes and times of folders, from the innermost out: each of these changes the folder above. */
const finish = async (
  part: string,
  { folders, symlinks }: WalkedFolder,
  mode = 0o777 & ~process.umask()
): Promise<void> => {
  for (const { inside, target, mtimeMs } of symlinks) {
    await symlink(target, join(part, inside))
    await lutimes(join(part, inside), mtimeMs / 1000, mtimeMs / 1000)
  }
  for (const folder of [...folders].reverse()) {
    await utimes(join(part, folder.inside), folder.mtimeMs / 1000, folder.mtimeMs / 1000)
    await chmod(join(part, folder.inside), folder.mode)
  }
  await chmod(part, mode)
}

/** A part of a pack that is read in one go. */
interface Run {
  readonly place: Place
  readonly start: number
  end: number
  readonly files: Array<Walked<FileEntry>>
}

class FolderFetch {
  readonly #client: NodeClient
  readonly #io: Io
  readonly #part: string
  readonly #path: string
  readonly #progress: Progress
  #bytes = 0

  constructor(client: NodeClient, io: Io, part: string, path: string, progress: Progress) {
    this.#client = client
    this.#io = io
    this.#part = part
    this.#path = path
    this.#progress = progress
  }

  async files(files: ReadonlyArray<Walked<FileEntry>>): Promise<void> {
    const whole = files.filter(({ place }) => place.slice === undefined)
    const runs = runsOf(files.filter(({ place }) => place.slice !== undefined))
    const work = [
      ...runs.map((run) => async () => await this.#run(run)),
      ...whole.map((file) => async () => await this.#whole(file))
    ]
    await atOnce(OBJECTS_AT_ONCE, work, async (fetch) => await fetch())
  }

  async #whole(file: Walked<FileEntry>): Promise<void> {
    const object = await openPlace(this.#client, file.place)
    try {
      if (object.length !== file.bytes) throw otherLength(file)
      await this.#write(file, object.bytes)
    } finally {
      object.close()
    }
  }

  async #run({ place: { cid }, start, end, files }: Run): Promise<void> {
    if (start === end) {
      for (const file of files) await this.#write(file, [])
      return
    }
    const stored = await download(this.#client, cid.toString(), { start, end })
    try {
      for (const { place } of files) keyFor(cid.toString(), stored.sealed, place.key)
      const bytes = new Cutter(stored.bytes)
      let at = start
      for (const file of files) {
        const slice = file.place.slice!
        await bytes.take(slice.start - at, () => otherLength(file))
        const length = lengthOf(file)
        const plain = await openItem(await bytes.take(length, () => otherLength(file)), file.place.key)
        if (plain.byteLength !== file.bytes) throw otherLength(file)
        at = slice.start + length
        await this.#write(file, [plain])
      }
    } finally {
      stored.close()
    }
  }

  async #write(
    { inside, mode, mtimeMs }: Walked<FileEntry>,
    bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  ): Promise<void> {
    const file = await this.#about(inside, async () => await open(join(this.#part, inside), 'wx', 0o600))
    try {
      for await (const piece of bytes) {
        this.#io.signal.throwIfAborted()
        await this.#about(inside, async () => await writeAll(file, piece))
        this.#bytes += piece.byteLength
        this.#progress.update(this.#bytes)
      }
      await this.#about(inside, async () => {
        await file.utimes(mtimeMs / 1000, mtimeMs / 1000)
        await file.chmod(mode)
      })
    } finally {
      await file.close()
    }
  }

  /** Errors of the system name the file where it would have been. */
  async #about<T>(inside: string, work: () => Promise<T>): Promise<T> {
    return await naming(join(this.#path, inside), work)
  }
}

/** Takes a stream apart into pieces of given lengths. */
class Cutter {
  readonly #source: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** The next `length` bytes. @throws `short()` when there are fewer */
  async take(length: number, short: () => Error): Promise<Uint8Array> {
    if (this.#rest.byteLength < length) {
      const parts = [this.#rest]
      let have = this.#rest.byteLength
      while (have < length) {
        const { done, value } = await this.#source.next()
        if (done === true) throw short()
        parts.push(value)
        have += value.byteLength
      }
      this.#rest = Buffer.concat(parts)
    }
    const taken = this.#rest.subarray(0, length)
    this.#rest = this.#rest.subarray(length)
    return taken
  }
}

const runsOf = (files: ReadonlyArray<Walked<FileEntry>>): Run[] => {
  const byPack = new Map<string, Array<Walked<FileEntry>>>()
  for (const file of files) {
    const cid = file.place.cid.toString()
    const known = byPack.get(cid)
    if (known === undefined) byPack.set(cid, [file])
    else known.push(file)
  }
  return [...byPack.values()].flatMap((inPack) => {
    const runs: Run[] = []
    for (const file of inPack.sort((a, b) => startOf(a) - startOf(b))) {
      const run = runs.at(-1)
      const end = startOf(file) + lengthOf(file)
      // Files with the same bytes may share a place; each such file begins a run of its own.
      if (run === undefined || startOf(file) < run.end || startOf(file) - run.end > GAP_BYTES) {
        runs.push({ place: file.place, start: startOf(file), end, files: [file] })
      } else {
        run.end = end
        run.files.push(file)
      }
    }
    return runs
  })
}

const startOf = ({ place }: FileEntry): number => place.slice!.start

const lengthOf = ({ place }: FileEntry): number =>
  storedBytes(place.slice!.plainBytes, place.key !== undefined)

const writeAll = async (file: FileHandle, bytes: Uint8Array): Promise<void> => {
  for (let done = 0; done < bytes.byteLength;) {
    done += (await file.write(bytes, done, bytes.byteLength - done, null)).bytesWritten
  }
}

const otherLength = ({ inside }: Walked<FileEntry>): CliError =>
  new CliError('BAD_FOLDER', `${inside} in the folder has another length than its entry says.`)
