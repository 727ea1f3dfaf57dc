import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { expect } from 'chai'
import { flatQuorumSet } from '../../../src/node/network.ts'
import { futurePeerId } from '../../../src/node/data/folder.ts'
import type { Node } from '../../../src/node/index.ts'
import { fastClock } from '../../support/fast-clock.ts'
import { collect, Lab, livePeers, once, until } from './support.ts'

const VALIDATORS = ['v0', 'v1', 'v2', 'v3']
/** What the test waits for: longer than a busy machine needs. */
const PATIENCE_MS = 60_000

describe('agreed map: real nodes', function () {
  this.timeout(180_000)
  let lab: Lab
  let network: string

  const config = { reportInterval: 2_000, mapEpoch: 2_000 }
  // One clock for all: peers whose clocks differ by minutes refuse each other's reports.
  const clock = fastClock(3)
  const slotOf = (node: Node): number => node.map().slot
  const idsOf = (node: Node): string[] => node.map().peers.map(({ id }) => id)

  before(async () => {
    lab = new Lab()
    const validators = await Promise.all(
      VALIDATORS.map(async (name) => await futurePeerId(join(lab.folder, name)))
    )
    network = lab.network('agreeing', { code: { k: 2, n: 3 }, quorumSet: flatQuorumSet(validators) }).path
    for (const name of VALIDATORS) await lab.start(name, { ...config, network }, { clock })
    await lab.start('follower', { ...config, network }, { clock })
  })
  after(async () => await lab.stop())

  it('is the same on every node, slot for slot, and has every peer and their round-trip times', async () => {
    await until(
      'everybody on the map of everybody',
      () => lab.nodes.every((node) => idsOf(node).length === 5 && node.map().edges.length > 0),
      PATIENCE_MS
    )
    // One agreement at a time may be under way: compare maps of the same slot.
    await until(
      'two nodes with a map of the same slot',
      () => lab.nodes.every((node) => slotOf(node) === slotOf(lab.nodes[0])),
      PATIENCE_MS
    )
    const [first, ...others] = lab.nodes.map((node) => node.map())
    for (const map of others) {
      if (map.slot !== first.slot) continue
      expect(map.peers).to.deep.equal(first.peers)
      expect(map.edges).to.deep.equal(first.edges)
    }
    const follower = lab.nodes[4].map()
    expect(follower.agreement?.isValidator).to.equal(false)
    await until(
      'every peer to be placed in latency space and in placement, by what the others saw',
      () =>
        lab.nodes[4]
          .map()
          .peers.every(
            ({ coordinate, seat, seenIn }) => coordinate && seat && /^port:127\.0\.0\.1:/.test(seenIn)
          ),
      PATIENCE_MS
    )
    expect((await lab.nodes[4].status()).map.state).to.equal('agreed')
    const page = await lab.nodes[4].metrics.metrics()
    for (const line of [
      'map_peers 5',
      'map_seats 5',
      'map_stale 0',
      'quorum_available 1',
      'quorum_voting 0'
    ]) {
      expect(page).to.match(new RegExp(`^thhe_${line}$`, 'm'))
    }
    expect(page).to.match(/^thhe_map_age_seconds \d/m)
    await until(
      'the quorum sets to be checked',
      () => lab.nodes[0].map().agreement?.trust === 'intersects',
      PATIENCE_MS
    )
  })

  it('decides where objects go, the same for every node; a node that has just come reads them', async () => {
    const eraOf = async (node: Node): Promise<number> => (await node.status()).map.placementEra
    await until(
      'everybody to compute homes by the same era of the map',
      async () => {
        const eras = await Promise.all(lab.nodes.map(eraOf))
        return eras[0] > 0 && eras.every((era) => era === eras[0])
      },
      PATIENCE_MS
    )
    const bytes = randomBytes(300_000)
    const { cid, stored } = await lab.nodes[1].objects.put(once(bytes))
    expect(stored).to.have.lengthOf(3)
    const read = async (node: Node): Promise<Buffer> => collect((await node.objects.get(cid)).bytes)
    expect(Buffer.compare(await read(lab.nodes[4]), bytes)).to.equal(0)
    const late = await lab.start('late', { ...config, network }, { clock })
    expect(await eraOf(late)).to.equal(0)
    await until('it to know some peers', () => livePeers(late).length > 3, PATIENCE_MS)
    expect(Buffer.compare(await read(late), bytes)).to.equal(0)
    await until('it to compute homes by the map', async () => (await eraOf(late)) > 0, PATIENCE_MS)
    expect(Buffer.compare(await read(late), bytes)).to.equal(0)
    await late.stop()
  })

  it('continues without one validator of four and names it; without two the last map stays in force', async () => {
    const [first, , , fourth] = lab.nodes
    const gone = fourth.peerId.toString()
    await fourth.stop()
    const before = slotOf(first)
    await until('more maps without it', () => slotOf(first) > before + 3, PATIENCE_MS)
    await until(
      'it to be missed',
      () => first.map().agreement?.validators.find(({ id }) => id === gone)?.isMissing === true,
      PATIENCE_MS
    )
    await lab.nodes[2].stop()
    await until(
      'the map to be called stale',
      async () => (await first.status()).map.state === 'stale',
      PATIENCE_MS
    )
    await until('the quorum to be missed', () => !first.map().hasQuorum, PATIENCE_MS)
    expect(idsOf(first)).to.include(first.peerId.toString())
  })
})

describe('agreed map: a network without validators', () => {
  it('has no map and still works', async () => {
    const lab = new Lab()
    const node = await lab.start('alone')
    expect(node.map()).to.deep.equal({
      state: 'off',
      slot: 0,
      ageMs: 0,
      hasQuorum: false,
      peers: [],
      edges: []
    })
    await lab.stop()
  })
})
