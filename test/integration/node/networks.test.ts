import { readFileSync, writeFileSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import { multiaddr } from '@multiformats/multiaddr'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { lpStream } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { Report, ReportsReply, ReportsRequest, Signed } from '../../../protocols/generated/report.js'
import { signPayload } from '../../../protocols/signed.ts'
import { systemClock, systemRandom } from '../../../src/clock/index.ts'
import { networkId, parseDescriptor } from '../../../src/node/index.ts'
import { protocolPrefix } from '../../../src/node/network.ts'
import { MAX_REPLY_BYTES, ReportExchange } from '../../../src/node/peers/exchange.ts'
import { ForeignPeers } from '../../../src/node/peers/foreign.ts'
import { Membership } from '../../../src/node/peers/membership.ts'
import { RememberedPeers } from '../../../src/node/peers/remembered.ts'
import { signReport } from '../../../src/node/peers/report.ts'
import { silentLogger } from '../../../src/node/logger.ts'
import { knowsAll, Lab, livePeers, startLabHost, until } from './support.ts'
import type { Stream } from '@libp2p/interface'
import type { Node } from '../../../src/node/index.ts'
import type { PeerReport } from '../../../src/node/peers/report.ts'
import type { LabHost } from './support.ts'
import { EMPTY_SECTIONS } from '../../support/reports.ts'

const deadline = (): AbortSignal => AbortSignal.timeout(10_000)
const rememberedBy = ({ host }: LabHost, networkId = new Uint8Array(32)): RememberedPeers =>
  new RememberedPeers({ host, networkId, random: systemRandom })
const reportCount = async (node: Node, outcome: string): Promise<number> => {
  const line = (await node.metrics.metrics()).match(
    new RegExp(`thhe_reports_total\\{outcome="${outcome}"\\} (\\d+)`)
  )
  return Number(line?.[1] ?? -1)
}

describe('separate networks', function () {
  this.timeout(60_000)
  let lab: Lab
  beforeEach(() => {
    lab = new Lab()
  })
  afterEach(() => lab.stop())

  it('do not mix when they share a bootstrap list', async () => {
    const first = await lab.start('a1')
    const other = lab.network('other', { bootstrap: first.multiaddrs() })
    const b1 = await lab.start('b1', { network: other.path })
    const bootstrap = [...first.multiaddrs(), ...b1.multiaddrs()]
    for (const { path } of [other, { path: lab.networkFile }]) {
      writeFileSync(
        path,
        JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), bootstrap })
      )
    }
    const a2 = await lab.start('a2', { bootstrap })
    const b2 = await lab.start('b2', { bootstrap, network: other.path })
    await until(
      'each network to know its own',
      () => knowsAll(a2, [first]) && knowsAll(b2, [b1]) && knowsAll(b1, [b2])
    )
    await until('strangers to be disconnected', async () => {
      const counts = await Promise.all(
        lab.nodes.map((node) => node.metrics.getSingleMetricAsString('thhe_connections'))
      )
      return counts.every(
        (text) => [...text.matchAll(/\} (\d+)/g)].reduce((sum, [, n]) => sum + Number(n), 0) <= 2
      )
    })
    for (const [node, mates] of [
      [first, [first, a2]],
      [a2, [first, a2]],
      [b1, [b1, b2]],
      [b2, [b1, b2]]
    ] as const) {
      expect(livePeers(node).sort()).to.deep.equal(mates.map(({ peerId }) => peerId.toString()).sort())
    }
  })
})

