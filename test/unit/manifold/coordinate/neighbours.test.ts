import { expect } from 'chai'
import {
  ApplicationCoordinate,
  discreditedPeers,
  MIN_VERIFIERS,
  NeighbourSet
} from '../../../../src/manifold/coordinate/index.ts'
import type { Coordinate } from '../../../../src/manifold/coordinate/index.ts'

describe('manifold: neighbours', () => {
  const rttMs = (peer: number): number => peer
  const full = () => {
    const set = new NeighbourSet<number>({ size: 4, near: 2 })
    for (const peer of [50, 60, 70, 80]) set.addRandom(peer)
    return set
  }

  it('every neighbour is probed in turn', () => {
    const set = full()
    expect(Array.from({ length: 5 }, () => set.next())).to.deep.equal([50, 60, 70, 80, 50])
    expect(new NeighbourSet<number>().next()).to.equal(undefined)
  })

  it('a clearly nearer peer replaces the farthest near neighbour, never a random one', () => {
    const set = full()
    expect(set.offer(10, rttMs)).to.equal(60)
    expect(set.offer(20, rttMs)).to.equal(50)
    expect(set.offer(19, rttMs), 'nearer by less than a tenth').to.equal(undefined)
    expect(set.offer(15, rttMs)).to.equal(20)
    expect(set.offer(15, rttMs), 'known').to.equal(undefined)
    expect(set.members).to.have.members([10, 15, 70, 80])
    expect(set.random).to.deep.equal([70, 80])
  })

  it('an estimate that is not a number replaces no neighbour', () => {
    const set = full()
    expect(set.offer(10, (peer) => (peer === 10 ? NaN : peer))).to.equal(undefined)
    expect(set.members).not.to.include(10)
  })

  it('a random neighbour after another is exchanged, never a near one, and none while there is room', () => {
    const set = new NeighbourSet<number>({ size: 4, near: 2 })
    for (const peer of [0, 1, 2]) set.addRandom(peer)
    expect(set.renew(9)).to.equal(undefined)
    set.addRandom(3)
    expect([set.renew(4), set.renew(5), set.renew(5), set.renew(6)]).to.deep.equal([2, 3, undefined, 4])
    expect(set.members).to.deep.equal([0, 1, 6, 5])
  })

  it('keeps at most its size, and has room again after a peer left', () => {
    const set = full()
    expect(set.addRandom(90)).to.equal(false)
    set.remove(70)
    expect(set.addRandom(80), 'twice').to.equal(false)
    expect(set.addRandom(90)).to.equal(true)
    expect(set.members).to.deep.equal([50, 60, 80, 90])
  })
})

describe('manifold: application coordinate', () => {
  const at = (x: number): Coordinate => ({ position: [x], heightMs: 1, error: 0.1 })

  it('does not move on small changes, and follows a lasting change', () => {
    const application = new ApplicationCoordinate(at(0))
    for (let i = 0; i < 200; i++) expect(application.update(at(i % 2 === 0 ? 2 : -2), 20)).to.equal(false)
    let changes = 0
    for (let i = 0; i < 100; i++) if (application.update(at(40), 20)) changes++
    expect(changes).to.be.within(1, 8)
    expect(application.current.position[0]).to.be.closeTo(40, 6)
  })
})

describe('manifold: verification', () => {
  const opinions = (subject: string, ...residuals: number[]) =>
    residuals.map((residual) => ({ subject, residualPpm: residual * 1_000_000 }))
  const honest = ['a', 'b', 'c', 'd', 'e', 'f'].flatMap((subject) =>
    opinions(subject, 0.05, 0.1, 0.1, 0.07, 0.06)
  )

  it('discredits the peer whose claim most of its verifiers contradict', () => {
    expect(discreditedPeers([...honest, ...opinions('liar', 0.6, 0.5, 0.7, 0.05, 0.6)])).to.deep.equal(
      new Set(['liar'])
    )
  })

  it('ignores a slandering minority', () => {
    expect(discreditedPeers([...honest, ...opinions('slandered', 1, 1, 0.1, 0.08, 0.1)])).to.deep.equal(
      new Set()
    )
  })

  it('needs a minimum number of verifiers', () => {
    const few = opinions('liar', ...new Array<number>(MIN_VERIFIERS - 1).fill(0.9))
    expect(discreditedPeers([...honest, ...few])).to.deep.equal(new Set())
    expect(discreditedPeers([...honest, ...few, ...opinions('liar', 0.9)])).to.deep.equal(new Set(['liar']))
  })

  it('discredits no peer while no coordinates have converged, and never more than a third', () => {
    const lost = ['a', 'b', 'c', 'd', 'e', 'f'].flatMap((subject) =>
      opinions(subject, 0.8, 0.7, 0.8, 0.7, 0.8)
    )
    expect(discreditedPeers(lost)).to.deep.equal(new Set())
    const half = ['g', 'h', 'i', 'j', 'k', 'l'].flatMap((subject, i) =>
      opinions(subject, ...new Array<number>(5).fill(0.9 + i / 100))
    )
    expect(discreditedPeers([...honest, ...half, ...opinions('m', 0.1, 0.1, 0.1, 0.1, 0.1)])).to.deep.equal(
      new Set(['l', 'k', 'j', 'i'])
    )
  })
})
