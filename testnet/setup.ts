// Makes the network of a compose cluster, before its bootstrap peer starts: the peer's key, and a descriptor that
// names the peer. Run again it changes nothing, unless the key is new: then the descriptor names that one.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { loadIdentity } from '../src/node/data/identity.ts'
import { createDescriptor, formatDescriptor, parseDescriptor } from '../src/node/network.ts'
import type { NetworkDescriptor } from '../src/node/network.ts'

const { values } = parseArgs({
  options: {
    /** Data folder of the bootstrap peer. */
    data: { type: 'string', default: '/data' },
    /** The descriptor that every peer is given. */
    network: { type: 'string', default: '/network/network.json' },
    /** Where the other peers reach the bootstrap peer, without its peer id. */
    address: { type: 'string', default: '/dns4/peer-1/tcp/4701' },
    // Of eight peers two hold no shard of an object: with one or two down, puts go on.
    k: { type: 'string', default: '3' },
    n: { type: 'string', default: '6' }
  }
})

async function existing(path: string): Promise<NetworkDescriptor | undefined> {
  try {
    return parseDescriptor(await readFile(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

const peerId = peerIdFromPrivateKey(await loadIdentity(join(values.data, 'identity.key')))
const code = { k: Number(values.k), n: Number(values.n) }
const descriptor = (await existing(values.network)) ?? createDescriptor({ name: 'compose', code })
await writeFile(
  values.network,
  formatDescriptor({ ...descriptor, bootstrap: [`${values.address}/p2p/${peerId}`] })
)