describe('membership', function () {
  this.timeout(30_000)

  it('closes a connection without an identify message', async () => {
    const host = await startLabHost()
    const mute = await createLibp2p({
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()]
    })
    const membership = new Membership({
      host: host.host,
      foreign: new ForeignPeers(systemClock),
      remembered: rememberedBy(host),
      protocol: '/x/peers/1',
      tolerated: [],
      identifyDeadlineMs: 50,
      clock: systemClock,
      logger: silentLogger
    })
    membership.start()
    const connection = await mute.dial(host.host.getMultiaddrs(), { signal: deadline() })
    await until('the connection to be closed', () => connection.status !== 'open')
    expect(membership.size).to.equal(0)
    membership.stop()
    await Promise.all([mute.stop(), host.host.stop()])
  })

  it('judges a connection by its first identify message, not by a protocol that is unregistered later', async () => {
    const foreign = new ForeignPeers(systemClock)
    const [host, peer] = [await startLabHost(), await startLabHost()]
    const protocol = '/x/peers/1'
    const membership = new Membership({
      host: host.host,
      foreign,
      remembered: rememberedBy(host),
      protocol,
      tolerated: [],
      clock: systemClock,
      logger: silentLogger
    })
    membership.start()
    await peer.host.handle(protocol, async (stream) => await stream.close())
    const pushed = new Promise<void>((resolve) => {
      host.host.addEventListener('peer:identify', ({ detail }) => {
        if (!detail.protocols.includes(protocol)) resolve()
      })
    })
    const connection = await peer.host.dial(host.host.getMultiaddrs(), { signal: deadline() })
    await until('the peer to be a member', () => membership.has(peer.host.peerId))
    // Known after a restart, to this network only.
    const [known] = await rememberedBy(host).some(4, deadline())
    expect(known.equals(peer.host.peerId)).to.equal(true)
    expect(await rememberedBy(host, new Uint8Array(32).fill(1)).some(4, deadline())).to.deep.equal([])
    await peer.host.unhandle(protocol)
    await pushed
    await turn()
    expect([connection.status, foreign.has(peer.host.peerId)]).to.deep.equal(['open', false])
    expect(membership.has(peer.host.peerId)).to.equal(true)
    membership.stop()
    await Promise.all([peer.host.stop(), host.host.stop()])
  })
})

