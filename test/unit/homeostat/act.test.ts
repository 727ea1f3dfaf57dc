import { expect } from 'chai'
import {
  choosePeers,
  DEFAULT_ADMISSION,
  DEFAULT_DILATION,
  DilationPolicy,
  HotObjects,
  RequestAdmission,
  Survival
} from '../../../src/homeostat/index.ts'
import type { Refused, ServedWork, SurvivalPeer } from '../../../src/homeostat/index.ts'
import { Prng } from '../../sim/engine/index.ts'

type Entered = ((work: ServedWork) => void) | Refused
const isRefused = (entered: Entered): entered is Refused => typeof entered !== 'function'

describe('admission', () => {
  const settings = { ...DEFAULT_ADMISSION, initialLimit: 8, minLimit: 8, maxLimit: 8 }

  it('takes requests up to its limit, refuses the next with a hint, and takes one again when one is done', () => {
    const admission = new RequestAdmission(
      { unit: () => 0.5, monotonicMs: () => 0, isShort: () => true },
      settings
    )
    const entered = Array.from({ length: 8 }, () => admission.enter(false))
    expect(entered.some(isRefused)).to.equal(false)
    const ninth = admission.enter(false) as Refused
    expect(ninth.retryAfterMs).to.equal(DEFAULT_ADMISSION.minRetryMs)
    expect(ninth.reason).to.equal('8 requests are in service, and 8 are taken at once')
    const done = entered[0] as (work: ServedWork) => void
    done({ units: 1, tookMs: 10, failed: false })
    done({ units: 1, tookMs: 10, failed: false })
    expect(admission.inFlight).to.equal(7)
    expect(isRefused(admission.enter(false))).to.equal(false)
    expect(admission.totals).to.deep.equal({ admitted: 9, refused: 1, refusedBackground: 0 })
  })

  it('gives way to users: repair has half of an idle node, and one place on a busy one', () => {
    const idle = new RequestAdmission(
      { unit: () => 0.5, monotonicMs: () => 0, isShort: () => true },
      settings
    )
    const taken = Array.from({ length: 8 }, () => idle.enter(true)).filter((entered) => !isRefused(entered))
    expect(taken).to.have.length(4)
    expect(isRefused(idle.enter(false))).to.equal(false)
    const busy = new RequestAdmission(
      { unit: () => 0.5, monotonicMs: () => 0, isShort: () => true },
      settings
    )
    for (let i = 0; i < 5; i++) busy.enter(false)
    expect(isRefused(busy.enter(true))).to.equal(false)
    expect((busy.enter(true) as Refused).reason).to.equal('5 requests of users go before repair')
    expect(busy.totals.refusedBackground).to.equal(1)
  })

  it('tells each refused peer another time, so that they do not come back together', () => {
    const prng = new Prng(1)
    const admission = new RequestAdmission(
      { unit: () => prng.unit(), monotonicMs: () => 0, isShort: () => true },
      settings
    )
    for (let i = 0; i < 8; i++) admission.enter(false)
    const hints = Array.from({ length: 20 }, () => (admission.enter(false) as Refused).retryAfterMs)
    expect(new Set(hints).size).to.be.above(10)
  })
})

describe('hot objects', () => {
  it('finds the hot ones among many in a small table, and forgets them when they cool down', () => {
    const hot = new HotObjects(16)
    for (let period = 0; period < 10; period++) {
      for (let i = 0; i < 200; i++) hot.add(`cold-${period}-${i}`, 100)
      for (let i = 0; i < 100; i++) hot.add('hot', 1_000)
      hot.endPeriod()
    }
    expect(hot.top(1)[0].key).to.equal('hot')
    expect(hot.top(100).length).to.be.at.most(16)
    for (let period = 0; period < 40; period++) hot.endPeriod()
    expect(hot.top(1)).to.deep.equal([])
  })
})

