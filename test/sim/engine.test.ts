// The simulator itself: if it is not deterministic, nothing that it shows can be replayed.

import { expect } from 'chai'
import {
  LoopbackNetwork,
  matrixLatency,
  Prng,
  quantile,
  scatteredLatency,
  SimDisk,
  uniformLatency,
  VirtualClock
} from './engine/index.ts'

describe('sim: engine', () => {
  it('one seed, one sequence; another seed, another', () => {
    const draw = (seed: number) => {
      const prng = new Prng(seed)
      return Array.from({ length: 20 }, () => prng.u32())
    }
    expect(draw(7)).to.deep.equal(draw(7))
    expect(draw(7)).not.to.deep.equal(draw(8))
  })

  it('draws are spread evenly', () => {
    const prng = new Prng(1)
    const units = Array.from({ length: 20_000 }, () => prng.unit())
    expect(units.reduce((sum, unit) => sum + unit) / units.length).to.be.closeTo(0.5, 0.01)
    expect(new Set(prng.sample([1, 2, 3, 4, 5], 3)).size).to.equal(3)
  })

  it('events run in the order of time, then of scheduling, and cancelled ones do not', () => {
    const clock = new VirtualClock()
    const ran: string[] = []
    for (const [delay, name] of [
      [30, 'c'],
      [10, 'a'],
      [10, 'b'],
      [20, 'gone']
    ] as const) {
      const event = clock.after(delay, () => ran.push(`${name}@${clock.nowMicros}`))
      if (name === 'gone') event.cancel()
    }
    clock.after(10, () => clock.after(0, () => ran.push('nested')))
    expect(clock.run(25)).to.equal(4)
    expect(ran).to.deep.equal(['a@10', 'b@10', 'nested'])
    clock.run(100)
    expect(ran.pop()).to.equal('c@30')
  })

  it('many events come out sorted', () => {
    const clock = new VirtualClock()
    const prng = new Prng(3)
    const times: number[] = []
    for (let i = 0; i < 2000; i++) clock.after(prng.below(1000), () => times.push(clock.nowMicros))
    clock.run(1000)
    expect(times).to.deep.equal([...times].sort((a, b) => a - b))
    expect(times).to.have.length(2000)
  })

  describe('network', () => {
    const build = (options = {}) => {
      const clock = new VirtualClock()
      const network = new LoopbackNetwork<number>(clock, new Prng(5), {
        latency: uniformLatency(100),
        ...options
      })
      const got: { message: number; atMicros: number }[] = []
      network.attach(1, (message) => got.push({ message, atMicros: clock.nowMicros }))
      return { clock, network, got }
    }

    it('delivers after the delay of the link, and counts', () => {
      const { clock, network, got } = build()
      network.send(0, 1, 42, 10)
      clock.run(1000)
      expect(got).to.deep.equal([{ message: 42, atMicros: 100 }])
      expect(network.delivered).to.deep.equal({ messages: 1, bytes: 10 })
    })

    it('loses, doubles and reorders in the shares asked for', () => {
      const { clock, network, got } = build({ loss: 0.2, duplication: 0.5, jitter: 1 })
      for (let i = 0; i < 2000; i++) network.send(0, 1, i, 1)
      clock.run(1000)
      expect(new Set(got.map(({ message }) => message)).size / 2000).to.be.closeTo(0.8, 0.03)
      expect(got.length / 2000).to.be.closeTo(1.2, 0.05)
      expect(got.some(({ message }, i) => i > 0 && message < got[i - 1].message)).to.equal(true)
    })

    it('a partition cuts what is under way too, until it heals; a node that is down gets nothing', () => {
      const { clock, network, got } = build()
      network.send(0, 1, 1, 1)
      network.partition([[0]])
      network.send(0, 1, 2, 1)
      clock.run(1000)
      network.heal()
      network.send(0, 1, 3, 1)
      clock.run(2000)
      network.send(0, 1, 4, 1)
      network.detach(1)
      clock.run(3000)
      expect(got.map(({ message }) => message)).to.deep.equal([3])
    })
  })

  it('a disk loses what is not synced when it crashes, and keeps the order of writes', () => {
    const clock = new VirtualClock()
    const disk = new SimDisk<string>(clock, 10)
    const durable: string[] = []
    for (const name of ['a', 'b', 'c'])
      disk.write(name, name, () => durable.push(`${name}@${clock.nowMicros}`))
    clock.run(25)
    disk.crash()
    clock.run(100)
    expect(durable).to.deep.equal(['a@10', 'b@20'])
    expect(disk.entries().map(([key]) => key)).to.deep.equal(['a', 'b'])
  })

  it('latencies: a matrix with and without names, and scattered nodes around the mean asked for', () => {
    expect(matrixLatency('0,10\n20,0')(1, 0)).to.equal(10_000)
    expect(matrixLatency('node,a,b\na,0,10\nb,20,0')(0, 1)).to.equal(5_000)
    expect(() => matrixLatency('0,1\n2')).to.throw(RangeError)
    const latency = scatteredLatency(new Prng(2), 200, 100_000)
    let total = 0
    for (let i = 0; i < 199; i++) total += latency(i, i + 1)
    expect(total / 199).to.be.within(85_000, 115_000)
    expect(latency(3, 9)).to.equal(latency(9, 3))
  })

  it('quantiles by the nearest rank', () => {
    expect(quantile([5, 1, 4, 2, 3], 0.5)).to.equal(3)
    expect(quantile([1, 2], 0.95)).to.equal(2)
    expect(Number.isNaN(quantile([], 0.5))).to.equal(true)
  })
})
