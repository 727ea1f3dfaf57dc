import type { BigIntStats } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import { CliError, usageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { identityOf, sameIdentity } from './resume-record.ts'

const READ_BYTES = 1 << 20

/** What is to be put: a file, or standard input. */
export interface Source {
  readonly name: string
  /** Undefined for a stream of unknown length. */
  readonly sizeBytes: number | undefined
  /** For a regular file: what a put can be resumed by. */
  readonly file?: { readonly path: string; readonly stats: BigIntStats }
  /** @throws CliError 'FILE_CHANGED' at the end when the file is not what it was at the start */
  readonly bytes: AsyncIterable<Uint8Array>
  close: () => Promise<void>
}

/** Opens FILE, or standard input for '-'. @throws CliError 'NO_SUCH_FILE' | 'IS_DIRECTORY' and the like */
export const openSource = async (path: string, { stdin }: Pick<Io, 'stdin'>): Promise<Source> => {
  if (path === '-') {
    if (stdin.isTTY === true) throw usageError('Standard input is a terminal.', 'Pipe something into it.')
    return {
      name: 'stdin',
      sizeBytes: undefined,
      bytes: stdin as AsyncIterable<Uint8Array>,
      close: async () => {}
    }
  }
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    throw new CliError(
      'NO_SUCH_FILE',
      `There is no file ${path}.`,
      'Check the path, or write - for standard input.'
    )
  })
  try {
    return await fromHandle(path, handle)
  } catch (error) {
    await handle.close()
    throw error
  }
}

const fromHandle = async (path: string, handle: FileHandle): Promise<Source> => {
  const stats = await handle.stat({ bigint: true })
  const close = async (): Promise<void> => await handle.close()
  if (stats.isDirectory()) {
    throw new CliError(
      'IS_DIRECTORY',
      `${path} is a directory: putting directories is not supported yet.`,
      `Pack it first: tar -c ${path} | thhe put - --name ${basename(path)}.tar`
    )
  }
  if (!stats.isFile()) {
    // A pipe or device: its length shows when it ends.
    return {
      name: basename(path),
      sizeBytes: undefined,
      bytes: handle.createReadStream({ autoClose: false }),
      close
    }
  }
  return {
    name: basename(path),
    sizeBytes: Number(stats.size),
    file: { path: await realpath(path), stats },
    bytes: unchanging(path, handle, stats),
    close
  }
}

/** The last piece goes out only once the file is known to be what it was: a put of a changed file never completes. */
async function* unchanging(
  path: string,
  handle: FileHandle,
  before: BigIntStats
): AsyncGenerator<Uint8Array> {
  const sizeBytes = Number(before.size)
  let position = 0
  for (;;) {
    const wanted = Math.min(READ_BYTES, sizeBytes - position)
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(wanted), 0, wanted, position)
    position += bytesRead
    const last = position === sizeBytes
    if (last || bytesRead === 0) await refuseChanged(path, handle, before, position)
    if (bytesRead > 0) yield buffer.subarray(0, bytesRead)
    if (last) return
  }
}

const refuseChanged = async (
  path: string,
  handle: FileHandle,
  before: BigIntStats,
  readBytes: number
): Promise<void> => {
  const after = await handle.stat({ bigint: true })
  if (readBytes === Number(before.size) && sameIdentity(identityOf(before), identityOf(after))) return
  throw new CliError(
    'FILE_CHANGED',
    `${path} was changed while it was read; nothing has been stored.`,
    'Put it again once it is left alone, or put a copy.'
  )
}
