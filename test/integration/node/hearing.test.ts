// In a large network most peers do not take in everybody's reports: limits for hundreds of peers are set for twelve here.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { expect } from 'chai'
import { futurePeerId } from '../../../src/node/data/folder.ts'
import type { Metric } from 'prom-client'
import type { Node } from '../../../src/node/index.ts'
import { fastClock } from '../../support/fast-clock.ts'
import { collect, Lab, livePeers, once, until } from './support.ts'

const VALIDATORS = ['v0', 'v1', 'v2']
const OTHERS = Array.from({ length: 9 }, (_, i) => `p${i}`)
/** What the test waits for: longer than a busy machine needs. */
const PATIENCE_MS = 90_000

describe('reports in a large network: real nodes', function () {
  this.timeout(300_000)
  let lab: Lab
  let network: string

  const config = { reportInterval: 2_000, mapEpoch: 2_000 }
  const overrides = { clock: fastClock(3), hearing: { allUpTo: 4, least: 2, enough: 3 } }
  const idsOf = (node: Node): string[] => node.map().peers.map(({ id }) => id)
  /** All metrics at once would cost more than what is tested. */
  const hears = async ({ metrics }: Node): Promise<boolean> => {
    const { values } = await (metrics.getSingleMetric('thhe_hears_reports') as Metric).get()
    return values[0].value === 1
  }
  const quiet = async (): Promise<Node[]> => {
    const hearing = await Promise.all(lab.nodes.map(hears))
    return lab.nodes.filter((_, i) => !hearing[i])
  }

  before(async () => {
    lab = new Lab()
    const validators = await Promise.all(
      VALIDATORS.map(async (name) => await futurePeerId(join(lab.folder, name)))
    )
    const quorumSet = { threshold: 2, validators, innerSets: [] }
    network = lab.network('large', { code: { k: 2, n: 4 }, quorumSet }).path
    for (const name of [...VALIDATORS, ...OTHERS]) await lab.start(name, { ...config, network }, overrides)
  })
  after(async () => await lab.stop())

  it('go to validators and a few hearers; all others have the map, and know every peer by it', async () => {
    await until(
      'everybody on the map of everybody',
      () => lab.nodes.every((node) => idsOf(node).length === 12),
      PATIENCE_MS
    )
    await until(
      'most peers to leave the reports to others',
      async () => (await quiet()).length >= 6,
      PATIENCE_MS
    )
    for (const node of lab.nodes.slice(0, 3)) expect(await hears(node), 'a validator').to.equal(true)
    // Longer than a report counts by itself: three intervals.
    const [one] = await quiet()
    const slot = one.map().slot
    await until('more maps', () => one.map().slot > slot + 6, PATIENCE_MS)
    for (const node of lab.nodes) {
      expect(idsOf(node)).to.have.length(12)
      expect(livePeers(node)).to.have.length(12)
      expect((await node.status()).map.state).to.equal('agreed')
    }
  })

  it('a validator goes: the maps go on, also for those that do not hear reports', async () => {
    const [gone] = lab.nodes.splice(2, 1)
    await gone.stop()
    const slots = lab.nodes.map((node) => node.map().slot)
    await until(
      'more maps for all',
      () => lab.nodes.every((node, i) => node.map().slot > slots[i] + 3),
      PATIENCE_MS
    )
    await until(
      'nobody to take it for live',
      () => lab.nodes.every((node) => !livePeers(node).includes(gone.peerId.toString())),
      PATIENCE_MS
    )
  })

  it('a peer that comes late gets the map, is on it, and reads what others keep', async () => {
    const [writer] = await quiet()
    const bytes = randomBytes(300_000)
    const { cid } = await writer.objects.put(once(bytes))
    const late = await lab.start('late', { ...config, network }, overrides)
    await until('it to have the map', () => idsOf(late).length >= 11, PATIENCE_MS)
    await until(
      'it to be on the map of everybody',
      () => lab.nodes.every((node) => idsOf(node).includes(late.peerId.toString())),
      PATIENCE_MS
    )
    const read = await collect((await late.objects.get(cid)).bytes)
    expect(Buffer.compare(read, bytes)).to.equal(0)
  })
})
