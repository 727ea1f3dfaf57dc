import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { MemoryDatastore } from 'datastore-core'
import { createSegmentCodec } from '../../../encoder/index.ts'
import {
  configWith,
  createDescriptor,
  createNode,
  formatDescriptor,
  silentLogger
} from '../../../src/node/index.ts'
import { limitConnections, WORTH } from '../../../src/node/host/connection-limit.ts'
import { createHost, startHost } from '../../../src/node/host/host.ts'
import { systemClock } from '../../../src/clock/index.ts'
import { Libp2pMesh } from '../../../src/node/mesh.ts'
import { placementPeers } from '../../../src/node/peers/placement-view.ts'
import { rttMicros } from '../../../src/node/peers/rtt.ts'
import { PeerTable } from '../../../src/node/peers/peer-table.ts'
import type { Ed25519PrivateKey, Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { SegmentCodec } from '../../../encoder/index.ts'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { NetworkDescriptor, Node, NodeConfig, NodeOverrides } from '../../../src/node/index.ts'
import type { GossipShape } from '../../../src/node/host/gossip-shape.ts'
import type { Host } from '../../../src/node/host/host.ts'

/** Waits for what no event tells of. */
export { eventually as until } from '../../support/eventually.ts'

const LOOPBACK = ['/ip4/127.0.0.1/tcp/0']

/** A folder with one network and its nodes, all in this process. */
export class Lab {
  readonly folder = mkdtempSync(join(tmpdir(), 'thhe-node-'))
  readonly nodes: Node[] = []
  readonly codec: SegmentCodec = createSegmentCodec({ workers: 1 })
  readonly networkFile: string

  constructor(code = { k: 2, n: 4 }) {
    this.networkFile = this.network('lab', { code }).path
  }

  network(
    name: string,
    init: Partial<Parameters<typeof createDescriptor>[0]> = {}
  ): { path: string; descriptor: NetworkDescriptor } {
    const path = join(this.folder, `${name}.json`)
    const descriptor = createDescriptor({ name, ...init })
    writeFileSync(path, formatDescriptor(descriptor))
    return { path, descriptor }
  }

  config(name: string, config: Partial<NodeConfig> = {}): NodeConfig {
    return configWith({
      data: join(this.folder, name),
      network: this.networkFile,
      listen: LOOPBACK,
      bootstrap: this.nodes[0]?.multiaddrs() ?? [],
      quota: 2 ** 28,
      mdns: false,
      upnp: false,
      autonat: false,
      ...config
    })
  }

  async start(
    name: string,
    config: Partial<NodeConfig> = {},
    overrides: Pick<NodeOverrides, 'clock' | 'hearing'> = {}
  ): Promise<Node> {
    const node = await createNode(this.config(name, config), {
      logger: silentLogger,
      codec: this.codec,
      ...overrides
    })
    this.nodes.push(node)
    await node.start()
    return node
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()))
    await this.codec.close()
    rmSync(this.folder, { recursive: true })
  }
}

/** Live peers as `node` sees them, this node included. */
export const livePeers = (node: Node): string[] =>
  node
    .peers()
    .filter(({ live }) => live)
    .map(({ id }) => id)

export const knowsAll = (node: Node, nodes: readonly Node[]): boolean => {
  const live = livePeers(node)
  return nodes.every(({ peerId }) => live.includes(peerId.toString()))
}

/** First part of the protocol ids of a node's network. */
export const prefixOf = ({ network }: Node): string => `${network.protocolPrefix}/${network.id.slice(0, 32)}`

export interface LabHost {
  readonly host: Host
  readonly privateKey: Ed25519PrivateKey
  readonly mesh: Libp2pMesh
  readonly table: PeerTable
}

export const PREFIX = '/thhe/test'

/** A host as a node has it, without the node. */
export const startLabHost = async (
  config: Partial<NodeConfig> = {},
  prefix = PREFIX,
  shape?: GossipShape
): Promise<LabHost> => {
  const settings = configWith({ listen: LOOPBACK, mdns: false, upnp: false, autonat: false, ...config })
  const privateKey = await generateKeyPair('Ed25519')
  const host = await createHost({
    config: settings,
    privateKey,
    datastore: new MemoryDatastore(),
    prefix,
    bootstrap: settings.bootstrap,
    gater: {},
    shape,
    version: '0.0.0'
  })
  limitConnections(host, { maxConnections: settings.maxConnections, worth: () => WORTH.stranger })
  await startHost(host, settings)
  const table = new PeerTable({ self: host.peerId, clock: systemClock })
  const mesh = new Libp2pMesh({
    host,
    table,
    placement: () => ({ epoch: 0, peers: placementPeers(table.live()) }),
    rttMicros: (peer) => rttMicros(host, peer),
    clock: systemClock,
    privateKey,
    networkId: new Uint8Array(32),
    prefix
  })
  return { host, privateKey, mesh, table }
}

/** A node dials again later, too: beside busy loops a handshake between hosts of one process can take over ten seconds. */
export const dialPatiently = async (
  host: Pick<Libp2p, 'dial'>,
  addresses: readonly Multiaddr[]
): Promise<void> => {
  const dial = async (): Promise<unknown> =>
    await host.dial([...addresses], { signal: AbortSignal.timeout(30_000) })
  await dial().catch(dial).catch(dial)
}

export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

export const collect = async (source: AsyncIterable<Uint8Array | Uint8ArrayList>): Promise<Buffer> => {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part.subarray())
  return Buffer.concat(parts)
}
