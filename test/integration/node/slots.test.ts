import { varint } from 'multiformats'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { MAX_PUT_FRAME_BYTES, PUT_PROTOCOL } from '../../../protocols/limits.ts'
import { Lab, livePeers, prefixOf, startLabHost, until } from './support.ts'
import type { Connection, Stream } from '@libp2p/interface'
import type { Node } from '../../../src/node/index.ts'
import type { LabHost } from './support.ts'

const MAX_CONNECTIONS = 12
const deadline = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(20_000) })

describe('connection slots that one attacker can take', function () {
  this.timeout(120_000)
  let lab: Lab
  let node: Node
  const attackers: LabHost[] = []
  beforeEach(async () => {
    lab = new Lab()
    node = await lab.start('n0', { maxConnections: MAX_CONNECTIONS, reportInterval: 1_000 })
  })
  afterEach(async () => {
    await Promise.all(attackers.splice(0).map(({ host }) => host.stop()))
    await lab.stop()
  })

  const attack = async (): Promise<LabHost> => {
    const prefix = prefixOf(node)
    const attacker = await startLabHost({ maxConnections: 1000 }, prefix)
    await attacker.host.handle(`${prefix}/peers/1`, (stream) => stream.abort(new Error('no')))
    attackers.push(attacker)
    return attacker
  }
  const dial = async ({ host }: LabHost): Promise<Connection> =>
    await host.dial(multiaddr(node.multiaddrs()[0]), { ...deadline(), force: true })

  it('with one key: four connections, and a newcomer still gets a slot', async () => {
    const attacker = await attack()
    const mine: Connection[] = []
    for (let i = 0; i < MAX_CONNECTIONS + 5; i++) mine.push(await dial(attacker))
    await until('the surplus to be closed', () => mine.filter(({ status }) => status === 'open').length <= 4)
    const newcomer = await lab.start('late', { reportInterval: 1_000 })
    // Connections this young are closed by lot, that of the newcomer as well.
    await until('the newcomer to be in', () => livePeers(newcomer).includes(node.peerId.toString()), 60_000)
  })

  it('with many keys on one machine: a newcomer on the same machine still gets a slot', async () => {
    for (let i = 0; i < MAX_CONNECTIONS + 3; i++) await dial(await attack())
    const newcomer = await lab.start('late', { reportInterval: 1_000 })
    // Connections this young are closed by lot, that of the newcomer as well.
    await until('the newcomer to be in', () => livePeers(newcomer).includes(node.peerId.toString()), 60_000)
    await until(
      'the newcomer to be known',
      () => livePeers(node).includes(newcomer.peerId.toString()),
      60_000
    )
  })

  it('with endless messages: only as many streams as the memory of one peer allows', async () => {
    const attacker = await attack()
    const connection = await dial(attacker)
    const protocol = `${prefixOf(node)}/${PUT_PROTOCOL}`
    const prefix = varint.encodeTo(
      MAX_PUT_FRAME_BYTES,
      new Uint8Array(varint.encodingLength(MAX_PUT_FRAME_BYTES))
    )
    // 32 MiB a peer.
    const taken = Math.floor((32 * 2 ** 20) / MAX_PUT_FRAME_BYTES)
    let answered = 0
    const streams: Stream[] = []
    for (let i = 0; i < 60; i++) {
      const stream = await connection.newStream(protocol, { maxOutboundStreams: 100 })
      stream.addEventListener('message', () => answered++)
      stream.send(prefix)
      streams.push(stream)
    }
    await until('the others to be told BUSY', () => answered === 60 - taken)
    const refused = await node.metrics.getSingleMetricAsString('thhe_holder_refused_total')
    expect(refused).to.contain(`status="BUSY"} ${60 - taken}`)
    for (const stream of streams) stream.abort(new Error('the test is over'))
  })
})
