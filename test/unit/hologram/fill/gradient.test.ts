import { expect } from 'chai'
import type { PeerId } from '@libp2p/interface'
import { Gradient } from '../../../../src/hologram/fill/gradient.ts'
import { signer } from '../support.ts'

const SETTLE_MS = 1_000
const PROVEN_MS = 10_000
const CAPACITY = 1_000

describe('gradient of load', () => {
  let ids: PeerId[]
  let gradient: Gradient
  let nowMs: number

  before(async () => {
    ids = []
    for (let i = 0; i < 4; i++) ids.push((await signer(i)).peer)
  })

  beforeEach(() => {
    gradient = new Gradient({ settleMs: SETTLE_MS, provenMs: PROVEN_MS })
    nowMs = 0
  })

  /** Everybody reports. @param used - of this node, then of the others; undefined for a peer that is away */
  const report = (used: ReadonlyArray<number | undefined>, passMs = SETTLE_MS): void => {
    nowMs += passMs
    const peers = used.flatMap((bytes, i) =>
      bytes === undefined ? [] : [{ id: ids[i], capacityBytes: CAPACITY, freeBytes: CAPACITY - bytes }]
    )
    gradient.note(ids[0].toString(), peers, nowMs)
  }

  const targets = (): number[] =>
    [...gradient.targets].map((key) => ids.findIndex((id) => id.toString() === key)).sort()

  it('leads to peers that are much emptier, and on until they are nearly as full', () => {
    report([400, 0, 310, 390], 0)
    report([400, 0, 310, 390])
    expect(targets()).to.deep.equal([1])
    report([400, 350, 310, 390])
    expect(targets()).to.deep.equal([1])
    report([400, 380, 310, 390])
    expect(targets()).to.deep.equal([])
    report([400, 310, 310, 390])
    expect(targets(), 'less than what begins it').to.deep.equal([])
  })

  it('leads to no peer that has been there for less than the settling time', () => {
    report([400, 0], 0)
    report([400, 0], SETTLE_MS - 1)
    report([400, undefined], 0)
    report([400, 0], 0)
    report([400, 0], SETTLE_MS - 1)
    expect(targets()).to.deep.equal([])
    report([400, 0], 1)
    expect(targets()).to.deep.equal([1])
  })

  it('leads nowhere from an empty node, from one that lends nothing, and to none that is being emptied', () => {
    report([0, 0], 0)
    report([0, 0])
    expect(targets()).to.deep.equal([])
    report([undefined, 0, 300])
    expect(targets()).to.deep.equal([])
    const peers = ids.slice(0, 2).map((id, i) => {
      return { id, capacityBytes: CAPACITY, freeBytes: i === 0 ? 0 : CAPACITY, isDraining: i === 1 }
    })
    gradient.note(ids[0].toString(), peers, nowMs)
    expect(targets()).to.deep.equal([])
  })

  it('calls those newcomers that it has seen join, until they have proved themselves', () => {
    const newcomers = (): boolean[] => ids.slice(1).map((id) => gradient.isNewcomer(id.toString()))
    report([400, 0], 0)
    report([400, 0, 0], SETTLE_MS)
    expect(newcomers(), 'whom it finds while it settles itself may be old').to.deep.equal([
      false,
      false,
      false
    ])
    report([400, 0, 0, 0], 1)
    expect(newcomers()).to.deep.equal([false, false, true])
    report([400, 0, 0, 0], PROVEN_MS - 1)
    expect(newcomers()).to.deep.equal([false, false, true])
    report([400, 0, 0, 0], 1)
    expect(newcomers()).to.deep.equal([false, false, false])
    report([400, undefined, undefined, 0], PROVEN_MS)
    report([400, 0, 0, 0], 0)
    expect(newcomers(), 'a gap in the connection makes nobody a newcomer').to.deep.equal([
      false,
      false,
      false
    ])
    report([400, undefined, 0, 0], 1)
    report([400, undefined, 0, 0], PROVEN_MS)
    report([400, 0, 0, 0], 1)
    expect(newcomers()).to.deep.equal([true, false, false])
  })

  it('counts what it has given since the newest report', () => {
    report([400, 0], 0)
    const peer = ids[1].toString()
    expect(gradient.fits(peer, 200)).to.equal(true)
    expect(gradient.fits(peer, 201)).to.equal(false)
    gradient.noteMove(peer, 150)
    expect(gradient.fits(peer, 51)).to.equal(false)
    expect(gradient.fits(peer, 50)).to.equal(true)
    report([250, 150])
    expect(gradient.load(peer)).to.equal(0.15)
    expect(gradient.fits(peer, 50)).to.equal(true)
  })

  it('never lets a move raise the sum of squares of the loads, so that moves end', () => {
    report([400, 100, 390], 0)
    for (const bytes of [1, 10, 100, 149, 150, 151, 300]) {
      for (const [to, used] of [
        [1, 100],
        [2, 390]
      ]) {
        const before = 400 ** 2 + used ** 2
        const after = (400 - bytes) ** 2 + (used + bytes) ** 2
        if (gradient.fits(ids[to].toString(), bytes)) expect(after).to.be.below(before)
      }
    }
  })
})
