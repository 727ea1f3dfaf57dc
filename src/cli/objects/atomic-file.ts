import { randomBytes } from 'node:crypto'
import { access, link, open, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { syncFolder } from '../../node/data/files.ts'
import { CliError } from '../errors.ts'

/**
 * Writes `bytes` to `path`: the file appears whole and durable, or not at all, whatever fails on the way.
 *
 * @param overwrite - replace a file that is there
 * @returns the number of bytes
 * @throws CliError 'FILE_EXISTS'; whatever the source or the disk throws
 */
export const writeAtomically = async (
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  overwrite: boolean
): Promise<number> => {
  const target = resolve(path)
  if (!overwrite) await refuseExisting(target)
  const temporary = join(
    dirname(target),
    `.${basename(target).slice(0, 200)}.${randomBytes(6).toString('hex')}.part`
  )
  const file = await open(temporary, 'wx')
  try {
    let written = 0
    try {
      for await (const part of bytes) {
        await file.writeFile(part)
        written += part.byteLength
      }
      await file.sync()
    } finally {
      await file.close()
    }
    await (overwrite ? rename(temporary, target) : renameUnlessThere(temporary, target))
    await syncFolder(dirname(target))
    return written
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw error
  }
}

/** Early, so that nothing is fetched in vain; `renameUnlessThere` decides. */
export const refuseExisting = async (path: string): Promise<void> => {
  const there = await access(path).then(
    () => true,
    () => false
  )
  if (there) throw exists(path)
}

const renameUnlessThere = async (temporary: string, target: string): Promise<void> => {
  try {
    await link(temporary, target)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw exists(target)
    // File systems without hard links, such as FAT and some network shares.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP') throw error
    await rename(temporary, target)
    return
  }
  await unlink(temporary)
}

const exists = (path: string): CliError =>
  new CliError(
    'FILE_EXISTS',
    `${path} exists already.`,
    'Choose another name with -o, or replace it with --force.'
  )
