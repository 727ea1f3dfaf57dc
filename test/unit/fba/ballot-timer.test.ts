// The ballot timer runs while a quorum is at this node's counter or beyond, and at no other time (#1548):
// a node that times out alone only runs away from the others.

import { expect } from 'chai'
import { MAX_TIMER_MILLIS } from '../../../fba/index.ts'
import { QUORUM, TestNode, V_BLOCKING } from './scp-fixture.ts'

describe('fba: ballot timer', () => {
  it('starts when a quorum is at the counter, not before', () => {
    const v0 = new TestNode()
    v0.startBallot('x')
    v0.hear(['v1', 'v2'], 'PREPARE <1,x>')
    expect(v0.timers.has('ballot')).to.equal(false)
    v0.hear('v3', 'PREPARE <1,z>')
    expect(v0.timers.get('ballot')?.delayMillis).to.equal(1000)
    expect(v0.heard.map((ballot) => ballot.counter)).to.deep.equal([1])
  })

  it('counts CONFIRM and EXTERNALIZE at any counter', () => {
    const v0 = new TestNode()
    v0.startBallot('x')
    v0.hear('v1', 'PREPARE <1,x>')
    v0.hear('v2', 'CONFIRM <1,z> p=1 c=1 h=1')
    expect(v0.timers.has('ballot')).to.equal(false)
    v0.hear('v3', 'EXTERNALIZE <1,y> h=1')
    expect(v0.timers.has('ballot')).to.equal(true)
  })

  it('stops when the node goes ahead of the quorum, and starts again, longer, when it follows', () => {
    const v0 = new TestNode()
    v0.startBallot('x')
    v0.hear(QUORUM, 'PREPARE <1,x>')
    v0.fire('ballot')
    expect(v0.takeSaid().pop()).to.equal('PREPARE <2,x> p=<1,x>')
    expect(v0.timers.has('ballot')).to.equal(false)
    v0.hear(V_BLOCKING, 'PREPARE <2,x>')
    expect(v0.timers.has('ballot')).to.equal(false)
    v0.hear('v3', 'PREPARE <2,x>')
    expect(v0.timers.get('ballot')?.delayMillis).to.equal(2000)
  })

  it('is not restarted by statements at the same counter', () => {
    const v0 = new TestNode()
    v0.startBallot('x')
    v0.hear(QUORUM, 'PREPARE <1,x>')
    const running = v0.timers.get('ballot')
    v0.hear(QUORUM, 'PREPARE <1,x> p=<1,x>')
    expect(v0.timers.get('ballot')).to.equal(running)
  })

  it('stops for good when the slot is decided, and an earlier callback changes nothing', () => {
    const v0 = new TestNode()
    v0.startBallot('x')
    v0.hear(QUORUM, 'PREPARE <1,x>')
    const late = v0.timers.get('ballot')!
    v0.hear(QUORUM, 'EXTERNALIZE <1,x> h=1')
    expect(v0.timers.size).to.equal(0)
    v0.takeSaid()
    late.fire()
    expect(v0.takeSaid()).to.deep.equal([])
  })

  it('never uses a delay beyond the range of platform timers, nor a counter past the last', () => {
    const v0 = new TestNode()
    v0.slotAgeSeconds = 2 ** 32
    v0.startBallot('x')
    v0.hear([...QUORUM, 'v4'], `PREPARE <${2 ** 32 - 2},x>`)
    expect(v0.timers.get('ballot')?.delayMillis).to.equal(MAX_TIMER_MILLIS)
    v0.fire('ballot')
    expect(v0.takeSaid().pop()).to.match(/^PREPARE <∞,x>/)
    v0.hear([...QUORUM, 'v4'], 'PREPARE <∞,x>')
    v0.takeSaid()
    v0.fire('ballot')
    expect(v0.takeSaid()).to.deep.equal([])
  })
})
