import { expect } from 'chai'
import { Homeostat } from '../../../src/homeostat/index.ts'
import type { HomeostatDriver, HomeostatEvent, PeerLoad, ServedWork } from '../../../src/homeostat/index.ts'
import { Prng } from '../../sim/engine/index.ts'
import { VirtualTime } from '../../support/virtual-clock.ts'

class Fixture implements HomeostatDriver {
  readonly clock = new VirtualTime()
  readonly #prng = new Prng(1)
  readonly random = { bytes: (length: number) => this.#prng.bytes(length), unit: () => this.#prng.unit() }
  readonly events: HomeostatEvent[] = []
  readonly dilated: string[] = []
  readonly contracted: string[] = []
  load: readonly PeerLoad[] = []

  loopUtilisation = (): number => 0.1
  uplinkCap = (): number => 1_000_000
  peers = (): readonly PeerLoad[] => this.load
  dilate = (object: string): void => void this.dilated.push(object)
  contract = (object: string): void => void this.contracted.push(object)
  note = (event: HomeostatEvent): void => void this.events.push(event)

  async periods(count: number, each: () => void = () => {}): Promise<void> {
    for (let i = 0; i < count; i++) {
      each()
      await this.clock.advance(2_000)
    }
  }
}

const peer = (id: string, reportedHeat: number): PeerLoad => ({
  id,
  domain: id.slice(0, 1),
  capacity: 1,
  reportedHeat,
  observedHeat: []
})

describe('homeostat', () => {
  let world: Fixture
  let homeostat: Homeostat

  beforeEach(() => {
    world = new Fixture()
    homeostat = new Homeostat(world)
    homeostat.start()
  })

  afterEach(() => homeostat.stop())

  it('spreads the hot object while the uplink is still filling, and reports the forecast to others', async () => {
    let bytes = 0
    await world.periods(12, () => {
      bytes = Math.min(1_360_000, bytes + 120_000)
      homeostat.noteServed('hot', bytes, false, 0)
      homeostat.noteServed('cold', 0.01 * bytes, false, 0)
    })
    expect(world.dilated).to.include('hot')
    expect(world.dilated).not.to.include('cold')
    expect(world.events[0].reason).to.match(/^heat is forecast to reach 0\.7\d, and 99 % of what/)
    expect(homeostat.reportedHeat).to.be.at.least(homeostat.state.heat.value)
    expect(homeostat.state.heat.source).to.equal('uplink')
  })

  it('does nothing while it is stopped', async () => {
    homeostat.stop()
    await world.periods(10, () => homeostat.noteServed('hot', 2_000_000, false, 0))
    expect(world.dilated).to.deep.equal([])
  })

  it('prefers cool peers in proportion to their Boltzmann weights, and a peer that was busy comes back', async () => {
    world.load = [peer('cool', 0.1), peer('hot', 1)]
    await world.periods(2)
    const wins = (): number => {
      let count = 0
      for (let i = 0; i < 500; i++) if (homeostat.factor('cool') < homeostat.factor('hot')) count++
      return count
    }
    // T is 1.25 times the mean heat of those that carry load, 0.92: exp(-0.9 / 1.15) is 0.46.
    expect(wins()).to.be.within(310, 380)
    homeostat.noteBusy('cool')
    expect(homeostat.heatOf('cool')).to.equal(1)
    expect(wins()).to.be.within(210, 290)
    await world.periods(15)
    expect(homeostat.heatOf('cool')).to.equal(0.1)
  })

  it('counts divergence, partition function, action and objective of what it knows', async () => {
    world.load = [peer('a', 0.5), peer('b', 0.5)]
    homeostat.noteServed('x', 25_000_000, false, 0)
    homeostat.noteServed('x', 9_000_000, true, 0)
    await world.periods(1)
    expect(homeostat.state).to.include({ divergence: 0, imbalance: 1, action: 25_000_000, objective: 1 })
    expect(homeostat.state.logPartition).to.be.closeTo(-0.5 / homeostat.state.temperature, 1e-9)
    world.load = [peer('a', 1), peer('b', 0)]
    await world.periods(1)
    expect(homeostat.state.divergence).to.be.closeTo(Math.log(2), 1e-9)
    expect(homeostat.state.imbalance).to.equal(2)
    expect(homeostat.state.objective).to.be.below(1)
  })

  it('asks for more spare shards once a failure domain has failed as a whole', async () => {
    const all = Array.from({ length: 12 }, (_, i) => peer(`${'abcd'[i % 4]}${i}`, 0))
    world.load = all
    await world.periods(5)
    const holders = all.map(({ id, domain }) => ({ id, domain }))
    const before = homeostat.neededSpare(holders, 8)
    world.load = []
    await world.periods(1)
    world.load = all
    await world.periods(1)
    expect(homeostat.neededSpare(holders, 8), 'this node was cut off').to.equal(before)
    world.load = all.filter(({ domain }) => domain !== 'a')
    await world.periods(1)
    world.load = all
    await world.periods(1)
    expect(homeostat.neededSpare(holders, 8)).to.be.above(before)
    expect(homeostat.neededSpare(holders, 2)).to.equal(2)
  })

  it('says once a period, not once a request, that it turns requests away', async () => {
    const open: Array<(work: ServedWork) => void> = []
    await world.periods(3, () => {
      for (let i = 0; i < 100; i++) {
        const entered = homeostat.enter(false)
        if (typeof entered === 'function') open.push(entered)
      }
    })
    expect(homeostat.state.admission.refused).to.be.above(100)
    expect(world.events.filter(({ kind }) => kind === 'refuse')).to.have.length(3)
    expect(homeostat.state.heat.source).to.equal('queue')
    for (const done of open) done({ units: 1, tookMs: 1, failed: false })
    expect(homeostat.state.inFlight).to.equal(0)
  })
})
