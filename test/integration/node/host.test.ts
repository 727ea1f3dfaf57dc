import { once as onceEvent } from 'node:events'
import { createServer } from 'node:net'
import { expect } from 'chai'
import { multiaddr } from '@multiformats/multiaddr'
import { NodeError } from '../../../src/node/index.ts'
import { collect, PREFIX, startLabHost, until } from './support.ts'
import type { AddressInfo } from 'node:net'
import type { Stream } from '@libp2p/interface'
import type { LabHost } from './support.ts'

const DEADLINE = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(10_000) })

describe('libp2p host', function () {
  this.timeout(30_000)
  let hosts: LabHost[]
  beforeEach(() => {
    hosts = []
  })
  afterEach(async () => {
    await Promise.all(hosts.map(({ host }) => host.stop()))
  })
  const start = async (...args: Parameters<typeof startLabHost>): Promise<LabHost> => {
    const one = await startLabHost(...args)
    hosts.push(one)
    return one
  }
  const echo = async ({ mesh }: LabHost): Promise<void> => {
    await mesh.handle(
      mesh.protocol('echo/1'),
      async (stream) => {
        for await (const chunk of stream) stream.send(chunk)
        await stream.close()
      },
      { maxInboundStreams: 4 }
    )
  }
  const roundTrip = async (stream: Stream, text: string): Promise<string> => {
    // Read from the start: a stream that has ended already gives its iterator no end.
    const answer = collect(stream)
    stream.send(Buffer.from(text))
    await stream.close()
    return (await answer).toString()
  }

  for (const [transport, listen] of [
    ['TCP', '/ip4/127.0.0.1/tcp/0'],
    ['QUIC', '/ip4/127.0.0.1/udp/0/quic-v1'],
    ['WebSocket', '/ip4/127.0.0.1/tcp/0/ws']
  ]) {
    it(`carries streams over ${transport}`, async () => {
      const [a, b] = [await start({ listen: [] }), await start({ listen: [listen] })]
      await echo(b)
      const connection = await a.host.dial(b.host.getMultiaddrs(), DEADLINE())
      expect(connection.remoteAddr.toString()).to.contain(listen.split('/').at(-1) ?? '')
      const stream = await a.mesh.open(b.host.peerId, b.mesh.protocol('echo/1'), DEADLINE())
      expect(await roundTrip(stream, 'hello')).to.equal('hello')
      expect(a.host.getConnections()).to.have.lengthOf(1)
    })
  }

  it('uses only protocol ids under the prefix of its network', async () => {
    const { host } = await start({ relayServer: true, autonat: true })
    const standard = /^\/(ipfs\/(id|ping)|libp2p\/(autonat|circuit|dcutr))/
    const own = host.getProtocols().filter((protocol) => !standard.test(protocol))
    expect(own.sort()).to.deep.equal([`${PREFIX}/kad/1.0.0`, `${PREFIX}/meshsub/1.2.0`])
  })

  it('offers each service only when it is enabled', async () => {
    const off = await start({ dht: 'client' })
    const on = await start({
      relayServer: true,
      autonat: true,
      upnp: true,
      rendezvous: 'ipfs',
      dht: 'server'
    })
    const speaks = ({ host }: LabHost, part: string): boolean =>
      host.getProtocols().some((one) => one.includes(part))
    for (const part of ['/relay/0.2.0/hop', '/autonat/', '/kad/']) {
      expect([speaks(off, part), speaks(on, part)], part).to.deep.equal([false, true])
    }
    for (const service of ['upnp', 'amino', 'relay'] as const) {
      expect([service in off.host.services, service in on.host.services], service).to.deep.equal([
        false,
        true
      ])
    }
    // A client of the public DHT serves nobody there.
    expect(speaks(on, '/ipfs/kad/')).to.equal(false)
    await until('the private network to be served', () => on.host.services.dht.getMode() === 'server')
  })

  it('announces the configured addresses', async () => {
    const { host } = await start({ announce: ['/ip4/192.0.2.9/tcp/4701'] })
    expect(host.getMultiaddrs().map(String)).to.deep.equal([
      `/ip4/192.0.2.9/tcp/4701/p2p/${host.peerId.toString()}`
    ])
  })

  it('names the address that it cannot listen on', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await onceEvent(taken, 'listening')
    const listen = [`/ip4/127.0.0.1/tcp/${(taken.address() as AddressInfo).port}`]
    try {
      const error = await startLabHost({ listen }).catch((reason: unknown) => reason)
      expect(error).to.be.instanceOf(NodeError).with.property('code', 'CANNOT_LISTEN')
      expect((error as Error).message).to.contain(listen[0])
    } finally {
      taken.close()
    }
  })

  it('closes connections beyond its limit', async () => {
    const hub = await start({ maxConnections: 8 })
    const dialers = await Promise.all(Array.from({ length: 11 }, () => start({ listen: [] })))
    // Refused, or taken and closed again: both are within its rights.
    await Promise.allSettled(dialers.map(({ host }) => host.dial(hub.host.getMultiaddrs(), DEADLINE())))
    await until('the surplus to be closed', () => {
      const connected = dialers.filter(({ host }) => host.getConnections().length > 0)
      return connected.length <= 8 && hub.host.getConnections().length <= 8
    })
    expect(hub.host.getConnections()).not.to.have.lengthOf(0)
  })

  it('refuses streams beyond the limit of a protocol', async () => {
    const [a, b] = [await start(), await start()]
    const protocol = b.mesh.protocol('hold/1')
    await b.mesh.handle(protocol, async () => {}, { maxInboundStreams: 3 })
    await a.host.dial(b.host.getMultiaddrs(), DEADLINE())
    const streams: Stream[] = []
    for (let i = 0; i < 5; i++) {
      const stream = await a.mesh.open(b.host.peerId, protocol, DEADLINE()).catch(() => undefined)
      if (stream !== undefined) streams.push(stream)
    }
    await until(
      'the surplus to be reset',
      () => streams.filter(({ status }) => status === 'open').length === 3
    )
  })

  it('stops waiting for a silent peer when the caller aborts', async () => {
    const silent = createServer().listen(0, '127.0.0.1')
    await onceEvent(silent, 'listening')
    const [a, b] = [await start(), await start()]
    const { port } = silent.address() as AddressInfo
    await a.host.peerStore.merge(b.host.peerId, { multiaddrs: [multiaddr(`/ip4/127.0.0.1/tcp/${port}`)] })
    await b.host.stop()
    const reason = new Error('the caller has no time')
    const controller = new AbortController()
    const open = a.mesh.open(b.host.peerId, a.mesh.protocol('x/1'), { signal: controller.signal })
    silent.once('connection', () => controller.abort(reason))
    expect(await open.catch((error: unknown) => error)).to.equal(reason)
    silent.close()
  })

  it('reports an unreachable peer with its own error code', async () => {
    const [a, b] = [await start(), await start()]
    await a.host.peerStore.merge(b.host.peerId, { multiaddrs: b.host.getMultiaddrs() })
    await b.host.stop()
    const error = await a.mesh
      .open(b.host.peerId, a.mesh.protocol('x/1'), DEADLINE())
      .catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(NodeError).with.property('code', 'UNREACHABLE')
  })

  it('reaches a peer through a relay, and sends data once there is a direct connection', async () => {
    const relay = await start({ relayServer: true })
    const throughRelay = `${relay.host.getMultiaddrs()[0].toString()}/p2p-circuit`
    const hidden = await start({ listen: [throughRelay] })
    const reader = await start()
    await echo(hidden)
    const address = multiaddr(`${throughRelay}/p2p/${hidden.host.peerId.toString()}`)
    const connection = await reader.host.dial(address, DEADLINE())
    expect([connection.direct, connection.limits === undefined]).to.deep.equal([false, false])
    const opening = reader.mesh.open(hidden.host.peerId, hidden.mesh.protocol('echo/1'), DEADLINE())
    // In place of hole punching, which wants two NATs.
    await hidden.host.dial(reader.host.getMultiaddrs(), DEADLINE())
    expect(await roundTrip(await opening, 'through')).to.equal('through')
  })

  it('finds peers of its own network, and of no other, by multicast DNS', async function () {
    const a = await start({ mdns: true })
    const foreign = await start({ mdns: true }, '/thhe/other')
    const found: string[] = []
    a.host.addEventListener('peer:discovery', ({ detail }) => found.push(detail.id.toString()))
    const b = await start({ mdns: true })
    try {
      await until('an answer', () => found.length > 0, 4_000)
    } catch {
      console.log('        not tested here: this machine carries no multicast')
      this.skip()
    }
    expect(found).to.include(b.host.peerId.toString()).and.not.include(foreign.host.peerId.toString())
  })
})
