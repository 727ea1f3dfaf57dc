import { expect } from 'chai'
import fc from 'fast-check'
import {
  ConcurrencyLimit,
  heatOf,
  Inflation,
  judgedHeat,
  MAX_HEAT,
  ObservedHeat,
  Uplink
} from '../../../src/homeostat/index.ts'
import type { LoadSignals } from '../../../src/homeostat/index.ts'

const IDLE: LoadSignals = {
  inFlight: 0,
  concurrencyLimit: 10,
  loopUtilisation: 0,
  serviceUtilisation: 0,
  errorRate: 0,
  diskUtilisation: 0,
  uplinkUtilisation: 0
}

describe('heat', () => {
  it('is 0 when nothing is going on', () => {
    expect(heatOf(IDLE).value).to.equal(0)
  })

  const saturated: ReadonlyArray<[Partial<LoadSignals>, string]> = [
    [{ inFlight: 10 }, 'queue'],
    [{ loopUtilisation: 1 }, 'event loop'],
    [{ serviceUtilisation: 1 }, 'service time'],
    [{ errorRate: 0.1 }, 'errors'],
    [{ diskUtilisation: 1 }, 'disk'],
    [{ uplinkUtilisation: 1 }, 'uplink']
  ]
  for (const [signal, source] of saturated) {
    it(`is 1, and names the ${source}, when that alone is saturated`, () => {
      expect(heatOf({ ...IDLE, ...signal })).to.include({ value: 1, source })
    })
  }

  it('passes 1 when requests wait, and never a bound, whatever a sensor says', () => {
    expect(heatOf({ ...IDLE, inFlight: 20 }).value).to.equal(2)
    const any = fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, -1))
    fc.assert(
      fc.property(fc.record({ ...IDLE, ...mapValues(IDLE, () => any) }), (signals) => {
        const { value } = heatOf(signals as LoadSignals)
        return value >= 0 && value <= MAX_HEAT
      })
    )
  })

  it('of a peer is the median of three observers, whatever the peer and one liar say', () => {
    expect(judgedHeat(0, [0.8, 0.9, 0.7])).to.equal(0.8)
    expect(judgedHeat(0, [0.8, 0.9, 0])).to.equal(0.8)
    expect(judgedHeat(4, [0.1, 0.1, 4])).to.equal(0.1)
  })

  it('of a peer with fewer observers is the highest that is known', () => {
    expect(judgedHeat(0.2, [0.9])).to.equal(0.9)
    expect(judgedHeat(0.5, [])).to.equal(0.5)
    expect(judgedHeat(undefined, [])).to.equal(0)
    expect(judgedHeat(NaN, [NaN, -3])).to.equal(0)
  })
})

describe('heat by observers', () => {
  const saw = (serviceMs: number, failureRate = 0) => ({ serviceMs, failureRate })

  it('is high where all see slow service, each peer against its own best', () => {
    const heats = new ObservedHeat()
    expect(Math.max(...heats.of('far', [saw(200), saw(220)]))).to.be.below(0.1)
    expect(Math.max(...heats.of('p', [saw(20), saw(25), saw(30)]))).to.be.below(0.3)
    expect(Math.min(...heats.of('p', [saw(400), saw(300), saw(500)]))).to.be.above(0.8)
  })

  it('is high where requests fail, and says nothing where nobody asked', () => {
    const heats = new ObservedHeat()
    expect(heats.of('p', [saw(0, 0.5), saw(0, 0.05)])).to.deep.equal([1, 0.1])
    expect(heats.of('p', [saw(0)])).to.deep.equal([])
  })

  it('remembers a bounded number of peers', () => {
    const heats = new ObservedHeat(2)
    for (const peer of ['a', 'b', 'c']) heats.of(peer, [saw(10)])
    // Forgotten: what was slow is its baseline now.
    expect(heats.of('a', [saw(1_000)])).to.deep.equal([0])
  })
})

describe('utilisation by service time', () => {
  it('is that of an M/M/1 queue: twice the time is half full, four times is three quarters', () => {
    for (const [factor, utilisation] of [
      [1, 0],
      [2, 0.5],
      [4, 0.75]
    ]) {
      const inflation = new Inflation()
      for (let i = 0; i < 5; i++) inflation.sample(10)
      for (let i = 0; i < 60; i++) inflation.sample(10 * factor)
      expect(inflation.utilisation(0)).to.be.closeTo(utilisation, 0.06)
    }
  })

  it('counts small differences as noise, and work that has ended as idle', () => {
    const inflation = new Inflation()
    inflation.sample(0.1)
    for (let i = 0; i < 30; i++) inflation.sample(0.9)
    expect(inflation.utilisation(1)).to.equal(0)
    for (let i = 0; i < 30; i++) inflation.sample(50)
    expect(inflation.utilisation(1)).to.be.above(0.9)
    for (let i = 0; i < 10; i++) inflation.idle()
    expect(inflation.utilisation(1)).to.be.below(0.1)
  })

  it('adopts a machine that has become slower for good', () => {
    const inflation = new Inflation()
    inflation.sample(10)
    for (let i = 0; i < 5_000; i++) inflation.sample(30)
    expect(inflation.utilisation(0)).to.be.below(0.05)
  })
})

