// What comes from peers is refused before it touches state: one NaN once poisoned a whole fleet (hashicorp/consul 3023).

import { expect } from 'chai'
import type { Coordinate } from '../../../../src/manifold/coordinate/index.ts'
import {
  coordinateProblem,
  CoordinateEstimator,
  DIMENSIONS,
  displacementMs,
  MAX_ERROR,
  MAX_LINKS,
  MAX_POSITION_MS,
  MAX_RTT_MS,
  MIN_HEIGHT_MS,
  predictRttMs,
  sampleProblem
} from '../../../../src/manifold/coordinate/index.ts'
import { seededDice } from '../../../../src/manifold/simulation/random.ts'

const at = (first: number, heightMs = 1, error = 0.1): Coordinate => ({
  position: [first, ...new Array<number>(DIMENSIONS - 1).fill(0)],
  heightMs,
  error
})
const estimator = () => new CoordinateEstimator<string>({ random: seededDice(1).unit })

describe('manifold: coordinate', () => {
  it('the predicted round trip is the distance and both heights', () => {
    expect(predictRttMs(at(3, 2), at(-4, 5))).to.equal(14)
    expect(displacementMs(at(3, 2), at(-4, 5))).to.equal(10)
  })

  const bad: readonly [what: string, rttMs: number, remote: Coordinate, problem: string][] = [
    ['a round trip of NaN', NaN, at(1), 'bad-rtt'],
    ['a round trip of 0', 0, at(1), 'bad-rtt'],
    ['a negative round trip', -1, at(1), 'bad-rtt'],
    ['an endless round trip', Infinity, at(1), 'bad-rtt'],
    ['a round trip past the limit', MAX_RTT_MS + 1, at(1), 'bad-rtt'],
    ['a position of NaN', 10, at(NaN), 'bad-position'],
    ['a position at infinity', 10, at(-Infinity), 'bad-position'],
    ['a position past the limit', 10, at(MAX_POSITION_MS + 1), 'bad-position'],
    ['a position with too few dimensions', 10, { ...at(1), position: [1] }, 'bad-position'],
    ['a position with too many', 10, { ...at(1), position: [...at(1).position, 0] }, 'bad-position'],
    ['a position of text', 10, { ...at(1), position: at(1).position.map(String) as never }, 'bad-position'],
    ['a position with holes', 10, { ...at(1), position: new Array(DIMENSIONS) as never }, 'bad-position'],
    ['a height of NaN', 10, at(1, NaN), 'bad-height'],
    ['a height of 0', 10, at(1, 0), 'bad-height'],
    ['a negative height', 10, at(1, -5), 'bad-height'],
    ['a height past the limit', 10, at(1, MAX_POSITION_MS + 1), 'bad-height'],
    ['an error of NaN', 10, at(1, 1, NaN), 'bad-error'],
    ['a negative error', 10, at(1, 1, -0.1), 'bad-error'],
    ['an error past the limit', 10, at(1, 1, MAX_ERROR + 0.01), 'bad-error']
  ]
  for (const [what, rttMs, remote, problem] of bad) {
    it(`refuses ${what}, and nothing changes`, () => {
      const node = estimator()
      node.observe('a', 20, at(10))
      const before = structuredClone({ coordinate: node.coordinate, links: node.links })
      expect(node.observe('a', rttMs, remote)).to.equal(problem)
      expect(node.observe('b', rttMs, remote)).to.equal(problem)
      expect({ coordinate: node.coordinate, links: node.links }).to.deep.equal(before)
    })
  }

  it('accepts samples just within the limits', () => {
    expect(sampleProblem(MAX_RTT_MS, at(MAX_POSITION_MS, MIN_HEIGHT_MS, MAX_ERROR))).to.equal(undefined)
    expect(coordinateProblem(at(-MAX_POSITION_MS, MAX_POSITION_MS, 0))).to.equal(undefined)
  })

  it('stays a coordinate that others accept, after any extreme but sane samples', () => {
    const dice = seededDice(3)
    const node = estimator()
    for (let i = 0; i < 2000; i++) {
      const side = dice.unit() < 0.5 ? -1 : 1
      const remote = {
        position: Array.from({ length: DIMENSIONS }, () => side * MAX_POSITION_MS),
        heightMs: dice.unit() < 0.5 ? MIN_HEIGHT_MS : MAX_POSITION_MS,
        error: dice.unit() * MAX_ERROR
      }
      expect(node.observe(`p${i % 90}`, dice.unit() < 0.5 ? MAX_RTT_MS : 1e-9, remote)).to.equal('accepted')
      expect(coordinateProblem(node.coordinate)).to.equal(undefined)
    }
  })

  it('nodes that start in one place move apart', () => {
    const node = estimator()
    const origin = at(0)
    for (let i = 0; i < 200; i++) node.observe('a', 100, origin)
    expect(predictRttMs(node.coordinate, origin)).to.be.closeTo(100, 5)
  })

  it('keeps a bounded number of links, the most recent ones', () => {
    const node = estimator()
    for (let i = 0; i <= MAX_LINKS; i++) node.observe(`p${i}`, 20, at(10))
    expect(node.links).to.have.length(MAX_LINKS)
    expect(node.measuredRttMs('p0')).to.equal(undefined)
    expect(node.measuredRttMs(`p${MAX_LINKS}`)).to.equal(20)
  })

  it('a link has the length of its shortest recent round trip, and follows a lasting increase', () => {
    const node = estimator()
    for (const rttMs of [30, 200, 31]) node.observe('a', rttMs, at(10))
    expect(node.measuredRttMs('a')).to.equal(30)
    for (const rttMs of [50, 52, 51, 53]) node.observe('a', rttMs, at(10))
    expect(node.measuredRttMs('a')).to.equal(50)
  })

  it('a discredited peer has no effect, and counts again once it is no longer discredited', () => {
    const node = estimator()
    node.discredit(new Set(['liar']))
    const before = node.coordinate
    for (let i = 0; i < 20; i++) node.observe('liar', 500, at(2))
    expect(node.coordinate).to.deep.equal(before)
    node.discredit(new Set())
    node.observe('liar', 500, at(2))
    expect(node.coordinate).not.to.deep.equal(before)
  })

  it('a peer that left is forgotten', () => {
    const node = estimator()
    node.observe('a', 20, at(10))
    node.remove('a')
    expect(node.links).to.deep.equal([])
  })
})
