import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { loadApiToken } from './api-token.ts'
import { loadIdentity } from './identity.ts'
import { lockFolder } from './lock.ts'
import { openNetwork } from './network-file.ts'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import type { NetworkDescriptor } from '../network.ts'

/** A node's data folder, held by this process until `close`. */
export interface DataFolder {
  readonly identity: Ed25519PrivateKey
  readonly network: NetworkDescriptor
  readonly apiToken: string
  readonly apiTokenPath: string
  /** LevelDB of libp2p: peers met and DHT records. */
  readonly hostPath: string
  /** Shards and their index. */
  readonly storePath: string
  readonly close: () => Promise<void>
}

/** Where the token of the node in `data` lies, for programs that talk to it. */
export const apiTokenPath = (data: string): string => join(resolve(data), 'api-token')

/**
 * Opens (or makes) the folder at `path`.
 *
 * @param networkFile - descriptor asked for by the user, if any
 * @throws {NodeError} 'DATA_FOLDER_IN_USE' | 'UNSAFE_FILE_MODE' | 'BAD_KEY_FILE' | 'OTHER_NETWORK' | 'BAD_NETWORK_FILE'
 * @throws {NetworkDescriptorError}
 */
export const openDataFolder = async (path: string, networkFile: string | undefined): Promise<DataFolder> => {
  const root = resolve(path)
  await mkdir(root, { recursive: true, mode: 0o700 })
  const lock = await lockFolder(join(root, 'lock'))
  try {
    return {
      identity: await loadIdentity(join(root, 'identity.key')),
      network: await openNetwork(join(root, 'network.json'), networkFile),
      apiToken: await loadApiToken(apiTokenPath(root)),
      apiTokenPath: apiTokenPath(root),
      hostPath: join(root, 'host'),
      storePath: join(root, 'store'),
      close: lock.release
    }
  } catch (error) {
    await lock.release()
    throw error
  }
}
