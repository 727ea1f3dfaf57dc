import { join, resolve } from 'node:path'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { loadApiToken } from './api-token.ts'
import { makeFolder } from './files.ts'
import { loadIdentity } from './identity.ts'
import { NodeError, systemCode } from '../errors.ts'
import { systemReason } from '../system-errors.ts'
import { lockFolder } from './lock.ts'
import type { FolderLock } from './lock.ts'
import { openNetwork } from './network-file.ts'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import type { NetworkDescriptor } from '../network.ts'

/** A node's data folder, locked by this process until `close`. */
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

/** Path of the API token of the node in `data`, for programs that connect to it. */
export const apiTokenPath = (data: string): string => join(resolve(data), 'api-token')

/**
 * The peer id of the node in the folder at `path`. Creates the key if there is none, so that a network can name its
 * validators before they first run.
 *
 * @throws {NodeError} 'UNSAFE_FILE_MODE' | 'BAD_KEY_FILE'
 */
export const futurePeerId = async (path: string): Promise<string> => {
  const root = resolve(path)
  await makeFolder(root)
  return peerIdFromPrivateKey(await loadIdentity(join(root, 'identity.key'))).toString()
}

/**
 * Opens or creates the folder at `path`.
 *
 * @param networkFile - descriptor that the user requested, if any
 * @throws {NodeError} 'BAD_DATA_FOLDER' | 'DATA_FOLDER_IN_USE' | 'UNSAFE_FILE_MODE' | 'BAD_KEY_FILE' | 'OTHER_NETWORK' | 'BAD_NETWORK_FILE'
 * @throws {NetworkDescriptorError}
 */
export const openDataFolder = async (path: string, networkFile: string | undefined): Promise<DataFolder> => {
  const root = resolve(path)
  const lock = await openFolder(path, root)
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
    throw unusable(path, error)
  }
}

const openFolder = async (path: string, root: string): Promise<FolderLock> => {
  try {
    await makeFolder(root)
    return await lockFolder(join(root, 'lock'))
  } catch (error) {
    throw unusable(path, error)
  }
}

/** Maps a system error inside the folder to an error about the folder that the user named. */
const unusable = (path: string, cause: unknown): unknown => {
  const code = systemCode(cause)
  const reason = code === 'EEXIST' || code === 'ENOTDIR' ? 'it is a file' : systemReason(cause)
  if (cause instanceof NodeError || reason === undefined) return cause
  const message = `Cannot use ${path} as the data folder: ${reason}. Choose another folder with --data.`
  return new NodeError('BAD_DATA_FOLDER', message, { path, system: code }, { cause })
}
