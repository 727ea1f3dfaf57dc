import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { NodeError, systemCode } from '../errors.ts'

/**
 * Creates a file, completely and durably or not at all.
 *
 * @returns false if the file existed already
 */
export const createFile = async (path: string, contents: string, mode: number): Promise<boolean> => {
  const temporary = await writeTemporary(path, contents, mode)
  try {
    await link(temporary, path)
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw error
  } finally {
    await unlink(temporary)
  }
  await syncFolder(dirname(path))
  return true
}

/** Writes or replaces a file atomically: at any moment the old or the new version exists. */
export const replaceFile = async (path: string, contents: string, mode: number): Promise<void> => {
  const temporary = await writeTemporary(path, contents, mode)
  await rename(temporary, path)
  await syncFolder(dirname(path))
}

/** @returns undefined if there is no such file */
export const readIfThere = async (path: string): Promise<string | undefined> =>
  await readFile(path, 'utf8').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  })

/**
 * Reads a secret. Refuses a file that other users could read.
 *
 * @returns undefined if there is no such file
 * @throws {NodeError} 'UNSAFE_FILE_MODE'
 */
export const readSecret = async (path: string): Promise<string | undefined> => {
  const contents = await readIfThere(path)
  if (contents === undefined || process.platform === 'win32') return contents
  const mode = (await stat(path)).mode & 0o777
  if ((mode & 0o077) === 0) return contents
  throw new NodeError(
    'UNSAFE_FILE_MODE',
    `Others than its owner can get at ${path} (mode ${mode.toString(8)}). ` +
      `If nobody has read it, run: chmod 600 ${path}`,
    { path, mode }
  )
}

const writeTemporary = async (path: string, contents: string, mode: number): Promise<string> => {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  const handle = await open(temporary, 'wx', mode)
  try {
    await handle.writeFile(contents)
    await handle.sync()
  } finally {
    await handle.close()
  }
  return temporary
}

/** Creates the folder and its parents, accessible to the owner only. */
export const makeFolder = async (path: string): Promise<void> => {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    // On a read-only disk a recursive mkdir fails with ENOENT. Creating the first missing folder shows the real reason.
    if (systemCode(error) !== 'ENOENT') throw error
    await mkdir(await firstMissing(resolve(path)), { mode: 0o700 })
    throw error
  }
}

const firstMissing = async (path: string): Promise<string> => {
  const parent = dirname(path)
  const there = await stat(parent).then(
    () => true,
    () => false
  )
  return there || parent === path ? path : await firstMissing(parent)
}

export const syncFolder = async (path: string): Promise<void> => {
  // Windows cannot sync a folder; NTFS journals names itself.
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
