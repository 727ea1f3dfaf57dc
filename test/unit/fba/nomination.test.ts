// Nomination of one node among five, four of which are a quorum (draft-mazieres-dinrg-scp section 3.4).
// Leaders and the order of values are given by the test in place of their hashes.

import { expect } from 'chai'
import { MAX_NOMINATION_VALUES } from '../../../fba/index.ts'
import { hashOf, CORE5, PREVIOUS_VALUE, QUORUM, signed, SLOT, TestNode, V_BLOCKING } from './scp-fixture.ts'
import { VALUES } from './transcript.ts'

const led = (leader: string) => new TestNode({ leader: (node) => (node === leader ? 2 : 1) })

describe('fba: nomination, 4 of 5', () => {
  describe('v0 leads', () => {
    let v0: TestNode
    beforeEach(() => {
      v0 = led('v0')
      v0.nominate('x')
    })

    it('votes for its own value', () => {
      expect(v0.takeSaid()).to.deep.equal(['NOMINATE {x}'])
    })

    it('accepts a value when a quorum votes for it', () => {
      v0.takeSaid()
      v0.hear(['v1', 'v2'], 'NOMINATE {x}')
      expect(v0.takeSaid()).to.deep.equal([])
      v0.hear('v3', 'NOMINATE {x}')
      expect(v0.takeSaid()).to.deep.equal(['NOMINATE {x} accepted {x}'])
    })

    it('accepts a value that a v-blocking set accepted, without a vote of its own', () => {
      v0.takeSaid()
      v0.hear('v1', 'NOMINATE {y} accepted {y}')
      expect(v0.takeSaid()).to.deep.equal([])
      v0.hear('v2', 'NOMINATE {y} accepted {y}')
      expect(v0.takeSaid()).to.deep.equal(['NOMINATE {x,y} accepted {y}'])
    })

    it('starts the ballot with the first candidate, and stops its timer', () => {
      v0.hear(QUORUM, 'NOMINATE {x}')
      v0.takeSaid()
      v0.hear(['v1', 'v2'], 'NOMINATE {x} accepted {x}')
      expect(v0.timers.has('nomination')).to.equal(true)
      expect(v0.takeSaid()).to.deep.equal([])
      v0.hear('v3', 'NOMINATE {x} accepted {x}')
      expect(v0.takeSaid()).to.deep.equal(['PREPARE <1,x>'])
      expect(v0.timers.has('nomination')).to.equal(false)
    })

    it('a later candidate only updates the composite', () => {
      v0.startBallot('x')
      v0.hear(V_BLOCKING, 'NOMINATE {x,y} accepted {x,y}')
      expect(v0.takeSaid()).to.deep.equal(['NOMINATE {x,y} accepted {x,y}'])
      v0.hear('v3', 'NOMINATE {x,y} accepted {x,y}')
      expect(v0.takeSaid()).to.deep.equal([])
      expect(v0.composites).to.deep.equal(['x', 'y'])
      expect(v0.slot.ballots.state.current?.value).to.equal(VALUES.x)
    })

    it('ignores values from a node that does not lead', () => {
      v0.takeSaid()
      v0.hear('v1', 'NOMINATE {y}')
      expect(v0.takeSaid()).to.deep.equal([])
    })

    it('refuses a nomination that lost a value, and one that did not grow', () => {
      expect(v0.hear('v1', 'NOMINATE {x,y}')).to.deep.equal(['processed'])
      expect(v0.hear('v1', 'NOMINATE {x,y}')).to.deep.equal(['stale'])
      expect(v0.hear('v1', 'NOMINATE {x}')).to.deep.equal(['stale'])
      expect(v0.hear('v1', 'NOMINATE {x} accepted {y}')).to.deep.equal(['equivocation'])
    })
  })

  describe('v1 leads', () => {
    it('votes for nothing until the leader has sent, then for one value of its message', () => {
      const v0 = new TestNode({
        leader: (node) => (node === 'v1' ? 2 : 1),
        valueRank: (name) => 'xzy'.indexOf(name)
      })
      expect(v0.nominate('x')).to.equal(false)
      expect(v0.takeSaid()).to.deep.equal([])
      v0.hear('v1', 'NOMINATE {x,y,z}')
      expect(v0.takeSaid(), 'the highest hash K').to.deep.equal(['NOMINATE {y}'])
    })

    it('prefers values that the leader accepted to those it votes for, and then takes no others', () => {
      const v0 = new TestNode({
        leader: (node) => (node === 'v1' ? 2 : 1),
        valueRank: (name) => 'xyz'.indexOf(name)
      })
      v0.nominate('x')
      v0.hear('v1', 'NOMINATE {y,z} accepted {y}')
      expect(v0.takeSaid()).to.deep.equal(['NOMINATE {y}'])
      v0.fire('nomination')
      expect(v0.takeSaid(), 'the same after a timeout').to.deep.equal([])
    })

    it('uses a value that arrived before it began', () => {
      const v0 = led('v1')
      v0.hear('v1', 'NOMINATE {y}')
      v0.nominate('x')
      expect(v0.takeSaid()).to.deep.equal(['NOMINATE {y}'])
    })

    it('accepts what a quorum voted for before it began', () => {
      const v0 = led('v1')
      v0.hear([...QUORUM, 'v4'], 'NOMINATE {y}')
      v0.nominate('x')
      expect(v0.takeSaid().pop()).to.equal('NOMINATE {y} accepted {y}')
    })

    it('accepts no new value once there is a candidate', () => {
      const v0 = led('v1')
      v0.startBallot('x')
      v0.hear('v1', 'NOMINATE {x,y} accepted {x,y}')
      expect(v0.takeSaid()).to.deep.equal([])
      expect(v0.nominate('z')).to.equal(false)
    })

    it('skips an invalid value, and uses its valid part if the application provides one', () => {
      const v0 = led('v1')
      v0.validity = (name) => (name === 'y' ? 'invalid' : 'valid')
      v0.nominate('x')
      v0.hear('v1', 'NOMINATE {y}')
      expect(v0.takeSaid()).to.deep.equal([])
      v0.extract = (name) => (name === 'y' ? VALUES.z : undefined)
      v0.hear('v1', 'NOMINATE {y} accepted {y}')
      expect(v0.takeSaid()).to.deep.equal(['NOMINATE {z}'])
    })
  })

  describe('v1 is dead', () => {
    const nextLeader = (leader: string) =>
      new TestNode({ leader: (node, round) => (node === (round === 1 ? 'v1' : leader) ? 2 : 1) })

    it('after a timeout v0 leads, and votes for its own value', () => {
      const v0 = nextLeader('v0')
      v0.nominate('x')
      v0.fire('nomination')
      expect(v0.takeSaid()).to.deep.equal(['NOMINATE {x}'])
    })

    it('after a timeout v2 leads, and v0 echoes its earlier message', () => {
      const v0 = nextLeader('v2')
      v0.nominate('x')
      v0.hear('v2', 'NOMINATE {z}')
      expect(v0.takeSaid()).to.deep.equal([])
      v0.fire('nomination')
      expect(v0.takeSaid()).to.deep.equal(['NOMINATE {z}'])
    })

    it('leaders add up over rounds: v1 is still echoed when it comes back (#1975)', () => {
      const v0 = nextLeader('v3')
      v0.nominate('x')
      v0.fire('nomination')
      expect([...v0.slot.nomination.leaders]).to.have.members(['v1', 'v3'])
      v0.hear('v1', 'NOMINATE {y}')
      expect(v0.takeSaid()).to.deep.equal(['NOMINATE {y}'])
    })

    it('a round that would bring no new leader is skipped at once (#2648)', () => {
      const v0 = new TestNode({ leader: (node, round) => (node === (round < 5 ? 'v1' : 'v0') ? 2 : 1) })
      v0.nominate('x')
      v0.fire('nomination')
      expect(v0.slot.nomination.round).to.equal(5)
      expect(v0.takeSaid()).to.deep.equal(['NOMINATE {x}'])
      expect(v0.timers.get('nomination')?.delayMillis, 'the second wait').to.equal(2000)
    })

    it('a leader that has votes does not add its own value', () => {
      const v0 = nextLeader('v0')
      v0.nominate('x')
      v0.hear('v1', 'NOMINATE {y}')
      expect(v0.takeSaid()).to.deep.equal(['NOMINATE {y}'])
      v0.fire('nomination')
      expect(v0.takeSaid()).to.deep.equal([])
    })
  })

  it('votes for a value only once it can be validated', () => {
    const v0 = led('v1')
    v0.validity = () => 'maybe-valid'
    v0.nominate('x')
    v0.hear('v1', 'NOMINATE {y}')
    expect(v0.takeSaid()).to.deep.equal([])
    v0.validity = () => 'valid'
    v0.scp.reconsider(SLOT)
    expect(v0.takeSaid()).to.deep.equal(['NOMINATE {y}'])
  })

  it('never nominates more values than others accept', () => {
    const v0 = led('v0')
    v0.nominate('x')
    const values = Array.from({ length: MAX_NOMINATION_VALUES }, (_, i) => Uint8Array.of(4, i))
    for (const nodeId of V_BLOCKING) {
      v0.scp.receive(
        signed({
          type: 'nominate',
          nodeId,
          slotIndex: SLOT,
          quorumSetHash: hashOf(CORE5),
          votes: values,
          accepted: values
        })
      )
    }
    const { statement } = v0.emitted[v0.emitted.length - 1]
    expect(statement.type === 'nominate' && statement.votes.length).to.equal(MAX_NOMINATION_VALUES)
  })

  it('throws at a slot that is out of range', () => {
    const v0 = new TestNode()
    expect(() => v0.scp.nominate(SLOT + 100, VALUES.x, PREVIOUS_VALUE))
      .to.throw()
      .with.property('code', 'slot-out-of-range')
  })
})
