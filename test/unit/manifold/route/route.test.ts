import { expect } from 'chai'
import fc from 'fast-check'
import {
  chooseRoute,
  edgeCostMs,
  heatStretch,
  RELAY_COST_MS,
  shortlistRelays
} from '../../../../src/manifold/route/index.ts'

/** From 0 to 1 directly in 100 ms, through 2 in `viaMs`. */
const world = (viaMs: number, heatOfRelay = 0) => ({
  from: 0,
  to: 1,
  relays: [0, 1, 2],
  measuredMs: (from: number, to: number): number | undefined => (from + to === 1 ? 100 : viaMs / 2),
  predictedMs: () => 1,
  heat: (peer: number) => (peer === 2 ? heatOfRelay : 0)
})

describe('manifold: route', () => {
  it('heat stretches a path like a queue: not at all up to half, five times near saturation, always bounded', () => {
    expect([0, 0.5, 0.75].map(heatStretch)).to.deep.equal([1, 1, 2])
    expect(heatStretch(0.9)).to.be.closeTo(5, 1e-9)
    expect(heatStretch(50)).to.be.closeTo(10, 1e-9)
  })

  it('a measured edge takes precedence over a predicted one', () => {
    const edge = {
      measuredMs: () => undefined as number | undefined,
      predictedMs: () => 40,
      heat: () => 0.75
    }
    expect(edgeCostMs(edge, 0, 1)).to.equal(80)
    expect(edgeCostMs({ ...edge, measuredMs: () => 30 }, 0, 1)).to.equal(60)
  })

  it('a detour is taken from a gain of a tenth on, including the cost of the relay', () => {
    expect(chooseRoute(world(90 - RELAY_COST_MS))).to.deep.equal({ relay: 2, costMs: 90 })
    expect(chooseRoute(world(90 - RELAY_COST_MS + 0.01))).to.deep.equal({ relay: undefined, costMs: 100 })
  })

  it('a hot relay is avoided', () => {
    expect(chooseRoute(world(60, 0.9)).relay).to.equal(undefined)
  })

  it('a relay with a predicted edge is not used, however good it looks; the shortlist names the edges to measure', () => {
    const guessed = {
      ...world(10),
      measuredMs: (from: number, to: number) => (from + to === 1 ? 100 : undefined)
    }
    expect(chooseRoute(guessed).relay).to.equal(undefined)
    expect(shortlistRelays(guessed)).to.deep.equal([2])
  })

  it('the shortlist has the best relays, the best first', () => {
    const relays = Array.from({ length: 30 }, (_, i) => i)
    const costs = {
      from: 0,
      to: 1,
      relays,
      measuredMs: () => undefined,
      predictedMs: (a: number, b: number) => ((a + b) * 37) % 101,
      heat: () => 0
    }
    const cost = (relay: number) => costs.predictedMs(0, relay) + costs.predictedMs(relay, 1)
    const expected = relays.slice(2).sort((a, b) => cost(a) - cost(b))
    expect(shortlistRelays(costs, 5).map(cost)).to.deep.equal(expected.slice(0, 5).map(cost))
  })

  it('never costs more than the direct path', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 500, noNaN: true }),
        fc.double({ min: 0, max: 2, noNaN: true }),
        (via, heat) => {
          expect(chooseRoute(world(via, heat)).costMs).to.be.at.most(100)
        }
      )
    )
  })
})
