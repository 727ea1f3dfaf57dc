import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { signedBytes } from '../../../fba/index.ts'
import { Report } from '../../../protocols/generated/report.js'
import { Libp2pAgreementLink } from '../../../src/node/agreement/link.ts'
import { loadIdentity } from '../../../src/node/data/identity.ts'
import { futurePeerId } from '../../../src/node/data/folder.ts'
import { silentLogger } from '../../../src/node/index.ts'
import { flatQuorumSet } from '../../../src/node/network.ts'
import { signPayload } from '../../../protocols/signed.ts'
import { signReport } from '../../../src/node/peers/report.ts'
import { fastClock } from '../../support/fast-clock.ts'
import { EMPTY_SECTIONS } from '../../support/reports.ts'
import { collect, dialPatiently, knowsAll, Lab, once, prefixOf, startLabHost, until } from './support.ts'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import type { Envelope } from '../../../fba/index.ts'
import type { Sight } from '../../../src/manifold/map/index.ts'
import type { Node } from '../../../src/node/index.ts'
import type { OwnReport } from '../../../src/node/peers/report.ts'
import type { LabHost } from './support.ts'

const VALIDATORS = ['v0', 'v1', 'v2', 'v3']
const LIARS = ['first', 'second']
const PATIENCE_MS = 60_000
const QUOTA = 2 ** 28

