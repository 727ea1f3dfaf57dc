import type { BigIntStats, Dirent } from 'node:fs'
import { lstat, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { aboutPath, CliError } from '../errors.ts'
import { nameFault } from '../../folders/index.ts'
import type { SymlinkEntry } from '../../folders/index.ts'
import { atOnce } from './at-once.ts'

/** A file as it was found; its bytes are read later. */
export interface ScannedFile {
  readonly name: string
  /** As the user would write it. */
  readonly path: string
  /** Within the folder that is put. */
  readonly inside: string
  readonly mode: number
  readonly mtimeMs: number
  readonly bytes: number
  readonly stats: BigIntStats
}

export interface ScannedFolder {
  readonly name: string
  readonly mode: number
  readonly mtimeMs: number
  readonly files: readonly ScannedFile[]
  readonly symlinks: readonly SymlinkEntry[]
  readonly folders: readonly ScannedFolder[]
}

const STATS_AT_ONCE = 32

/**
 * Looks at all that is in a folder, before anything of it is put. Symbolic links are kept as they are and never followed.
 *
 * @throws CliError 'NOT_A_FILE' for devices, sockets and pipes, and for names that are not UTF-8; errors of the system
 */
export const scanFolder = async (path: string, name: string, signal: AbortSignal): Promise<ScannedFolder> =>
  await scan(path, '', name, await lookAt(`${path}/`), signal)

const scan = async (
  path: string,
  inside: string,
  name: string,
  stats: BigIntStats,
  signal: AbortSignal
): Promise<ScannedFolder> => {
  const files: ScannedFile[] = []
  const symlinks: SymlinkEntry[] = []
  const folders: ScannedFolder[] = []
  const found = await entriesOf(path)
  const all = await atOnce(STATS_AT_ONCE, found, async (dirent) => {
    signal.throwIfAborted()
    const childName = nameOf(dirent, path)
    const childPath = join(path, childName)
    return { childName, childPath, childStats: await lookAt(childPath) }
  })
  for (const { childName, childPath, childStats } of all) {
    const childInside = inside === '' ? childName : `${inside}/${childName}`
    if (childStats.isDirectory()) {
      folders.push(await scan(childPath, childInside, childName, childStats, signal))
    } else if (childStats.isSymbolicLink()) {
      const target = await naming(childPath, async () => await readlink(childPath))
      symlinks.push({ type: 'symlink', name: childName, mtimeMs: timeOf(childStats), target })
    } else if (childStats.isFile()) {
      files.push({
        name: childName,
        path: childPath,
        inside: childInside,
        mode: modeOf(childStats),
        mtimeMs: timeOf(childStats),
        bytes: Number(childStats.size),
        stats: childStats
      })
    } else {
      throw new CliError(
        'NOT_A_FILE',
        `${childPath} is ${kindOf(childStats)}: a folder is put with files, folders and symbolic links only.`,
        'Move it out of the folder; nothing has been stored.'
      )
    }
  }
  return { name, mode: modeOf(stats), mtimeMs: timeOf(stats), files, symlinks, folders }
}

/** All files of a folder and of those in it. */
export function* filesOf(folder: ScannedFolder): Generator<ScannedFile> {
  yield* folder.files
  for (const inner of folder.folders) yield* filesOf(inner)
}

const entriesOf = async (path: string): Promise<Array<Dirent<Buffer>>> =>
  await naming(path, async () => await readdir(path, { encoding: 'buffer', withFileTypes: true }))

const lookAt = async (path: string): Promise<BigIntStats> =>
  await naming(path, async () => await lstat(path, { bigint: true }))

const naming = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    throw aboutPath(path, error)
  }
}

const nameOf = ({ name: bytes }: Dirent<Buffer>, path: string): string => {
  const name = bytes.toString('utf8')
  const fault = Buffer.from(name).equals(bytes) ? nameFault(name) : 'is not valid UTF-8'
  if (fault === undefined) return name
  throw new CliError(
    'NOT_A_FILE',
    `The name of ${join(path, name)} ${fault}.`,
    'Rename it; nothing has been stored.'
  )
}

const modeOf = ({ mode }: BigIntStats): number => Number(mode & 0o777n)

/** Whole milliseconds, rounded down, also before 1970. */
const timeOf = ({ mtimeNs }: BigIntStats): number => Math.floor(Number(mtimeNs / 1000n) / 1000)

const kindOf = (stats: BigIntStats): string => {
  if (stats.isFIFO()) return 'a named pipe'
  if (stats.isSocket()) return 'a socket'
  return 'a device'
}
