import { CliError } from '../errors.ts'
import type { Io } from '../io.ts'
import { writeWhole } from './part-file.ts'
import { findTarget, writeInto } from './target.ts'

const streams = (): Pick<Io, 'stdout' | 'stderr'> => ({ stdout: process.stdout, stderr: process.stderr })

/**
 * Writes `bytes` to `path`: a file appears whole and durable, or not at all, whatever fails on the way.
 *
 * @param overwrite - replace a file that is there
 * @returns the number of bytes
 * @throws CliError 'FILE_EXISTS' | 'IS_DIRECTORY' | 'NO_SUCH_FOLDER'; whatever the source or the disk throws
 */
export const writeAtomically = async (
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  overwrite: boolean
): Promise<number> => {
  const target = await findTarget(path, overwrite)
  if (target.kind === 'file') return await writeWhole(target, bytes)
  if (target.kind !== 'folder')
    return await writeInto(target, bytes, { ...streams(), signal: new AbortController().signal })
  throw new CliError('IS_DIRECTORY', `${path} is a folder.`, 'Name a file in it.')
}
