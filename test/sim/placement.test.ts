import { expect } from 'chai'
import { Prng } from './engine/index.ts'
import { grouped, independent, lostObjects, movedByJoins, peersOf, shapeOf } from './placement/compare.ts'
import { anyChance, lossChance } from './placement/loss.ts'

const SETTING = { peers: 120, domains: 30, objects: 400, k: 4, n: 8 }

describe('placement against correlated loss', function () {
  this.timeout(20_000)
  const peers = peersOf(SETTING)
  const own = independent(SETTING, peers)
  const groups = grouped(SETTING, peers)

  it('the exact chance of a loss is that of the dice, for both placements', () => {
    const failing = 48
    const expected = lossChance(SETTING, { peers: SETTING.peers, failing })
    for (const placement of [own, groups]) {
      const prng = new Prng(1)
      const trials = 400
      let lost = 0
      for (let trial = 0; trial < trials; trial++) {
        const failed = new Set(prng.sample(peers, failing).map(({ number }) => number))
        lost += lostObjects(placement, SETTING, failed)
      }
      expect(lost / trials / SETTING.objects).to.be.closeTo(expected, 0.1 * expected)
    }
  })

  it('of two peers that are enough to lose a pair, the chance is that of drawing both', () => {
    expect(lossChance({ k: 1, n: 2 }, { peers: 10, failing: 2 })).to.be.closeTo(1 / 45, 1e-12)
    expect(lossChance({ k: 1, n: 2 }, { peers: 10, failing: 1 })).to.equal(0)
    expect(lossChance({ k: 1, n: 2 }, { peers: 10, failing: 10 })).to.be.closeTo(1, 1e-9)
    expect(anyChance(0.5, 2)).to.be.closeTo(0.75, 1e-12)
    expect(anyChance(1e-18, 1e6)).to.be.closeTo(1e-12, 1e-15)
  })

  it('no failure domain alone loses an object, in either', () => {
    for (const placement of [own, groups]) {
      for (let domain = 0; domain < SETTING.domains; domain++) {
        const failed = new Set(
          peers.filter(({ number }) => number % SETTING.domains === domain).map(({ number }) => number)
        )
        expect(lostObjects(placement, SETTING, failed)).to.equal(0)
      }
    }
  })

  it('groups are fewer sets; own sets have more helpers and move little when a peer joins', () => {
    const [a, b] = [shapeOf(own, SETTING), shapeOf(groups, SETTING)]
    expect(b.sets).to.equal(15)
    expect(a.sets).to.be.above(390)
    expect(b.helpers).to.equal(7)
    expect(a.helpers).to.be.above(70)
    const [little, much] = [independent, grouped].map((place) => movedByJoins(place, SETTING, SETTING.n))
    expect(little).to.be.below(0.08)
    expect(much).to.be.above(2 * little)
  })
})
