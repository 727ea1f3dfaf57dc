import { execFileSync } from 'node:child_process'
import { expect } from 'chai'
import { createWasmBackend } from '../../encoder/index.ts'
import { otherNode } from '../support/other-node.ts'
import { Prng, scatteredLatency } from './engine/index.ts'
import { InlineCodec } from './mesh/codec.ts'
import { SCENARIOS } from './mesh/scenarios.ts'
import type { Scenario, ScenarioName } from './mesh/scenarios.ts'
import { exitCodeOf, Simulation } from './mesh/simulation.ts'
import type { SimulationInit, SimulationReport } from './mesh/simulation.ts'

const PEERS = 14

async function simulate(
  name: string,
  scenario: Scenario,
  changes: Partial<SimulationInit> = {}
): Promise<SimulationReport> {
  const seed = changes.seed ?? 7
  return await new Simulation({
    name,
    scenario,
    peers: PEERS,
    objects: 12,
    seed,
    seconds: 300,
    k: 3,
    n: 8,
    maxObjectBytes: 200_000,
    readsPerSecond: 0.3,
    latency: scatteredLatency(new Prng(seed), 2 * PEERS, 40_000),
    codec: new InlineCodec(await createWasmBackend()),
    ...changes
  }).run()
}

describe('simulated mesh', function () {
  this.timeout(240_000)

  /** Crowds on slow lines, so that few reads are a crowd. */
  const CROWD: Partial<SimulationInit> = {
    ...{ peers: 20, objects: 10, seconds: 100, k: 3, n: 6 },
    ...{ maxObjectBytes: 120_000, readsPerSecond: 0.08, lineBytesPerSecond: 40_000 }
  }
  const CHANGES: Partial<Record<ScenarioName, Partial<SimulationInit>>> = {
    flash: { ...CROWD, seconds: 60 },
    ramp: { ...CROWD, seconds: 60 },
    zipf: { ...CROWD, seconds: 60 },
    region: { regions: 4 }
  }

  for (const name of Object.keys(SCENARIOS) as ScenarioName[]) {
    it(`${name}: nothing is lost that its code covers, no byte is wrong, nothing fails unseen`, async () => {
      const report = await simulate(name, SCENARIOS[name], CHANGES[name])
      expect(report.surprises).to.deep.equal([])
      expect(report).to.include({ lost: 0, wrongBytes: 0 })
      expect(report.puts.failed).to.deep.equal({})
      expect(report.reads.ok).to.be.greaterThan(40)
      expect(exitCodeOf(report)).to.equal(0)
    })
  }

  for (const [who, mapShare] of [
    ['everybody computes homes from the agreed map', 1],
    ['half of the peers have no map, and compute other homes', 0.5]
  ] as const) {
    it(`kill30, and ${who}: nothing is lost, and readers find everything`, async () => {
      const report = await simulate('kill30', SCENARIOS.kill30, { mapShare, seed: 5 })
      expect(report.surprises).to.deep.equal([])
      expect(report).to.include({ lost: 0, wrongBytes: 0 })
      expect(report.puts.ok).to.equal(12)
      expect(report.reads.ok).to.be.greaterThan(40)
      expect(report.reads.failed).to.deep.equal({})
    })
  }

  it('tells the same history for the same seed, and another one for another', async () => {
    const [first, again, other] = [
      await simulate('churn', SCENARIOS.churn, { seed: 3 }),
      await simulate('churn', SCENARIOS.churn, { seed: 3 }),
      await simulate('churn', SCENARIOS.churn, { seed: 4 })
    ]
    expect(again).to.deep.equal(first)
    expect(other.digest).not.to.equal(first.digest)
  })

  it('tells the same history on another Node release', function () {
    const other = otherNode()
    if (other === undefined) {
      console.log('      skipped: no second Node release that strips types is on the PATH')
      return this.skip()
    }
    const run = (node: string): string =>
      execFileSync(
        node,
        ['test/sim/mesh.ts', '--peers', '14', '--objects', '5', '--minutes', '1', '--n', '8', '--json'],
        { encoding: 'utf8' }
      )
    expect(run(other)).to.equal(run(process.execPath))
  })

  it('spreads a hot object over cool peers, where readers find it, and takes the copies back', async () => {
    const crowd = { ...CROWD, seconds: 200 }
    const on = await simulate('flash', SCENARIOS.flash, { ...crowd, control: 'on' })
    const off = await simulate('flash', SCENARIOS.flash, { ...crowd, seconds: 60, control: 'off' })
    expect(on.actions['spread.spread']).to.be.above(5)
    expect(on.actions['spread.dropped']).to.be.above(0)
    expect(on.reads.p50Ms).to.be.below(0.6 * off.reads.p50Ms)
    expect(on.reads.p99Ms).to.be.below(0.8 * off.reads.p99Ms)
    expect(on.load.meanKl).to.be.below(0.7 * off.load.meanKl)
  })

  it('pays less for the same failure the second time', async () => {
    const costs: number[] = []
    const outage: Scenario = async ({ world }) => {
      const sent = (): number =>
        world.nodes.reduce((sum, { hologram }) => sum + (hologram?.healStats.sentBytes ?? 0), 0)
      const failing = world.nodes.filter(({ domain }) => domain === world.nodes[0].domain)
      for (let time = 0; time < 2; time++) {
        const before = sent()
        await world.sleep(60)
        for (const node of failing) node.vanish()
        await world.sleep(400)
        costs.push(sent() - before)
        for (const node of failing) await node.start()
        await world.sleep(60)
      }
    }
    const report = await simulate('outage twice', outage, { regions: 5, graceSeconds: 20 })
    expect(report).to.include({ lost: 0, wrongBytes: 0 })
    expect(costs[0]).to.be.above(0)
    expect(costs[1]).to.be.below(0.5 * costs[0])
  })

  it('fails when data goes that was promised: every disk of a shard is emptied in silence', async () => {
    const report = await simulate('emptied', async ({ world }) => {
      await world.sleep(60)
      for (const node of world.nodes) {
        for (const path of node.disk.paths('.blocks')) {
          for (let at = 0; at < (node.disk.sizeOf(path) ?? 0); at += 512) node.disk.rot(path, at)
        }
      }
      await world.sleep(60)
    })
    expect(report.lost).to.be.greaterThan(0)
    expect(exitCodeOf(report)).to.equal(1)
  })

  it('promises nothing more of objects that lost more than their code covers', async () => {
    const report = await simulate('massacre', async ({ world, loseForGood }) => {
      await world.sleep(10)
      await loseForGood(world.nodes.slice(2))
      await world.sleep(60)
    })
    expect(report.beyondTheCode).to.be.greaterThan(0)
    expect(report.lost).to.equal(0)
    expect(report.reads.hopeless).to.be.greaterThan(0)
  })
})
