import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { CID } from 'multiformats/cid'
import { systemRandom } from '../../clock/index.ts'
import { buildFolder, formatPlace, isPacked, planPacks, sealItem } from '../../folders/index.ts'
import type { FileEntry, FolderSource, Place } from '../../folders/index.ts'
import {
  folderPartKey,
  generateKey,
  MAX_NAME_BYTES,
  sealedObjectBytes,
  sealObject
} from '../../seal/index.ts'
import type { NodeClient } from '../client.ts'
import { aboutPath, CliError } from '../errors.ts'
import type { Io } from '../io.ts'
import { cleanName, cutToBytes } from '../objects/names.ts'
import type { PutArguments } from '../objects/put.ts'
import { identityOf, sameIdentity } from '../objects/resume-record.ts'
import { upload } from '../objects/upload.ts'
import { startProgress } from '../progress.ts'
import type { Progress } from '../progress.ts'
import { atOnce } from './at-once.ts'
import { filesOf, scanFolder } from './scan.ts'
import type { ScannedFile, ScannedFolder } from './scan.ts'
import type { EarlierVersion } from './earlier.ts'

export interface FolderOutcome {
  /** With the key after '#', unless public. */
  readonly link: string
  readonly cid: string
  readonly name: string
  readonly files: number
  /** Files that an earlier version had already. */
  readonly reused: number
  /** Bytes of all files, before sealing. */
  readonly plainBytes: number
  /** Objects that were stored for it. */
  readonly objects: number
  readonly elapsedMs: number
  /** Peers that may be lost: of the weakest of its objects. */
  readonly tolerates: number
  readonly warning?: string
}

/** Files of a megabyte and more are objects of their own; so many are put at once. */
const OBJECTS_AT_ONCE = 3

/**
 * Puts a folder with all that is in it: files and nodes first, the topmost node last, so that a folder that was broken off
 * has no link.
 *
 * @param earlier - a version of which unchanged files are used again
 * @throws CliError 'NOT_A_FILE' | 'FILE_CHANGED'; what puts of files throw
 */
export const putFolder = async (
  client: NodeClient,
  io: Io,
  put: PutArguments,
  path: string,
  earlier?: EarlierVersion
): Promise<FolderOutcome> => {
  const startedMs = performance.now()
  const name = cutToBytes(cleanName(put.name ?? basename(resolve(path))), MAX_NAME_BYTES - 1) || 'folder'
  const folder = await scanFolder(path, name, io.signal)
  const key = put.isPublic ? undefined : (earlier?.key ?? generateKey(systemRandom))
  const files = [...filesOf(folder)]
  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0)
  const progress = await startProgress(io, 'put', totalBytes, put.quiet)
  const writer = new FolderWriter({ client, io, put, name, key, progress })
  try {
    const places = await writer.putFiles(files, earlier)
    const built = await buildFolder(sourceOf(folder, places), async (nodes) => await writer.putNodes(nodes))
    const root = await writer.putRoot(built.root)
    const network = Buffer.from((await client.network()).id, 'hex')
    return {
      link: formatPlace(network, root, true),
      cid: root.cid.toString(),
      name,
      files: built.files,
      reused: writer.reused,
      plainBytes: built.bytes,
      objects: writer.objects,
      elapsedMs: performance.now() - startedMs,
      tolerates: writer.tolerates,
      ...(writer.warning !== undefined && { warning: writer.warning })
    }
  } finally {
    progress.stop()
  }
}

const sourceOf = (folder: ScannedFolder, places: ReadonlyMap<ScannedFile, Place>): FolderSource => ({
  entries: [
    ...folder.files.map((file): FileEntry => {
      const { name, mode, mtimeMs, bytes } = file
      return { type: 'file', name, mode, mtimeMs, bytes, place: places.get(file)! }
    }),
    ...folder.symlinks
  ],
  folders: folder.folders.map((inner) => {
    const { name, mode, mtimeMs } = inner
    return { name, mode, mtimeMs, source: sourceOf(inner, places) }
  })
})

interface WriterInit {
  readonly client: NodeClient
  readonly io: Io
  readonly put: PutArguments
  readonly name: string
  /** Of the folder; undefined when nothing is sealed. */
  readonly key: Uint8Array | undefined
  readonly progress: Progress
}

/** Something that goes into a pack: what it is made of is asked for when its turn comes. */
interface PackItem {
  readonly bytes: number
  readonly read: () => Promise<Uint8Array>
}

/** Puts the objects of one folder, and counts them. */
class FolderWriter {
  readonly #init: WriterInit
  #packs = 0
  #readBytes = 0
  objects = 0
  reused = 0
  tolerates = Infinity
  warning: string | undefined

  constructor(init: WriterInit) {
    this.#init = init
  }

