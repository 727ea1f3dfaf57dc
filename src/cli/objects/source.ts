import type { BigIntStats } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import { closeFile } from './close-file.ts'
import { CliError, usageError } from '../errors.ts'
import { orAborted } from '../io.ts'
import type { Io } from '../io.ts'
import { naming } from './target.ts'
import { identityOf, sameIdentity } from './resume-record.ts'

const READ_BYTES = 1 << 20

/** What is to be put: a file, or standard input. */
export interface Source {
  readonly name: string
  /** Undefined for a stream of unknown length. */
  readonly sizeBytes: number | undefined
  /** For a regular file of a size that can be relied on: what a put can be resumed by. */
  readonly file?: { readonly path: string; readonly stats: BigIntStats }
  /** @throws CliError 'FILE_CHANGED' at the end when the file is not what it was at the start */
  readonly bytes: AsyncIterable<Uint8Array>
  close: () => Promise<void>
}

/** Opens FILE, or standard input for '-'. @throws CliError 'NO_SUCH_FILE' | 'IS_DIRECTORY' and the like */
export const openSource = async (
  path: string,
  { stdin, signal }: Pick<Io, 'stdin' | 'signal'>
): Promise<Source> => {
  if (path === '-') {
    if (stdin.isTTY === true) throw usageError('Standard input is a terminal.', 'Pipe something into it.')
    return {
      name: 'stdin',
      sizeBytes: undefined,
      bytes: stdin as AsyncIterable<Uint8Array>,
      close: async () => {}
    }
  }
  const handle = await orAborted(signal, open(path, 'r')).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    throw new CliError(
      'NO_SUCH_FILE',
      `There is no file ${path}.`,
      'Check the path, or write - for standard input.'
    )
  })
  try {
    return await fromHandle(path, handle, signal)
  } catch (error) {
    await closeFile(handle, signal)
    throw error
  }
}

const fromHandle = async (path: string, handle: FileHandle, signal: AbortSignal): Promise<Source> => {
  const stats = await handle.stat({ bigint: true })
  const close = async (): Promise<void> => await closeFile(handle, signal)
  const name = basename(path)
  if (stats.isDirectory()) {
    throw new CliError(
      'IS_DIRECTORY',
      `${path} is a directory: putting directories is not supported yet.`,
      `Pack it first: tar -c ${path} | thhe put - --name ${name}.tar`
    )
  }
  if (!stats.isFile()) {
    // A pipe or device: its length shows when it ends.
    return { name, sizeBytes: undefined, bytes: handle.createReadStream({ autoClose: false }), close }
  }
  if (stats.blocks === 0n) return { name, ...(await withoutBlocks(path, handle, stats, signal)), close }
  return {
    name,
    sizeBytes: Number(stats.size),
    file: { path: await realpath(path), stats },
    bytes: ofSize(path, handle, stats),
    close
  }
}

/**
 * A file that takes no room on a disk. The kernel makes such files up as they are read (/proc, /sys): their size is 0
 * or a guess, and only reading tells. Empty files, sparse ones and some small ones are read in the same way.
 */
const withoutBlocks = async (
  path: string,
  handle: FileHandle,
  before: BigIntStats,
  signal: AbortSignal
): Promise<Pick<Source, 'sizeBytes' | 'bytes'>> => {
  // The kernel may keep a reader of its files waiting, as the one of its log.
  const read = async (): Promise<Uint8Array> =>
    await naming(path, async () => await orAborted(signal, readFully(handle)))
  const first = await read()
  const isWhole = first.byteLength < READ_BYTES
  return {
    sizeBytes: isWhole ? first.byteLength : undefined,
    bytes: (async function* () {
      let part = first
      while (part.byteLength === READ_BYTES) {
        const next = await read()
        yield part
        part = next
      }
      await refuseChanged(path, handle, before)
      if (part.byteLength > 0) yield part
    })()
  }
}

/** The next `READ_BYTES` of a file; fewer only at its end. Files of the kernel give a page at a time. */
const readFully = async (handle: FileHandle): Promise<Uint8Array> => {
  const buffer = Buffer.allocUnsafe(READ_BYTES)
  let filled = 0
  while (filled < READ_BYTES) {
    const { bytesRead } = await handle.read(buffer, filled, READ_BYTES - filled, null)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return buffer.subarray(0, filled)
}

/** The last piece goes out only once the file is known to be what it was: a put of a changed file never completes. */
async function* ofSize(path: string, handle: FileHandle, before: BigIntStats): AsyncGenerator<Uint8Array> {
  const sizeBytes = Number(before.size)
  let position = 0
  while (position < sizeBytes) {
    const wanted = Math.min(READ_BYTES, sizeBytes - position)
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(wanted), 0, wanted, position)
    position += bytesRead
    if (bytesRead === 0 || position === sizeBytes) {
      const { bytesRead: beyond } = await handle.read(Buffer.alloc(1), 0, 1, position)
      await refuseChanged(path, handle, before)
      if (position < sizeBytes || beyond > 0) throw wrongSize(path, sizeBytes)
    }
    yield buffer.subarray(0, bytesRead)
  }
}

const refuseChanged = async (path: string, handle: FileHandle, before: BigIntStats): Promise<void> => {
  const after = await handle.stat({ bigint: true })
  if (sameIdentity(identityOf(before), identityOf(after))) return
  throw new CliError(
    'FILE_CHANGED',
    `${path} was changed while it was read; nothing has been stored.`,
    'Put it again once it is left alone, or put a copy.'
  )
}

/** Some file systems of user programs do not know how long their files are. */
const wrongSize = (path: string, sizeBytes: number): CliError =>
  new CliError(
    'FILE_CHANGED',
    `${path} is said to have ${sizeBytes} bytes, and reading gives another number; nothing has been stored.`,
    `Put what reading gives: cat ${path} | thhe put -`
  )
