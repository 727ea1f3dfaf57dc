import { constants } from 'node:fs'
import { access, lstat, open, readlink, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { closeFile } from './close-file.ts'
import { aboutPath, CliError } from '../errors.ts'
import { orAborted, writeTo } from '../io.ts'
import type { Io } from '../io.ts'

/** Where a get shall write: found out, and refused where it cannot be, before anything is fetched. */
export type Target =
  /** A file that does not exist, or that is to be replaced. */
  | {
      readonly kind: 'file'
      /** As the user named it. */
      readonly path: string
      /** Where it lies, past symbolic links. */
      readonly realPath: string
      /** Mode and owner of the file to be replaced; undefined when there is none. */
      readonly replaces?: { readonly mode: number; readonly uid: number; readonly gid: number }
    }
  /** A folder: the object's own name decides. */
  | { readonly kind: 'folder'; readonly path: string }
  /** A device or named pipe, into which bytes go as they come. */
  | { readonly kind: 'device'; readonly path: string }
  /** A stream that this process has open. */
  | { readonly kind: 'descriptor'; readonly path: string; readonly descriptor: number }

/** As many as the kernel follows. */
const MAX_LINKS = 40
const DESCRIPTOR = /^\/(?:dev|proc\/(?:self|thread-self|\d+))\/fd\/(\d+)$/

/** @throws CliError 'FILE_EXISTS' | 'NO_SUCH_FOLDER'; errors of the system */
export const findTarget = async (path: string, force: boolean): Promise<Target> =>
  await naming(path, async () => await find(path, force), 'write')

const find = async (path: string, force: boolean): Promise<Target> => {
  if (path === '-') return { kind: 'descriptor', path, descriptor: 1 }
  const { realPath, descriptor } = await pastLinks(path)
  if (descriptor !== undefined) return { kind: 'descriptor', path, descriptor }
  const there = await stat(realPath).catch(absent)
  const asFolder = /\/\.{0,2}$|^\.{1,2}$/.test(path)
  if (there?.isDirectory() === true) return { kind: 'folder', path }
  if (there === undefined) {
    await needFolder(path, asFolder ? realPath : dirname(realPath))
    return { kind: 'file', path, realPath }
  }
  if (asFolder) throw notAFolder(path)
  if (there.isCharacterDevice() || there.isFIFO() || there.isSocket()) return { kind: 'device', path }
  if (!force) throw exists(path)
  if (there.isBlockDevice()) return { kind: 'device', path }
  await needFolder(path, dirname(realPath))
  const { mode, uid, gid } = there
  return { kind: 'file', path, realPath, replaces: { mode: mode & 0o7777, uid, gid } }
}

/** The file `name` in a folder, or the target itself when it is none. @throws as `findTarget` */
export const targetIn = async (
  target: Target,
  name: string,
  force: boolean
): Promise<Exclude<Target, { kind: 'folder' }>> => {
  if (target.kind !== 'folder') return target
  const inside = await findTarget(join(target.path, name), force)
  if (inside.kind === 'folder') throw exists(inside.path)
  return inside
}

/** Writes into a device or an open stream. @returns the number of bytes */
export const writeInto = async (
  target: Extract<Target, { kind: 'device' | 'descriptor' }>,
  bytes: AsyncIterable<Uint8Array>,
  io: Pick<Io, 'stdout' | 'stderr' | 'signal'>
): Promise<number> => {
  const stream =
    target.kind === 'descriptor' ? [undefined, io.stdout, io.stderr][target.descriptor] : undefined
  if (stream !== undefined) {
    return await forEach(bytes, async (part) => await writeTo(stream, part))
  }
  // Opened by its name a stream of this process is the same pipe or terminal.
  const { signal } = io
  const named = async <T>(work: () => Promise<T>): Promise<T> =>
    await naming(target.path, async () => await orAborted(signal, work()))
  const file = await named(async () => await open(target.path, constants.O_WRONLY))
  try {
    return await forEach(bytes, async (part) => await named(async () => await writeAll(file, part)))
  } finally {
    await closeFile(file, signal)
  }
}

/** Devices take what they like at a time, and pipes have no position. */
const writeAll = async (file: FileHandle, bytes: Uint8Array): Promise<void> => {
  for (let done = 0; done < bytes.byteLength;) {
    done += (await file.write(bytes, done, bytes.byteLength - done, null)).bytesWritten
  }
}

const forEach = async (
  source: AsyncIterable<Uint8Array>,
  write: (part: Uint8Array) => Promise<void>
): Promise<number> => {
  let written = 0
  for await (const part of source) {
    await write(part)
    written += part.byteLength
  }
  return written
}

/**
 * Errors of the system name the path that the user gave, not one that only we know.
 *
 * @param purpose - what the user wants of the path, where the call that failed is only a step towards it
 */
export const naming = async <T>(path: string, work: () => Promise<T>, purpose?: 'write'): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    if (typeof (error as NodeJS.ErrnoException).syscall !== 'string') throw error
    throw aboutPath(path, purpose === undefined ? error : Object.assign(error as Error, { syscall: purpose }))
  }
}

/** Follows symbolic links as far as files go; /dev/stdout and its kind end at a stream of this process. */
const pastLinks = async (path: string): Promise<{ realPath: string; descriptor?: number }> => {
  let realPath = resolve(path)
  for (let followed = 0; ; followed++) {
    const descriptor = DESCRIPTOR.exec(realPath)?.[1]
    if (descriptor !== undefined && isOwn(realPath)) return { realPath, descriptor: Number(descriptor) }
    const found = await lstat(realPath).catch(absent)
    if (found?.isSymbolicLink() !== true) return { realPath }
    if (followed === MAX_LINKS)
      throw aboutPath(path, Object.assign(new Error('ELOOP'), { code: 'ELOOP', syscall: 'open' }))
    realPath = resolve(dirname(realPath), await readlink(realPath))
  }
}

const isOwn = (path: string): boolean => {
  const process_ = /^\/proc\/(\d+)\//.exec(path)?.[1]
  return process_ === undefined || Number(process_) === process.pid
}

const absent = (error: NodeJS.ErrnoException): undefined => {
  if (error.code !== 'ENOENT') throw error
  return undefined
}

/** The folder of a file to be made must be there, and let us make one. */
const needFolder = async (path: string, folder: string): Promise<void> => {
  const there = await stat(folder).catch(absent)
  if (there === undefined) {
    throw new CliError(
      'NO_SUCH_FOLDER',
      `There is no folder for ${path}.`,
      `Make it first: mkdir -p ${folder}`
    )
  }
  if (!there.isDirectory()) throw notAFolder(folder)
  await access(folder, constants.W_OK | constants.X_OK)
}

const notAFolder = (path: string): CliError =>
  new CliError('NO_SUCH_FOLDER', `${path} is not a folder.`, 'Choose another name with -o.')

export const exists = (path: string): CliError =>
  new CliError(
    'FILE_EXISTS',
    `${path} exists already.`,
    'Choose another name with -o, or replace it with --force.'
  )
