import { expect } from 'chai'
import fc from 'fast-check'
import {
  boltzmannFactor,
  ensembleOf,
  imbalance,
  klDivergence,
  MAX_TEMPERATURE,
  MIN_TEMPERATURE,
  Score,
  sharesOf,
  Temperature
} from '../../../src/homeostat/index.ts'
import { Prng } from '../../sim/engine/index.ts'

const member = fc.record({
  heat: fc.double({ min: 0, max: 4, noNaN: true }),
  capacity: fc.integer({ min: 1, max: 1e6 })
})
const members = fc.array(member, { minLength: 1, maxLength: 30 })
const temperature = fc.double({ min: 0.05, max: 4, noNaN: true })

describe('Boltzmann weights', () => {
  it('sum to 1, and satisfy F = U - T H', () => {
    fc.assert(
      fc.property(members, temperature, (peers, t) => {
        const { weights, meanHeat, entropy, freeEnergy } = ensembleOf(peers, t)
        expect(weights.reduce((a, b) => a + b)).to.be.closeTo(1, 1e-9)
        expect(freeEnergy).to.be.closeTo(meanHeat - t * entropy, 1e-6)
      })
    )
  })

  it('minimise the free energy: any shift of weight from one peer to another raises it', () => {
    fc.assert(
      fc.property(
        members,
        temperature,
        fc.double({ min: 0.01, max: 0.9, noNaN: true }),
        (peers, t, share) => {
          const { weights, freeEnergy } = ensembleOf(peers, t)
          const shifted = [...weights]
          const moved = share * shifted[0]
          shifted[0] -= moved
          shifted[shifted.length - 1] += moved
          const total = peers.reduce((sum, { capacity }) => sum + capacity, 0)
          const energy = shifted.reduce((sum, w, i) => sum + w * peers[i].heat, 0)
          const entropy = -shifted.reduce(
            (sum, w, i) => (w > 0 ? sum + w * Math.log((w * total) / peers[i].capacity) : sum),
            0
          )
          expect(energy - t * entropy).to.be.at.least(freeEnergy - 1e-9)
        }
      )
    )
  })

  it('do not overflow far from 1', () => {
    const { weights } = ensembleOf(
      [
        { heat: 4000, capacity: 1 },
        { heat: 3999, capacity: 1 }
      ],
      0.05
    )
    expect(weights[1]).to.be.closeTo(1, 1e-6)
    expect(() => ensembleOf([], 1)).to.throw(RangeError)
    expect(() => ensembleOf([{ heat: 0, capacity: 1 }], 0)).to.throw(RangeError)
  })

  it('are what the fastest by factor follows, times the speed to the fourth power', () => {
    const heats = [0.1, 0.4, 0.9]
    const times = [1, 1.2, 0.9]
    const t = 0.3
    const prng = new Prng(5)
    const wins = [0, 0, 0]
    for (let i = 0; i < 20_000; i++) {
      const costs = heats.map((heat, at) => times[at] * boltzmannFactor(heat, t, prng.unit()))
      wins[costs.indexOf(Math.min(...costs))]++
    }
    const members = heats.map((heat, i) => ({ heat, capacity: times[i] ** -4 }))
    const { weights } = ensembleOf(members, t)
    wins.forEach((count, i) => expect(count / 20_000).to.be.closeTo(weights[i], 0.02))
  })
})

describe('divergence', () => {
  it('is 0 for equal shares and positive for all others', () => {
    const amounts = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 2, maxLength: 20 })
    fc.assert(
      fc.property(amounts, (loads) => {
        const p = sharesOf(loads)
        expect(klDivergence(p, p)).to.equal(0)
        expect(klDivergence(p, sharesOf(p.map(() => 1)))).to.be.at.least(0)
      })
    )
    expect(klDivergence([1, 0], [0.5, 0.5])).to.be.closeTo(Math.log(2), 1e-12)
  })

  it('shares are equal when nothing is known, and absurd amounts count as none', () => {
    expect(sharesOf([0, 0])).to.deep.equal([0.5, 0.5])
    expect(sharesOf([NaN, -1, Infinity, 2])).to.deep.equal([0, 0, 0, 1])
    expect(imbalance([1, 1, 4])).to.equal(2)
    expect(imbalance([0, 0])).to.equal(1)
  })
})

describe('temperature', () => {
  it('follows the usual change of heat between two reports, within its bounds', () => {
    const t = new Temperature()
    for (let i = 0; i < 200; i++) t.sample(0.5, 0.5 + (i % 2 === 0 ? 0.3 : -0.3))
    expect(t.value).to.be.closeTo(0.3, 0.01)
    for (let i = 0; i < 200; i++) t.sample(0.5, 0.5)
    expect(t.value).to.equal(MIN_TEMPERATURE)
    for (let i = 0; i < 200; i++) t.sample(0, 40)
    t.sample(NaN, 1)
    expect(t.value).to.equal(MAX_TEMPERATURE)
  })

  it('stays above the heat of those that carry the load, whatever the idle ones are', () => {
    const t = new Temperature()
    for (let i = 0; i < 200; i++) t.sample(0.5, 0.5)
    t.observe([0.8, 0.8, ...new Array<number>(100).fill(0)])
    expect(t.value).to.be.closeTo(1, 1e-9)
    t.observe([])
    expect(t.value).to.equal(MIN_TEMPERATURE)
  })
})

describe('score', () => {
  it('S is bytes, less what disorder costs; J is discounted', () => {
    const score = new Score({ lambda: 100, alpha: 0.001, beta: 1, gamma: 0.5 })
    score.add({ seconds: 2, usefulBytes: 2_000, divergence: 0 })
    expect(score).to.include({ action: 2_000, objective: 1 })
    score.add({ seconds: 1, usefulBytes: 0, divergence: 2 })
    expect(score).to.include({ action: 1_800, objective: -1.5 })
    score.add({ seconds: 0, usefulBytes: 5, divergence: 5 })
    expect(score.action).to.equal(1_800)
  })
})
