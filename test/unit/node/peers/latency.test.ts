import { expect } from 'chai'
import { LatencyWorld } from './latency-world.ts'

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]

/** Relative error of the predictions between the first `count` nodes, by the coordinates of their reports. */
const errorsOf = ({ nodes, trueRttMs }: LatencyWorld, count: number, world: LatencyWorld): number[] =>
  nodes.slice(0, count).flatMap((from) =>
    nodes.slice(0, count).flatMap((to) => {
      if (from === to) return []
      const trueMs = trueRttMs.call(world, from.host, to.host)
      return [Math.abs(from.latency.predictedRttMs(to.id.toString())! - trueMs) / trueMs]
    })
  )

describe("a node's coordinate", () => {
  it('predicts round trips to every peer from probes of some, and says how far off it is', async () => {
    const world = new LatencyWorld(40, 3)
    await world.start()
    await world.pass(90)
    for (const { latency } of world.nodes) {
      const { samples, neighbours, refused, errorPpm } = latency.status()
      expect(neighbours).to.equal(32)
      expect(samples).to.be.greaterThan(64)
      expect(refused).to.equal(0)
      expect(errorPpm).to.be.lessThan(300_000)
    }
    expect(median(errorsOf(world, 40, world))).to.be.lessThan(0.12)
    // Measured where there are probes: filtered, so at least the true time and not far above it.
    const [first] = world.nodes
    for (const id of first.latency.neighbours) {
      const measured = first.latency.measuredRttMs(id)
      const to = world.nodes.find((node) => node.id.toString() === id)!
      if (measured !== undefined) {
        expect(measured).to.be.within(world.trueRttMs(0, to.host), world.trueRttMs(0, to.host) + 1)
      }
    }
  })

  it('has neighbours that are nearer than chance makes them', async () => {
    const world = new LatencyWorld(60, 5)
    await world.start()
    await world.pass(100)
    const shares = world.nodes.map(({ host, latency }) => {
      const others = world.nodes.filter((node) => node.host !== host)
      const nearest = others
        .sort((a, b) => world.trueRttMs(host, a.host) - world.trueRttMs(host, b.host))
        .slice(0, 10)
      return nearest.filter(({ id }) => latency.neighbours.includes(id.toString())).length / 10
    })
    // By chance 32 of 59 would be among them.
    expect(median(shares)).to.be.at.least(0.8)
  })

  it('does not move by answers outside the rules, which cost their author its good name', async () => {
    const world = new LatencyWorld(6, 7)
    await world.start()
    const [honest, liar] = world.nodes
    const positionMicros = [0, 0, 0, 0, 0, 0, 0, 0]
    liar.lie({ positionMicros: positionMicros.with(2, 2 ** 31 - 1), heightMicros: 1_000, errorPpm: 0 })
    await world.pass(40)
    expect(honest.latency.status().refused).to.be.greaterThan(0)
    expect(honest.latency.measuredRttMs(liar.id.toString())).to.equal(undefined)
    expect(honest.table.get(liar.id)?.reliabilityPpm).to.be.lessThan(100_000)
    expect(honest.table.get(world.nodes[2].id)?.reliabilityPpm).to.equal(1_000_000)
    const others = world.nodes.filter((node) => node !== liar)
    for (const { latency } of others)
      expect(latency.coordinate?.positionMicros.every((p) => Math.abs(p) < 1e6)).to.equal(true)
  })

  it('no longer follows peers that the agreed map doubts, and predicts others by their place on the map', async () => {
    const world = new LatencyWorld(12, 9)
    await world.start()
    const liars = world.nodes.slice(9)
    // In the rules, and far from the truth.
    const positionMicros = [9_000_000, -9_000_000, 0, 0, 0, 0, 0, 0]
    for (const liar of liars) liar.lie({ positionMicros, heightMicros: 100, errorPpm: 0 })
    const doubted = liars.map(({ id }) => ({ id: id.toString(), isDoubted: true, coordinate: undefined }))
    for (const node of world.nodes.slice(0, 9)) node.latency.follow(doubted)
    await world.pass(120)
    expect(median(errorsOf(world, 9, world))).to.be.lessThan(0.15)
    const [first, second] = world.nodes
    const far = { positionMicros: [0, 0, 0, 0, 0, 0, 0, 5_000_000], heightMicros: 100, errorPpm: 0 }
    const id = second.id.toString()
    first.latency.follow([...doubted, { id, isDoubted: false, coordinate: far }])
    expect(first.latency.predictedRttMs(id)).to.be.greaterThan(4_000)
    expect(first.latency.predictedRttMs(liars[0].id.toString())).to.equal(undefined)
  })

  it('forgets neighbours that have gone', async () => {
    const world = new LatencyWorld(5, 11)
    await world.start()
    await world.pass(15)
    const [first, second] = world.nodes
    const id = second.id.toString()
    expect(first.latency.neighbours).to.have.lengthOf(4).and.include(id)
    first.table.markDown(second.id)
    await world.pass(3)
    expect(first.latency.neighbours).not.to.include(id)
    expect(first.latency.measuredRttMs(id)).to.equal(undefined)
  })
})