describe('peers that lie to real nodes with an agreed map', function () {
  this.timeout(180_000)
  let lab: Lab
  let honest: Node[]
  let liars: Node[]
  const keys = new Map<string, Ed25519PrivateKey>()
  const hosts: LabHost[] = []
  const clock = fastClock(3)
  /** Ahead of what the liar's own program counts: only the lies are new. */
  let sequence = BigInt(clock.nowMs()) + 1_000_000_000n

  const idOf = (node: Node): string => node.peerId.toString()
  const rttOf = (from: Node, a: Node, b: Node): number =>
    from.map().edges.find((edge) => [idOf(a), idOf(b)].every((id) => [edge.from, edge.to].includes(id)))
      ?.rttMicros ?? 0

  /** A host of the attacker, connected with every honest node. */
  const messenger = async (): Promise<LabHost> => {
    const prefix = prefixOf(honest[0])
    const host = await startLabHost({}, prefix)
    hosts.push(host)
    await host.host.handle(`${prefix}/peers/1`, (stream) => stream.abort(new Error('no')))
    for (const node of honest) await dialPatiently(host.host, [multiaddr(node.multiaddrs()[0])])
    return host
  }
  const send = async ({ host }: LabHost, report: Uint8Array): Promise<void> => {
    const topic = `${prefixOf(honest[0])}/reports/1`
    const { pubsub } = host.services
    pubsub.subscribe(topic)
    await until('subscribers', () => pubsub.getSubscribers(topic).length >= honest.length)
    await pubsub.publish(topic, report)
  }
  const contents = (liar: Node, fields: Partial<OwnReport>): OwnReport => ({
    sequence: ++sequence,
    issuedAtMs: clock.nowMs(),
    capacityBytes: QUOTA,
    freeBytes: QUOTA,
    version: '0.1.0',
    uptimeSeconds: 100,
    domain: '',
    multiaddrs: liar.multiaddrs().map((address) => multiaddr(address)),
    intervalMs: 600_000,
    ...EMPTY_SECTIONS,
    ...fields
  })
  const signerOf = (node: Node) => {
    const key = keys.get(idOf(node))!
    return { peer: peerIdFromPrivateKey(key), sign: async (bytes: Uint8Array) => await key.sign(bytes) }
  }
  const lie = async (by: LabHost, liar: Node, fields: Partial<OwnReport>): Promise<void> =>
    await send(by, await signReport(liar.networkId, contents(liar, fields), signerOf(liar)))
  const sightOf = (of: Node, rttMicros: number): Sight => ({
    ...{ peer: idOf(of), rttMicros, failuresPpm: 0, serviceMicros: 0, kibPerSecond: 0, domain: '' }
  })

  before(async () => {
    lab = new Lab()
    const validators: string[] = []
    for (const name of [...VALIDATORS, ...LIARS]) {
      const id = await futurePeerId(join(lab.folder, name))
      if (VALIDATORS.includes(name)) validators.push(id)
      keys.set(id, await loadIdentity(join(lab.folder, name, 'identity.key')))
    }
    const quorumSet = flatQuorumSet(validators)
    const network = lab.network('lied-to', { code: { k: 2, n: 3 }, quorumSet }).path
    for (const name of [...VALIDATORS, ...LIARS]) {
      await lab.start(name, { reportInterval: 2_000, mapEpoch: 1_500, network }, { clock })
    }
    honest = lab.nodes.slice(0, 4)
    liars = lab.nodes.slice(4)
    await until('all to know all', () => lab.nodes.every((node) => knowsAll(node, lab.nodes)), PATIENCE_MS)
    await until(
      'the paths of everybody on the map',
      () => honest.every((node) => node.map().edges.length === 15 && node.map().peers.length === 6),
      PATIENCE_MS
    )
  })
  after(async () => {
    for (const { host } of hosts) await host.stop()
    await lab.stop()
  })

  it('absurd round-trip times make only the liar look farther, and no faster than a factor of two a slot', async () => {
    const [node, other] = honest
    const liar = liars[0]
    const steps = [{ slot: node.map().slot, rtt: rttOf(node, node, liar) }]
    const by = await messenger()
    const tell = async (): Promise<void> =>
      await lie(by, liar, { sights: honest.map((to) => sightOf(to, 59_000_000)) })
    await tell()
    await until(
      'the lie on the map',
      async () => {
        const { slot } = node.map()
        if (slot > steps.at(-1)!.slot) {
          steps.push({ slot, rtt: rttOf(node, node, liar) })
          // On a busy machine the report would grow too old before the map has believed all of it.
          await tell()
        }
        return rttOf(node, node, liar) > 2_000_000
      },
      PATIENCE_MS
    )
    expect(steps.length).to.be.above(2)
    for (const [i, { slot, rtt }] of steps.slice(1).entries()) {
      expect(rtt).to.be.at.most(steps[i].rtt * 2 ** (slot - steps[i].slot))
    }
    expect(rttOf(node, node, other)).to.be.below(1_000_000)
    expect(rttOf(node, liars[1], other)).to.be.below(1_000_000)
  })

  it('two that collude shorten the path between them, and no path to others', async () => {
    const [node] = honest
    const [first, second] = liars
    const by = await messenger()
    const tell = async (): Promise<void> => {
      for (const [liar, accomplice] of [
        [first, second],
        [second, first]
      ]) {
        await lie(by, liar, { sights: [accomplice, ...honest].map((to) => sightOf(to, 1)) })
      }
    }
    let told = 0
    await until(
      'a path of microseconds',
      async () => {
        const { slot } = node.map()
        // On a busy machine the reports would grow too old before the map has believed all of them.
        if (slot > told) {
          told = slot
          await tell()
        }
        return rttOf(node, first, second) <= 32
      },
      PATIENCE_MS
    )
    // The honest end says what it measured, and the longer time counts.
    for (const to of honest) expect(rttOf(node, second, to)).to.be.above(64)
  })

  it('what is not a report of its signer, or has numbers out of all limits, is dropped everywhere', async () => {
    const [node, victim] = honest
    const [liar] = liars
    const rejected = async (): Promise<number> =>
      [...(await node.metrics.metrics()).matchAll(/thhe_reports_total\{outcome="([\w-]+)"\} (\d+)/g)]
        .filter(([, outcome]) => outcome !== 'accepted' && outcome !== 'replayed')
        .reduce((sum, [, , count]) => sum + Number(count), 0)
    const encoded = (of: Node, capacityBytes = 1): Uint8Array => {
      const { multiaddrs, ...numbers } = contents(liar, {})
      return Report.encode({
        ...{ network: Uint8Array.from(node.networkId), peer: Uint8Array.from(of.peerId.toMultihash().bytes) },
        ...{ sequence: numbers.sequence, issuedAtMs: BigInt(numbers.issuedAtMs), version: numbers.version },
        ...{ capacityBytes, freeBytes: 1, uptimeSeconds: 1n, domain: '', intervalMs: 600_000 },
        multiaddrs: multiaddrs.map(({ bytes }) => Uint8Array.from(bytes)),
        sights: []
      })
    }
    const signed = async (...parts: Uint8Array[]): Promise<Uint8Array> =>
      await signPayload('report', node.networkId, Buffer.concat(parts), signerOf(liar))
    const nan = Buffer.alloc(8)
    nan.writeDoubleLE(NaN)
    const floatNan = Buffer.alloc(4)
    floatNan.writeFloatLE(NaN)
    const own = encoded(liar)
    const forgeries: Record<string, Uint8Array> = {
      'another identity': await signed(encoded(victim)),
      'a NaN where an integer belongs': await signed(own, Uint8Array.of(0x29), nan),
      'the bits of a NaN as capacity': await signed(own, Uint8Array.of(0x28), varint(nan.readBigUInt64LE())),
      'the bits of a NaN as heat': await signed(
        own,
        Uint8Array.of(0xb0, 0x01),
        varint(BigInt(floatNan.readUInt32LE()))
      )
    }
    const before = node.map().peers.find(({ id }) => id === idOf(victim))!
    let expected = await rejected()
    for (const [name, forgery] of Object.entries(forgeries)) {
      // Each from a new host: who sent one forgery is not listened to any more.
      await send(await messenger(), forgery)
      expected++
      await until(`${name} to be dropped`, async () => (await rejected()) >= expected, PATIENCE_MS)
    }
    // Readers of Protocol Buffers go by the number of a field: these bytes are read as an integer, 0.
    const asFloat = await signed(encoded(liar, QUOTA), Uint8Array.of(0xb5, 0x01), floatNan)
    await send(await messenger(), asFloat)
    const { slot } = node.map()
    await until('two more maps', () => node.map().slot > slot + 1, PATIENCE_MS)
    const now = (of: Node) => node.map().peers.find(({ id }) => id === idOf(of))!
    expect(now(victim).capacityBytes).to.equal(before.capacityBytes)
    expect(now(liar).capacityBytes).to.equal(QUOTA)
    expect(now(liar).heatPpm).to.satisfy(Number.isSafeInteger)
    expect(now(liar).heatPpm).to.be.within(0, 1_000_000)
  })

  it('a claim of 4 PiB brings at most n - k shards of an object', async () => {
    const [node] = honest
    const [liar] = liars
    const claim = { capacityBytes: 2 ** 52, freeBytes: 2 ** 52 }
    await lie(await messenger(), liar, claim)
    await until(
      'the claim on the map',
      () => node.map().peers.find(({ id }) => id === idOf(liar))?.capacityBytes === 2 ** 52,
      PATIENCE_MS
    )
    for (let i = 0; i < 6; i++) {
      const bytes = randomBytes(100_000)
      const { cid, stored } = await node.objects.put(once(bytes))
      expect(stored.filter(({ peer }) => peer.equals(liar.peerId)).length).to.be.at.most(1)
      expect(Buffer.compare(await collect((await honest[2].objects.get(cid)).bytes), bytes)).to.equal(0)
    }
  })

  it('a validator that contradicts itself is named everywhere, and the maps stay the same', async () => {
    const liar = honest[3]
    const others = honest.slice(0, 3)
    const { host, table } = await messenger()
    const link = new Libp2pAgreementLink({
      ...{
        host,
        hearing: { isHearing: true, hearers: () => [] },
        table,
        clock,
        networkId: liar.networkId,
        prefix: prefixOf(liar),
        logger: silentLogger
      }
    })
    const heard = Promise.withResolvers<Envelope>()
    await link.start({
      receive: (envelope) => {
        const { nodeId, type } = envelope.statement
        if (nodeId === idOf(liar) && type === 'externalize') heard.resolve(envelope)
        return 'accept'
      },
      answer: () => ({ currentSlot: 0, envelopes: [], quorumSets: [], payloads: [] })
    })
    const { statement } = await heard.promise
    if (statement.type !== 'externalize') throw new Error('unexpected')
    const value = Uint8Array.from(statement.commit.value)
    value[value.length - 1] ^= 1
    const second = { ...statement, commit: { ...statement.commit, value } }
    const key = keys.get(idOf(liar))!
    const signature = await key.sign(signedBytes(liar.networkId, second))
    await link.publish({ statement: second, signature })
    await until(
      'the evidence at every other validator',
      () =>
        others.every((node) =>
          node
            .map()
            .agreement!.contradictions.some(
              ({ id, slot }) => id === idOf(liar) && slot === statement.slotIndex
            )
        ),
      PATIENCE_MS
    )
    const { slot } = others[0].map()
    await until('more maps', () => others.every((node) => node.map().slot > slot + 2), PATIENCE_MS)
    await until(
      'maps of one slot',
      () => others.every((node) => node.map().slot === others[0].map().slot),
      PATIENCE_MS
    )
    for (const node of others) {
      if (node.map().slot === others[0].map().slot)
        expect(node.map().edges).to.deep.equal(others[0].map().edges)
    }
    for (const node of others)
      expect(node.map().agreement!.contradictions.map(({ id }) => id)).to.deep.equal([idOf(liar)])
    await link.stop()
  })
})

/** Protocol Buffers, "Base 128 varints". */
const varint = (value: bigint): Uint8Array => {
  const bytes: number[] = []
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 128n) return Uint8Array.of(...bytes, Number(rest))
    bytes.push(Number(rest & 127n) | 128)
  }
}