describe('reports on the wire', function () {
  this.timeout(60_000)
  let lab: Lab
  let node: Node
  let outsider: LabHost
  let id: Uint8Array
  let prefix: string

  before(async () => {
    lab = new Lab()
    node = await lab.start('honest')
    const descriptor = parseDescriptor(readFileSync(lab.networkFile, 'utf8'))
    id = networkId(descriptor)
    prefix = protocolPrefix(descriptor)
    outsider = await startLabHost({}, prefix)
    // Looks like a peer of the network, and says what it likes.
    await outsider.host.handle(`${prefix}/peers/1`, async (stream) => await stream.close())
    outsider.host.services.pubsub.subscribe(`${prefix}/reports/1`)
    await outsider.host.dial(
      node.multiaddrs().map((one) => multiaddr(one)),
      { signal: deadline() }
    )
    await until(
      'the node to listen',
      () => outsider.host.services.pubsub.getSubscribers(`${prefix}/reports/1`).length > 0
    )
  })
  after(async () => {
    await outsider.host.stop()
    await lab.stop()
  })

  const fields = (more: Partial<PeerReport> = {}): Omit<PeerReport, 'signed' | 'peer'> => ({
    sequence: BigInt(Date.now()),
    issuedAtMs: Date.now(),
    capacityBytes: 10,
    freeBytes: 5,
    version: '1.0.0',
    uptimeSeconds: 1,
    ...EMPTY_SECTIONS,
    domain: '',
    multiaddrs: outsider.host.getMultiaddrs(),
    intervalMs: 30_000,
    ...more
  })
  const signer = (): Parameters<typeof signReport>[2] => ({
    peer: outsider.host.peerId,
    sign: async (bytes: Uint8Array) => await outsider.privateKey.sign(bytes)
  })
  const publish = async (signed: Uint8Array): Promise<void> => {
    await outsider.host.services.pubsub.publish(`${prefix}/reports/1`, signed)
  }
  const dropped = async (outcome: string, signed: Uint8Array): Promise<void> => {
    const before = await reportCount(node, outcome)
    await publish(signed)
    await until(`one more "${outcome}"`, async () => (await reportCount(node, outcome)) === before + 1)
  }

  it('are accepted from any peer with a proper signature, each only once', async () => {
    await dropped('accepted', await signReport(id, fields({ sequence: 100n }), signer()))
    expect(node.peers().find(({ self }) => !self)).to.include({ capacityBytes: 10, live: true })
    await dropped('replayed', await signReport(id, fields({ sequence: 99n, freeBytes: 1 }), signer()))
  })

  it('are dropped and counted when unsigned, forged, stale, of another network or out of limits', async () => {
    const good = await signReport(id, fields({ sequence: 200n }), signer())
    const { signer: by, payload, signature } = Signed.decode(good)
    await dropped('malformed', Signed.encode({ signer: by, payload, signature: new Uint8Array() }))
    await dropped(
      'bad-signature',
      Signed.encode({ signer: by, payload, signature: signature.map((byte) => byte ^ 1) })
    )
    await dropped('wrong-network', await signReport(new Uint8Array(32), fields({ sequence: 201n }), signer()))
    await dropped(
      'too-old',
      await signReport(id, fields({ sequence: 202n, issuedAtMs: Date.now() - 1e6 }), signer())
    )
    await dropped(
      'from-future',
      await signReport(id, fields({ sequence: 203n, issuedAtMs: Date.now() + 1e6 }), signer())
    )
    const greedy = Report.encode({ ...Report.decode(payload), freeBytes: 11 })
    await dropped('out-of-limits', await signPayload('report', id, greedy, signer()))
    await dropped('malformed', new Uint8Array(40).fill(255))
    await dropped('out-of-limits', new Uint8Array(5_000))
    expect(node.peers().find(({ self }) => !self)).to.include({ freeBytes: 5 })
  })

  it('keep a peer live that disconnects and answers the next dial', async () => {
    await dropped('accepted', await signReport(id, fields({ sequence: 300n }), signer()))
    let reconnected = false
    outsider.host.addEventListener('connection:open', () => (reconnected = true), { once: true })
    await outsider.host.hangUp(node.peerId, { signal: deadline() })
    await until('the node to try again', () => reconnected)
    await until('the peer to count again', () => livePeers(node).includes(outsider.host.peerId.toString()))
  })

  const request = async (send: (stream: Stream) => Promise<void>): Promise<Uint8Array | undefined> => {
    const [address] = node.multiaddrs()
    const stream = await outsider.host.dialProtocol(multiaddr(address), `${prefix}/peers/1`, {
      signal: deadline()
    })
    const reply = lpStream(stream, { maxDataLength: MAX_REPLY_BYTES })
      .read({ signal: deadline() })
      .then((list) => list.subarray())
      .catch(() => undefined)
    await send(stream).catch(() => {})
    return await reply
  }

  it('are served to peers of the network on request, and to no others', async () => {
    const ask = (network: Uint8Array<ArrayBuffer>) => async (stream: Stream) =>
      await lpStream(stream).write(ReportsRequest.encode({ network }), { signal: deadline() })
    const reply = ReportsReply.decode((await request(ask(Uint8Array.from(id)))) ?? new Uint8Array())
    const authors = reply.reports.map((one) => Buffer.from(Signed.decode(one).signer).toString('hex'))
    expect(authors).to.include(Buffer.from(node.peerId.toMultihash().bytes).toString('hex'))
    expect(await request(ask(new Uint8Array(32)))).to.equal(undefined)
  })

  it('are not served for malformed, long or partial requests, and the node continues', async () => {
    for (const bytes of [
      Uint8Array.of(5, 255, 255, 255, 255, 255),
      Uint8Array.of(0xff, 0xff, 0x7f),
      Uint8Array.of(0x80)
    ]) {
      const send = async (stream: Stream): Promise<void> => {
        stream.send(bytes)
        await stream.close({ signal: deadline() })
      }
      expect(await request(send)).to.equal(undefined)
    }
    expect((await node.status()).state).to.equal('running')
  })

  it('are not read from an endless reply', async () => {
    const liar = await startLabHost({}, prefix)
    const protocol = `${prefix}/peers/1`
    const length = MAX_REPLY_BYTES + 1
    await liar.host.handle(protocol, async (stream) => {
      stream.send(Uint8Array.of((length & 127) | 128, ((length >> 7) & 127) | 128, length >> 14))
    })
    const taken: Uint8Array[] = []
    const exchange = new ReportExchange({
      host: outsider.host,
      protocol,
      networkId: id,
      reports: () => [],
      take: async (signed) => void taken.push(signed),
      clock: systemClock,
      logger: silentLogger
    })
    await outsider.host.dial(liar.host.getMultiaddrs(), { signal: deadline() })
    const error = await exchange
      .ask(liar.host.peerId, { signal: deadline() })
      .catch((reason: unknown) => reason)
    expect(error).to.include({ name: 'FramingError', code: 'PROTOCOL' })
    expect(taken).to.deep.equal([])
    await liar.host.stop()
  })
})