describe('concurrency limit', () => {
  /** Requests take `serviceMs` up to `capacity` at once, and longer in proportion beyond it. */
  function run(limit: ConcurrencyLimit, periods: number, demand: number, capacity: number): number[] {
    return Array.from({ length: periods }, () => {
      const inFlight = Math.min(demand, limit.limit)
      for (let i = 0; i < 20; i++) limit.sample(10 * Math.max(1, inFlight / capacity), inFlight)
      limit.update(true)
      return limit.limit
    })
  }

  it('grows while service keeps its pace, and settles where the queue would begin', () => {
    const limits = run(new ConcurrencyLimit({ initial: 16, min: 4, max: 1000 }), 400, 1000, 60)
    const settled = limits.slice(200)
    expect(Math.min(...settled)).to.be.above(40)
    // Half as many again is TOLERANCE: the queue is never longer than half a service time.
    expect(Math.max(...settled)).to.be.below(60 * 1.8)
  })

  it('does not grow for a load that never comes near it', () => {
    const limit = new ConcurrencyLimit({ initial: 32, min: 4, max: 1000 })
    run(limit, 100, 3, 60)
    expect(limit.limit).to.equal(32)
  })

  it('falls within ten updates when the machine becomes four times slower', () => {
    const limit = new ConcurrencyLimit({ initial: 64, min: 4, max: 200 })
    run(limit, 100, 64, 100)
    const slow = run(limit, 10, 1000, 16)
    expect(slow[9]).to.be.below(40)
  })

  it('does not fall because readers are slow while the machine has room', () => {
    const limit = new ConcurrencyLimit({ initial: 32, min: 4, max: 100 })
    for (const serviceMs of [10, 100, 100, 100]) {
      for (let i = 0; i < 20; i++) limit.sample(serviceMs, 1)
      limit.update(false)
    }
    expect(limit.limit).to.equal(32)
  })

  it('stays within its bounds', () => {
    const limit = new ConcurrencyLimit({ initial: 8, min: 8, max: 20 })
    expect(Math.max(...run(limit, 200, 1000, 1e9))).to.equal(20)
    expect(Math.min(...run(limit, 200, 1000, 0.5))).to.equal(8)
  })
})

describe('uplink', () => {
  /** Ten writes a second of a tenth of the rate each. */
  function send(uplink: Uplink, fromSeconds: number, rate: number, waitedShare: number): number {
    for (let at = 1; at <= 100; at++) {
      uplink.noteSent(rate / 10, 100 * waitedShare, fromSeconds * 1000 + at * 100)
    }
    return uplink.utilisation((fromSeconds + 10) * 1000)
  }

  it('is full when several writers wait, and what it carries then is its capacity', () => {
    const uplink = new Uplink(0)
    expect(send(uplink, 0, 2e6, 5)).to.equal(1)
    expect(uplink.capacityBytesPerSecond).to.be.closeTo(2e6, 1e5)
    expect(send(uplink, 10, 1e6, 0)).to.be.closeTo(0.5, 0.05)
    expect(uplink.utilisation(60_000)).to.be.below(0.01)
  })

  it('is not full because of one slow reader', () => {
    expect(send(new Uplink(0), 0, 1e5, 1)).to.be.below(0.05)
  })

  it('carries more than what passes without a wait', () => {
    const uplink = new Uplink(0)
    expect(send(uplink, 0, 100e6, 0)).to.be.closeTo(0.7, 0.01)
    expect(send(uplink, 10, 10e6, 0)).to.be.below(0.1)
  })

  it('carries no more than the node may send', () => {
    expect(send(new Uplink(0, () => 1e6), 0, 0.9e6, 0)).to.be.closeTo(0.9, 0.05)
  })
})

function mapValues<T extends object, R>(object: T, map: () => R): Record<keyof T, R> {
  return Object.fromEntries(Object.keys(object).map((key) => [key, map()])) as Record<keyof T, R>
}
