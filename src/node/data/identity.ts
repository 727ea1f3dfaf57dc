import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { NodeError } from '../errors.ts'
import { createFile, readSecret } from './files.ts'
import type { Ed25519PrivateKey } from '@libp2p/interface'

/**
 * The node's Ed25519 key from the file at `path` (libp2p protobuf in base64), created on the first call.
 *
 * @throws {NodeError} 'UNSAFE_FILE_MODE' | 'BAD_KEY_FILE'
 */
export const loadIdentity = async (path: string): Promise<Ed25519PrivateKey> => {
  const text = await readSecret(path)
  if (text !== undefined) return parseKey(path, text)
  await refuseLostKey(path)
  const key = await generateKeyPair('Ed25519')
  const contents = `${Buffer.from(privateKeyToProtobuf(key)).toString('base64')}\n`
  if (await createFile(path, contents, 0o600)) return key
  return await loadIdentity(path)
}

/**
 * Refuses a folder that has a store but no key. With a new key, its shards would belong to no peer and the leases of its
 * own objects could never be renewed.
 */
const refuseLostKey = async (path: string): Promise<void> => {
  const hasStore = await stat(join(dirname(path), 'store')).then(
    () => true,
    () => false
  )
  if (!hasStore) return
  throw new NodeError(
    'BAD_KEY_FILE',
    `The key of this peer, ${path}, is gone, but the folder has the data of the peer. ` +
      'Put back a copy of the key, or start as a new peer with another folder (--data).',
    { path }
  )
}

const parseKey = (path: string, text: string): Ed25519PrivateKey => {
  const bad = (problem: string, cause?: unknown): NodeError =>
    new NodeError(
      'BAD_KEY_FILE',
      `${path} ${problem}. Put back a copy of it, or move it away to start as a new peer.`,
      { path },
      { cause }
    )
  let key
  try {
    key = privateKeyFromProtobuf(Buffer.from(text, 'base64'))
  } catch (cause) {
    throw bad('does not hold a key', cause)
  }
  if (key.type !== 'Ed25519') throw bad(`holds a key of type ${key.type} where Ed25519 is needed`)
  return key
}
