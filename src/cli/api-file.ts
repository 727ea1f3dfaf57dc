import { readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { replaceFile } from '../node/data/files.ts'

/** Where a running node is to be found; `api.json` in its data folder for as long as it runs. */
export interface ApiFile {
  readonly url: string
  /** Absolute path of the file with the token. */
  readonly tokenFile: string
  readonly peerId: string
  readonly pid: number
}

/** Undefined when there is none, or none that can be used. A node that was killed leaves its file behind. */
export const readApiFile = async (data: string): Promise<ApiFile | undefined> => {
  try {
    const { url, tokenFile, peerId, pid } = JSON.parse(await readFile(pathIn(data), 'utf8')) as ApiFile
    const whole =
      [url, tokenFile, peerId].every((value) => typeof value === 'string') && Number.isSafeInteger(pid)
    return whole ? { url, tokenFile, peerId, pid } : undefined
  } catch {
    return undefined
  }
}

export const writeApiFile = async (data: string, file: ApiFile): Promise<void> =>
  await replaceFile(pathIn(data), `${JSON.stringify(file, null, 2)}\n`, 0o600)

export const removeApiFile = async (data: string): Promise<void> => await rm(pathIn(data), { force: true })

const pathIn = (data: string): string => join(resolve(data), 'api.json')
