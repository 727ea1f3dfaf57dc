import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { once as onceEvent } from 'node:events'
import { expect } from 'chai'
import { systemClock } from '../../../src/clock/index.ts'
import { GET_PROTOCOL } from '../../../src/hologram/index.ts'
import { BulkChannel } from '../../../src/node/bulk/index.ts'
import { Libp2pMesh } from '../../../src/node/mesh.ts'
import { silentLogger } from '../../../src/node/index.ts'
import { collect, knowsAll, Lab, once, PREFIX, startLabHost, until } from './support.ts'
import type { AddressInfo } from 'node:net'
import type { Stream } from '@libp2p/interface'
import type { Node } from '../../../src/node/index.ts'
import type { LabHost } from './support.ts'

const MIB = 2 ** 20

const carriers = (node: Node): Array<string | undefined> =>
  node
    .peers()
    .filter(({ self }) => !self)
    .map(({ carrier }) => carrier)

describe('blocks between nodes', function () {
  this.timeout(60_000)
  let lab: Lab
  beforeEach(() => {
    lab = new Lab()
  })
  afterEach(async () => {
    await lab.stop()
  })

  const startAll = async (configs: ReadonlyArray<Parameters<Lab['start']>[1]>): Promise<Node[]> => {
    const nodes: Node[] = []
    for (const [i, config] of configs.entries()) {
      nodes.push(await lab.start(`n${i}`, { reportInterval: 1_000, ...config }))
    }
    await until('all to know all', () => nodes.every((node) => knowsAll(node, nodes)))
    return nodes
  }

  it('go over TLS where both ends take it, and over libp2p where one does not', async () => {
    const [writer, , , deaf] = await startAll([{}, {}, {}, { bulk: false }])
    const bytes = randomBytes(4 * MIB)
    const { cid } = await writer.objects.put(once(bytes), { sizeHint: bytes.byteLength })
    expect(carriers(writer).sort()).to.deep.equal(['noise', 'tls', 'tls'])
    const got = await collect((await deaf.objects.get(cid)).bytes)
    expect(Buffer.compare(got, bytes)).to.equal(0)
    expect(carriers(deaf)).to.deep.equal(['noise', 'noise', 'noise'])
    const reader = await lab.start('late', { reportInterval: 1_000, storage: false })
    await until('the reader to know all', () => knowsAll(reader, lab.nodes))
    expect(Buffer.compare(await collect((await reader.objects.get(cid)).bytes), bytes)).to.equal(0)
    expect(carriers(reader)).to.include('tls')
    const metrics = await reader.metrics.metrics()
    expect(metrics).to.match(/thhe_bulk_streams_total\{direction="outbound"\} [1-9]/)
    expect(metrics).to.match(/thhe_bulk_connections\{direction="inbound"\} 0/)
  })
})

describe('a stream for blocks', function () {
  this.timeout(60_000)
  const hosts: LabHost[] = []
  const channels: BulkChannel[] = []
  afterEach(async () => {
    for (const channel of channels.splice(0)) await channel.stop()
    await Promise.all(hosts.splice(0).map(({ host }) => host.stop()))
  })

  /** A mesh whose bulk channel is sent to `port`, whoever is there. */
  const startMesh = async (port: number): Promise<Libp2pMesh> => {
    const lab = await startLabHost()
    hosts.push(lab)
    const bulk = new BulkChannel({
      identity: lab.privateKey,
      prefix: PREFIX,
      clock: systemClock,
      logger: silentLogger,
      listen: { hosts: [], port: 0, orFree: true },
      maxConnections: 100,
      otherConnections: () => 0,
      endpoints: () => [{ host: '127.0.0.1', port }],
      admits: () => true,
      siteOf: (host) => host
    })
    channels.push(bulk)
    await bulk.start()
    const { host, table, privateKey } = lab
    const networkId = new Uint8Array(32)
    const rttMicros = (): undefined => undefined
    return new Libp2pMesh({
      host,
      table,
      placement: () => ({ epoch: 0, peers: [] }),
      rttMicros,
      clock: systemClock,
      privateKey,
      networkId,
      prefix: PREFIX,
      bulk
    })
  }

  for (const [what, answers] of [
    ['refuses', false],
    ['swallows', true]
  ] as const) {
    it(`goes over libp2p when the port ${what} what comes`, async () => {
      const server = createServer((socket) => socket.on('error', () => {}).resume())
      server.listen(0, '127.0.0.1')
      await onceEvent(server, 'listening')
      const { port } = server.address() as AddressInfo
      if (!answers) server.close()
      const mesh = await startMesh(port)
      const holder = await startLabHost()
      hosts.push(holder)
      const served: Stream[] = []
      await holder.mesh.handle(
        holder.mesh.protocol(GET_PROTOCOL),
        async (stream) => void served.push(stream),
        {
          maxInboundStreams: 4
        }
      )
      await mesh.handle(mesh.protocol(GET_PROTOCOL), async () => {}, { maxInboundStreams: 4 })
      await hosts[0].host.peerStore.merge(holder.host.peerId, { multiaddrs: holder.host.getMultiaddrs() })
      const signal = AbortSignal.timeout(20_000)
      const stream = await mesh.open(holder.host.peerId, mesh.protocol(GET_PROTOCOL), { signal })
      await until('the holder to serve it', () => served.length === 1)
      stream.abort(new Error('enough'))
      if (answers) server.close()
    })
  }
})
