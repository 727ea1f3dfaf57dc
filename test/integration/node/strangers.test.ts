import { randomBytes } from 'node:crypto'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { signReport } from '../../../src/node/peers/report.ts'
import { MAX_STRANGERS_PER_INTRODUCER } from '../../../src/node/peers/strangers.ts'
import { dialPatiently, knowsAll, Lab, livePeers, once, prefixOf, startLabHost, until } from './support.ts'
import type { LabHost } from './support.ts'
import { EMPTY_SECTIONS } from '../../support/reports.ts'

const GHOSTS = 200
const MIB = 2 ** 20

const reportCount = async (metrics: { metrics: () => Promise<string> }, outcome: string): Promise<number> =>
  Number(new RegExp(`thhe_reports_total\\{outcome="${outcome}"\\} (\\d+)`).exec(await metrics.metrics())?.[1])

describe(`reports of ${GHOSTS} peers that do not exist`, function () {
  this.timeout(120_000)
  let lab: Lab
  let attacker: LabHost

  before(async () => {
    lab = new Lab({ k: 2, n: 4 })
    await lab.start('n0', { reportInterval: 2_000 })
    for (let i = 1; i < 5; i++) await lab.start(`n${i}`, { reportInterval: 2_000 })
    await until('everybody to know everybody', () => lab.nodes.every((node) => knowsAll(node, lab.nodes)))
  })
  after(async () => {
    await attacker.host.stop()
    await lab.stop()
  })

  it('do not stop a put, and reach only the table of the peer that receives them', async () => {
    const [met, ...others] = lab.nodes
    const prefix = prefixOf(met)
    attacker = await startLabHost({}, prefix)
    await attacker.host.handle(`${prefix}/peers/1`, (stream) => stream.abort(new Error('no')))
    const topic = `${prefix}/reports/1`
    await dialPatiently(attacker.host, [multiaddr(met.multiaddrs()[0])])
    attacker.host.services.pubsub.subscribe(topic)
    await until('a subscriber', () => attacker.host.services.pubsub.getSubscribers(topic).length > 0)
    const nowMs = Date.now()
    const claims = multiaddr('/ip4/127.0.0.1/tcp/9')
    for (let i = 0; i < GHOSTS; i++) {
      const key = await generateKeyPair('Ed25519')
      const fields = {
        sequence: BigInt(nowMs),
        issuedAtMs: nowMs,
        capacityBytes: 2 ** 52,
        freeBytes: 2 ** 52,
        version: '0.1.0',
        uptimeSeconds: 1e6,
        domain: `ghost-${i}`,
        multiaddrs: [claims],
        intervalMs: 3_600_000,
        ...EMPTY_SECTIONS
      }
      const signer = {
        peer: peerIdFromPrivateKey(key),
        sign: async (bytes: Uint8Array) => await key.sign(bytes)
      }
      await attacker.host.services.pubsub.publish(topic, await signReport(met.networkId, fields, signer))
    }
    await until(
      'the surplus to be dropped',
      async () => (await reportCount(met.metrics, 'too-many-new')) >= GHOSTS - MAX_STRANGERS_PER_INTRODUCER
    )
    for (const node of lab.nodes) expect(livePeers(node)).to.have.lengthOf(lab.nodes.length)
    for (const node of others) expect(node.peers().length).to.be.at.most(lab.nodes.length + 1)
    for (const node of [met, others[0]]) {
      const { stored } = await node.objects.put(once(randomBytes(MIB)))
      expect(stored).to.have.lengthOf(4)
    }
    const newcomer = await lab.start('late', { reportInterval: 2_000 })
    await until('a newcomer to be known all the same', () =>
      lab.nodes.every((node) => livePeers(node).includes(newcomer.peerId.toString()))
    )
  })
})
