import { expect } from 'chai'
import {
  HEARING_LIMITS,
  needsHearers,
  shouldHear,
  STOP_CHANCE
} from '../../../../src/manifold/gossip/index.ts'
import { Hearers } from '../../../sim/scale/hearers.ts'
import { Prng } from '../../../sim/engine/index.ts'

const { allUpTo, least, enough } = HEARING_LIMITS
const LARGE = { isValidator: false, isHearing: true, mapPeers: allUpTo + 1, hearers: enough }
const stops = (state: Partial<typeof LARGE>, chance = 0): boolean =>
  !shouldHear({ ...LARGE, ...state }, HEARING_LIMITS, chance)

describe('who hears the reports', () => {
  it('a peer of a large network stops when there are enough others beside it, not at the moment when others do', () => {
    expect(stops({})).to.equal(true)
    expect(stops({}, STOP_CHANCE)).to.equal(false)
    expect(stops({ hearers: enough - 1 })).to.equal(false)
  })

  it('begins again when there are too few, and not before', () => {
    expect(stops({ isHearing: false, hearers: least })).to.equal(true)
    expect(stops({ isHearing: false, hearers: least - 1 })).to.equal(false)
  })

  it('validators hear, and all do in a small network or without a map', () => {
    expect(stops({ isValidator: true })).to.equal(false)
    expect(stops({ mapPeers: allUpTo })).to.equal(false)
    expect(stops({ mapPeers: 0 })).to.equal(false)
  })

  it('a hearer with too few of them beside it connects to validators', () => {
    const needs = (state: Partial<typeof LARGE>): boolean =>
      needsHearers({ ...LARGE, ...state }, HEARING_LIMITS)
    expect(needs({ hearers: least - 1 })).to.equal(true)
    expect(needs({ hearers: least })).to.equal(false)
    expect(needs({ hearers: 0, isValidator: true })).to.equal(false)
    expect(needs({ hearers: 0, mapPeers: allUpTo })).to.equal(false)
  })

  it('in a network of 1,000 a quarter hears, everybody has some beside it, and reports reach all of them', () => {
    const hearers = new Hearers({ peers: 1_000, validators: 25, prng: new Prng(3) })
    expect(hearers.hearers.length).to.be.within(150, 300)
    expect(hearers.cutOff).to.equal(0)
    const beside = hearers.connections.map((_, node) => hearers.hearersBeside(node))
    expect(beside.filter((count) => count < least).length).to.be.lessThan(10)
  })
})
