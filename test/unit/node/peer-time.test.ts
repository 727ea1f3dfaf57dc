import { expect } from 'chai'
import { PeerTime } from '../../../src/node/peer-time.ts'
import { VirtualTime } from '../../support/virtual-clock.ts'

describe('what the peers say of the time', () => {
  let time: VirtualTime
  let live: number
  let peerTime: PeerTime

  beforeEach(() => {
    time = new VirtualTime()
    live = 0
    peerTime = new PeerTime({ clock: time })
    peerTime.watch(() => live)
  })

  it('is unknown while too few are live', () => {
    for (live of [0, 1, 2]) expect(peerTime.agrees()).to.equal(undefined)
  })

  it('is ours when three are live, whatever comes late', () => {
    live = 3
    for (let i = 0; i < 10; i++) peerTime.countReport('too-old')
    expect(peerTime.agrees()).to.equal(true)
  })

  it('is another when more reports are out of time than peers are live', () => {
    live = 1
    peerTime.countReport('from-future')
    expect(peerTime.agrees()).to.equal(undefined)
    peerTime.countReport('from-future')
    expect(peerTime.agrees()).to.equal(false)
  })

  it('does not mind reports that are dropped for other reasons, or were accepted', () => {
    for (const outcome of ['accepted', 'repeated', 'bad-signature'] as never[]) {
      for (let i = 0; i < 5; i++) peerTime.countReport(outcome)
    }
    expect(peerTime.agrees()).to.equal(undefined)
  })

  it('forgets after a quarter of an hour', async () => {
    peerTime.countReport('too-old')
    expect(peerTime.agrees()).to.equal(false)
    await time.advance(15 * 60_000)
    expect(peerTime.agrees()).to.equal(undefined)
  })
})
