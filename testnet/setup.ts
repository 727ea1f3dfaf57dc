// Makes the network of a compose cluster, or of one on Kubernetes, before its bootstrap peer starts: the peer's key, keys for the first of the other
// peers, and a descriptor that names them all as validators. Run again it changes nothing, unless the bootstrap peer's key
// is new: then the descriptor names that one as the bootstrap peer.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { loadIdentity } from '../src/node/data/identity.ts'
import {
  createDescriptor,
  flatQuorumSet,
  formatDescriptor,
  MAX_EVERYBODY_VALIDATES,
  parseDescriptor
} from '../src/node/network.ts'
import { KEYS_FOLDER, keyName } from './keys.ts'
import type { NetworkDescriptor } from '../src/node/network.ts'

const { values } = parseArgs({
  options: {
    /** Data folder of the bootstrap peer. */
    data: { type: 'string', default: '/data' },
    /** The descriptor that every peer is given. */
    network: { type: 'string', default: '/network/network.json' },
    /** What the network is called. */
    name: { type: 'string', default: 'compose' },
    /** Where the other peers reach the bootstrap peer, without its peer id. */
    address: { type: 'string', default: '/dns4/peer-1/tcp/4701' },
    // Of eight peers two hold no shard of an object: with one or two down, puts go on.
    k: { type: 'string', default: '3' },
    n: { type: 'string', default: '6' },
    /** The first peers, the bootstrap peer included, agree on the map of the network. */
    validators: { type: 'string', default: '8' }
  }
})

const peerId = await idOf(join(values.data, 'identity.key'))
const descriptor = (await existing(values.network)) ?? (await newDescriptor())
await writeFile(
  values.network,
  formatDescriptor({ ...descriptor, bootstrap: [`${values.address}/p2p/${peerId}`] })
)

async function existing(path: string): Promise<NetworkDescriptor | undefined> {
  try {
    return parseDescriptor(await readFile(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function newDescriptor(): Promise<NetworkDescriptor> {
  const count = Number(values.validators)
  if (!Number.isSafeInteger(count) || count < 1 || count > MAX_EVERYBODY_VALIDATES) {
    throw new Error(`--validators must be 1 to ${MAX_EVERYBODY_VALIDATES}, not ${values.validators}`)
  }
  const keys = join(dirname(values.network), KEYS_FOLDER)
  await mkdir(keys, { recursive: true, mode: 0o700 })
  const validators = [peerId]
  for (let number = 1; number < count; number++) validators.push(await idOf(join(keys, keyName(number))))
  const code = { k: Number(values.k), n: Number(values.n) }
  return createDescriptor({ name: values.name, code, quorumSet: flatQuorumSet(validators) })
}

async function idOf(keyFile: string): Promise<string> {
  return peerIdFromPrivateKey(await loadIdentity(keyFile)).toString()
}