  /** @returns where each file lies */
  async putFiles(
    files: readonly ScannedFile[],
    earlier: EarlierVersion | undefined
  ): Promise<Map<ScannedFile, Place>> {
    const places = new Map<ScannedFile, Place>()
    const fresh = files.filter((file) => {
      const place = earlier?.placeOf(file)
      if (place === undefined) return true
      places.set(file, place)
      this.reused++
      this.#count(file.bytes)
      return false
    })
    const small = fresh.filter(({ bytes }) => isPacked(bytes))
    const items = small.map((file) => ({ bytes: file.bytes, read: async () => await readWhole(file) }))
    const smallPlaces = await this.#putItems(items)
    small.forEach((file, index) => places.set(file, smallPlaces[index]))
    const large = fresh.filter(({ bytes }) => !isPacked(bytes))
    const largePlaces = await atOnce(OBJECTS_AT_ONCE, large, async (file) => await this.#putLarge(file))
    large.forEach((file, index) => places.set(file, largePlaces[index]))
    return places
  }

  /** @returns where each node lies */
  async putNodes(nodes: readonly Uint8Array[]): Promise<Place[]> {
    return await this.#putItems(nodes.map((node) => ({ bytes: node.byteLength, read: async () => node })))
  }

  async putRoot(node: Uint8Array): Promise<Place> {
    const { key, name } = this.#init
    // No file has a name with a slash: a folder is known by it also where the slash of its link was lost.
    const bytes = key === undefined ? once(node) : sealObject(key, `${name}/`)(once(node))
    const size = key === undefined ? node.byteLength : sealedObjectBytes(node.byteLength)
    const cid = await this.#upload(bytes, size, `${name}/`)
    return { cid, ...(key !== undefined && { key }) }
  }

  /** Packs of things in their order. */
  async #putItems(items: readonly PackItem[]): Promise<Place[]> {
    const { key, name } = this.#init
    const places: Place[] = []
    for (const pack of planPacks(items, key !== undefined)) {
      const keys: Array<Uint8Array | undefined> = []
      const bytes = this.#packBytes(
        pack.items.map(({ item }) => item),
        keys
      )
      const cid = await this.#upload(bytes, pack.bytes, `${name}/ (pack ${++this.#packs})`)
      pack.items.forEach(({ item, start }, index) => {
        const itemKey = keys[index]
        const slice = { start, plainBytes: item.bytes }
        places.push({ cid, slice, ...(itemKey !== undefined && { key: itemKey }) })
      })
    }
    return places
  }

  /** @param keys - takes the key of each item as it is sealed */
  async *#packBytes(
    items: readonly PackItem[],
    keys: Array<Uint8Array | undefined>
  ): AsyncGenerator<Uint8Array> {
    const { key } = this.#init
    for (const { bytes, read } of items) {
      const plain = await read()
      const itemKey = key && (await folderPartKey(key, 'item', plain))
      keys.push(itemKey)
      const stored = await sealItem(plain, itemKey)
      this.#count(bytes)
      if (stored.byteLength > 0) yield stored
    }
  }

  async #putLarge(file: ScannedFile): Promise<Place> {
    const { key, name } = this.#init
    const plain = this.#counted(bytesOf(file))
    const fileKey = key && (await folderPartKey(key, 'file', identityBytes(file)))
    const own = cutToBytes(cleanName(file.name), MAX_NAME_BYTES)
    const bytes = fileKey === undefined ? plain : sealObject(fileKey, own)(plain)
    const size = fileKey === undefined ? file.bytes : sealedObjectBytes(file.bytes)
    const cid = await this.#upload(bytes, size, `${name}/${file.inside}`)
    return { cid, ...(fileKey !== undefined && { key: fileKey }) }
  }

  async #upload(bytes: AsyncIterable<Uint8Array>, sizeBytes: number, name: string): Promise<CID> {
    const { client, put, key } = this.#init
    const { k, n, margin, code, fewer, lease } = put
    const result = await upload(client, bytes, {
      // Its name is for `thhe ls` on this node only.
      query: {
        k,
        n,
        margin,
        code,
        fewer,
        lease,
        name: cutToBytes(cleanName(name), 1000),
        sealed: key !== undefined
      },
      sizeBytes,
      onProgress: () => {}
    })
    this.objects++
    this.tolerates = Math.min(this.tolerates, result.tolerates)
    this.warning ??= result.warning
    return CID.parse(result.cid)
  }

  async *#counted(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const part of source) {
      this.#count(part.byteLength)
      yield part
    }
  }

  #count(bytes: number): void {
    this.#readBytes += bytes
    this.#init.progress.update(this.#readBytes, this.objects === 0 ? '' : `${this.objects} objects safe`)
  }
}

const READ_BYTES = 1 << 20

/** The bytes of a file as it was when it was looked at. @throws CliError 'FILE_CHANGED' */
async function* bytesOf(file: ScannedFile): AsyncGenerator<Uint8Array> {
  // What has become a symbolic link since is not followed.
  const handle = await open(file.path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException
    throw code === 'ENOENT' || code === 'ELOOP' ? changed(file) : aboutPath(file.path, error)
  })
  const check = async (): Promise<void> => {
    const stats = await handle.stat({ bigint: true })
    if (!sameIdentity(identityOf(stats), identityOf(file.stats))) throw changed(file)
  }
  try {
    await check()
    let position = 0
    while (position < file.bytes) {
      const wanted = Math.min(READ_BYTES, file.bytes - position)
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(wanted), 0, wanted, position)
      position += bytesRead
      if (bytesRead === 0) throw changed(file)
      // The last bytes go out only once the file is known to be what it was.
      if (position === file.bytes) await check()
      yield buffer.subarray(0, bytesRead)
    }
    const { bytesRead: beyond } = await handle.read(Buffer.alloc(1), 0, 1, position)
    if (beyond > 0) throw changed(file)
  } finally {
    await handle.close()
  }
}

const readWhole = async (file: ScannedFile): Promise<Uint8Array> => {
  const parts: Uint8Array[] = []
  for await (const part of bytesOf(file)) parts.push(part)
  return parts.length === 1 ? parts[0] : Buffer.concat(parts)
}

/** Another file, or another state of it, is sealed under another key. */
const identityBytes = ({ inside, bytes, stats }: ScannedFile): Uint8Array =>
  Buffer.from(`${inside}\0${bytes}\0${stats.mtimeNs}`)

const changed = ({ path }: ScannedFile): CliError =>
  new CliError(
    'FILE_CHANGED',
    `${path} was changed while its folder was put; the folder has no link.`,
    'Put the folder again once it is left alone, or put a copy.'
  )

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