describe('dilation', () => {
  const hottest = [{ key: 'a', bytes: 800 }]
  const decide = (policy: DilationPolicy, now: number, forecast: number, atMs = 0): number[] =>
    policy.decide({ now, forecast }, hottest, 1_000, atMs).map(({ copies }) => copies)

  it('acts on the forecast, before saturation, and says why', () => {
    const [dilation] = new DilationPolicy().decide({ now: 0.5, forecast: 0.8 }, hottest, 1_000, 0)
    expect(dilation).to.deep.include({ key: 'a', copies: 1 })
    expect(dilation.reason).to.equal(
      'heat is forecast to reach 0.80, and 80 % of what this node serves is this object'
    )
  })

  it('does nothing on a cool node, or when no object is the cause', () => {
    expect(decide(new DilationPolicy(), 0.3, 0.3)).to.deep.equal([])
    expect(
      new DilationPolicy().decide({ now: 1, forecast: 1 }, [{ key: 'a', bytes: 10 }], 1_000, 0)
    ).to.deep.equal([])
  })

  it('waits for the effect of each step, and doubles up to its bound', () => {
    const policy = new DilationPolicy()
    const steps = Array.from({ length: 20 }, () => decide(policy, 1, 1))
    expect(steps.flat()).to.deep.equal([1, 1, 2, 3])
    expect(steps.slice(0, 4)).to.deep.equal([[1], [], [], [1]])
  })

  it('does no more in an hour than it may, whatever the sensors say', () => {
    const policy = new DilationPolicy({
      ...DEFAULT_DILATION,
      settlePeriods: 0,
      maxCopies: 1e9,
      maxActionsPerHour: 5
    })
    const done = Array.from({ length: 1000 }, (_, i) => decide(policy, 4, 4, i * 1_000)).flat()
    expect(done).to.have.length(5)
  })

  it('drops a copy once it has been cool for long, and not before', () => {
    const policy = new DilationPolicy({ ...DEFAULT_DILATION, coolPeriods: 3 })
    policy.noteCopy('a', 0)
    expect(policy.coolCopies(() => 1_000, 1_000)).to.deep.equal([])
    expect(policy.coolCopies(() => 50, 2_000)).to.deep.equal([])
    expect(policy.coolCopies(() => 500, 3_000)).to.deep.equal([])
    const seen = Array.from({ length: 3 }, (_, i) => policy.coolCopies(() => 50, 120_000 + i))
    expect(seen.map((one) => one.length)).to.deep.equal([0, 0, 1])
    expect(seen[2][0].reason).to.equal('the object has cooled down; the copy was kept for 2 minutes')
  })

  it('gives copies to cool and near peers, never to a warm one, and not all holders to the same', () => {
    const peers = Array.from({ length: 20 }, (_, i) => ({
      id: `p${i}`,
      heat: i < 10 ? 0.9 : 0.01 * i,
      distanceMs: i
    }))
    const prng = new Prng(3)
    const counts = new Map<string, number>()
    for (let i = 0; i < 200; i++) {
      const chosen = choosePeers(peers, 2, () => prng.unit())
      expect(new Set(chosen.map(({ id }) => id)).size).to.equal(2)
      for (const { id, heat } of chosen) {
        expect(heat).to.be.below(DEFAULT_DILATION.coolBelow)
        counts.set(id, (counts.get(id) ?? 0) + 1)
      }
    }
    expect(Math.max(...counts.values())).to.be.below(120)
    expect(counts.get('p10')!).to.be.above(counts.get('p19') ?? 0)
    expect(choosePeers(peers, 50, () => prng.unit())).to.have.length(10)
  })
})

describe('survival', () => {
  const DAY_MS = 86_400_000
  const peersOf = (domains: number, each: number): SurvivalPeer[] =>
    Array.from({ length: domains * each }, (_, i) => ({ id: `p${i}`, domain: `d${i % domains}` }))
  const newSurvival = (): Survival => new Survival({ periodMs: 3_600_000 })

  it('trusts peers that stay, and forgets a failure in time', () => {
    const survival = newSurvival()
    const peers = peersOf(4, 1)
    expect(survival.ofPeer('p0', 0)).to.be.closeTo(0.01, 1e-9)
    survival.noteFailure(peers[0], 0)
    const after = survival.ofPeer('p0', 0)
    expect(after).to.be.above(0.15)
    survival.notePresent(peers, 30 * DAY_MS, 30 * DAY_MS)
    expect(survival.ofPeer('p0', 30 * DAY_MS)).to.be.below(0.01)
    expect(survival.ofPeer('p0', 30 * DAY_MS)).to.be.above(survival.ofPeer('p1', 30 * DAY_MS))
  })

  it('blames a domain once when its peers fail together, and not the peers', () => {
    const survival = newSurvival()
    const rack = peersOf(1, 5)
    rack.forEach((peer, i) => survival.noteFailure(peer, i * 1_000))
    expect(survival.ofDomain('d0', 5_000)).to.be.within(0.1, 0.3)
    for (const { id } of rack) expect(survival.ofPeer(id, 5_000)).to.be.below(0.02)
  })

  it('asks for more spare after a domain has failed: the same failure finds more to lose the second time', () => {
    const survival = newSurvival()
    const holders = peersOf(6, 2)
    const before = survival.neededSpare(holders, 1e-6, 8, 0)
    for (const peer of holders.filter(({ domain }) => domain === 'd0')) survival.noteFailure(peer, 0)
    const after = survival.neededSpare(holders, 1e-6, 8, 0)
    expect(after).to.be.above(before)
    expect(after).to.be.at.most(8)
  })

  it('adds up to certainty: losing anything and losing nothing', () => {
    const survival = newSurvival()
    const holders = peersOf(5, 3)
    holders.slice(0, 7).forEach((peer, i) => survival.noteFailure(peer, i * 500_000))
    expect(survival.lossProbability(holders, -1, 4_000_000)).to.be.closeTo(1, 1e-9)
    expect(survival.lossProbability(holders, holders.length, 4_000_000)).to.equal(0)
  })
})
