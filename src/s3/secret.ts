import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { RandomSource } from '../clock/index.ts'

const SECRET_BYTES = 32

export interface S3Secret {
  readonly secret: Uint8Array
  readonly isNew: boolean
  /** The service has been begun: from now on nothing kept of it is an error. */
  readonly settle: () => Promise<void>
}

/** Where the secret of the S3 service of a data folder is. Whoever has it can read and write all buckets. */
export const secretPath = (dataFolder: string): string => join(dataFolder, 's3', 'secret')

/**
 * The secret of the service: the one in the data folder, else a new one, which stays marked as new until `settle`.
 *
 * @throws Error for a file that is not a secret, and what the file system throws
 */
export const loadSecret = async (dataFolder: string, random: RandomSource): Promise<S3Secret> => {
  const path = secretPath(dataFolder)
  const newPath = `${path}.new`
  const known = await read(path)
  if (known !== undefined) return { secret: known, isNew: false, settle: async () => {} }
  const begun = await read(newPath)
  const secret = begun ?? random.bytes(SECRET_BYTES)
  if (begun === undefined) await write(newPath, secret)
  return {
    secret,
    isNew: true,
    settle: async () => {
      await rename(newPath, path)
      await sync(dirname(path))
    }
  }
}

const read = async (path: string): Promise<Uint8Array | undefined> => {
  try {
    const secret = Buffer.from((await readFile(path, 'utf8')).trim(), 'base64url')
    if (secret.byteLength !== SECRET_BYTES) throw new Error(`${path} is not the secret of an S3 service.`)
    return new Uint8Array(secret)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

const write = async (path: string, secret: Uint8Array): Promise<void> => {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await chmod(dirname(path), 0o700)
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(`${Buffer.from(secret).toString('base64url')}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await sync(dirname(path))
}

const sync = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
