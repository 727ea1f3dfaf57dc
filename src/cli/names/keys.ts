import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { systemCode } from '../../node/errors.ts'
import { createFile, makeFolder, readSecret } from '../../node/data/files.ts'
import { aboutPath, CliError, usageError } from '../errors.ts'

/** What it takes to publish under a name. Whoever has the file can publish, too. */
export interface NameKey {
  /** What its owner calls it; others see only the key. */
  readonly label: string
  readonly privateKey: PrivateKey
  /** Seals what is published; undefined for a public name. */
  readonly sealKey: Uint8Array | undefined
}

const LABEL = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u
const SUFFIX = '.name'

/** Keys of names in the data folder of a node: names/<label>.name, one JSON object each, mode 0600. */
export class NameKeys {
  readonly folder: string

  constructor(dataFolder: string) {
    this.folder = join(dataFolder, 'names')
  }

  pathOf(label: string): string {
    if (LABEL.test(label)) return join(this.folder, `${label}${SUFFIX}`)
    throw usageError(
      `"${label}" cannot be the label of a name.`,
      'Use 1 to 64 letters, digits, dots, dashes and underscores, with a letter or digit in front.'
    )
  }

  /** @throws CliError 'USAGE' when there is one already */
  async create(label: string, sealKey: Uint8Array | undefined): Promise<NameKey> {
    const path = this.pathOf(label)
    const privateKey = await generateKeyPair('Ed25519')
    const text = JSON.stringify({
      version: 1,
      privateKey: Buffer.from(privateKeyToProtobuf(privateKey)).toString('base64url'),
      ...(sealKey !== undefined && { sealKey: Buffer.from(sealKey).toString('base64url') })
    })
    const isNew = await about(path, async () => {
      await makeFolder(this.folder)
      return await createFile(path, `${text}\n`, 0o600)
    })
    if (!isNew) throw usageError(`There is a name with the label ${label} already.`, 'Choose another label.')
    return { label, privateKey, sealKey }
  }

  /** Undefined when there is none. @throws CliError 'BAD_FILE' for a file that is no such key */
  async read(label: string): Promise<NameKey | undefined> {
    const path = this.pathOf(label)
    const text = await about(path, async () => await readSecret(path))
    if (text === undefined) return undefined
    try {
      return { label, ...parseKey(text) }
    } catch {
      throw new CliError('BAD_FILE', `${path} is not the key of a name.`)
    }
  }

  /** Labels of all names, sorted. */
  async labels(): Promise<string[]> {
    const files = await about(this.folder, async () =>
      readdir(this.folder).catch((error: unknown) => {
        if (systemCode(error) === 'ENOENT') return []
        throw error
      })
    )
    const labels = files.filter((file) => file.endsWith(SUFFIX)).map((file) => file.slice(0, -SUFFIX.length))
    return labels.filter((label) => LABEL.test(label)).sort()
  }
}

const parseKey = (text: string): Omit<NameKey, 'label'> => {
  const { version, privateKey, sealKey } = JSON.parse(text) as Record<string, unknown>
  if (version !== 1 || typeof privateKey !== 'string') throw new Error('not a key')
  const key = privateKeyFromProtobuf(Buffer.from(privateKey, 'base64url'))
  if (key.type !== 'Ed25519') throw new Error('another kind of key')
  if (sealKey === undefined) return { privateKey: key, sealKey: undefined }
  const seal = Uint8Array.from(Buffer.from(String(sealKey), 'base64url'))
  if (seal.byteLength !== 32) throw new Error('not a key')
  return { privateKey: key, sealKey: seal }
}

const about = async <T>(path: string, run: () => Promise<T>): Promise<T> => {
  try {
    return await run()
  } catch (error) {
    throw aboutPath(path, error)
  }
}
