// The whole node: who is listened to, what is refused before it costs anything, what is kept and for how long.

import { expect } from 'chai'
import {
  COUNTER_ALLOWANCE,
  isEquivocation,
  MAX_FETCHES_PER_NODE,
  type QuorumSet,
  verifyExternalization
} from '../../../fba/index.ts'
import { CORE5, flat, hashOf, QUORUM, says, sha256, SLOT, TestNode, V_BLOCKING } from './scp-fixture.ts'
import { VALUES } from './transcript.ts'

describe('fba: scp', () => {
  let v0: TestNode
  beforeEach(() => {
    v0 = new TestNode()
  })

  describe('refuses before it checks a signature', () => {
    afterEach(() => expect(v0.verified).to.have.length(0))

    it('a malformed statement', () => {
      expect(v0.hear('v1', 'PREPARE <0,x>')).to.deep.equal(['malformed'])
    })

    it('a slot out of range', () => {
      expect(v0.scp.receive(says('v1', 'PREPARE <1,x>', CORE5, SLOT + 5))).to.equal('slot-out-of-range')
      const late = new TestNode({ currentSlot: 100 })
      expect(late.scp.receive(says('v1', 'PREPARE <1,x>', CORE5, 87))).to.equal('slot-out-of-range')
      expect(late.scp.receive(says('v1', 'PREPARE <1,x>', CORE5, 88))).to.equal('processed')
    })

    it('a node outside the transitive quorum', () => {
      expect(v0.hear('stranger', 'PREPARE <1,x>')).to.deep.equal(['not-in-quorum'])
    })

    it('a counter far beyond the age of the slot', () => {
      v0.slotAgeSeconds = 50
      const limit = COUNTER_ALLOWANCE + 50
      for (const text of [
        `PREPARE <${limit + 1},x>`,
        `PREPARE <1,x> p=<${limit + 1},x>`,
        `CONFIRM <${limit + 1},x> p=1 c=1 h=1`,
        `CONFIRM <1,x> p=${limit + 1} c=1 h=1`,
        `EXTERNALIZE <1,x> h=${limit + 1}`
      ]) {
        expect(v0.hear('v1', text), text).to.deep.equal(['counter-too-high'])
      }
    })

    it('its own statements from another peer', () => {
      expect(v0.hear('v0', 'PREPARE <1,x>')).to.deep.equal(['stale'])
    })
  })

  it('accepts a counter within the age of the slot, and infinity', () => {
    expect(v0.hear('v1', `PREPARE <${COUNTER_ALLOWANCE},x>`)).to.deep.equal(['processed'])
    expect(v0.hear('v2', 'CONFIRM <∞,x> p=∞ c=1 h=∞')).to.deep.equal(['processed'])
  })

  it('a lone node that claims infinity does not move the others', () => {
    v0.startBallot('x')
    v0.hear('v1', 'PREPARE <∞,x>')
    expect(v0.slot.ballots.state.current?.counter).to.equal(1)
  })

  it('refuses a forged signature, and refuses a repetition without checking it', () => {
    const forged = { ...says('v1', 'PREPARE <1,x>'), signature: Uint8Array.of(1) }
    expect(v0.scp.receive(forged)).to.equal('bad-signature')
    v0.hear('v1', 'PREPARE <1,x>')
    const checks = v0.verified.length
    expect(v0.hear('v1', 'PREPARE <1,x>')).to.deep.equal(['stale'])
    expect(v0.verified).to.have.length(checks)
  })

  describe('validation levels', () => {
    it('invalid: the statement is dropped', () => {
      v0.validity = (name) => (name === 'z' ? 'invalid' : 'valid')
      expect(v0.hear('v1', 'PREPARE <1,z>')).to.deep.equal(['invalid-value'])
      expect(v0.hear('v2', 'PREPARE <2,x> p=<1,z>')).to.deep.equal(['invalid-value'])
      expect(v0.slot.ballots.envelopes()).to.deep.equal([])
    })

    it('maybe valid: followed, but nothing is sent until it can be validated', () => {
      v0.startBallot('x')
      v0.validity = () => 'maybe-valid'
      v0.hear(QUORUM, 'PREPARE <1,x>')
      expect(v0.slot.ballots.state.prepared?.counter).to.equal(1)
      expect(v0.takeSaid()).to.deep.equal([])
      v0.hear(QUORUM, 'PREPARE <1,x> p=<1,x>')
      v0.validity = () => 'valid'
      v0.scp.reconsider(SLOT)
      expect(v0.takeSaid()).to.deep.equal(['PREPARE <1,x> p=<1,x> c=1 h=1'])
    })
  })

  it('a value of one node that nobody can validate silences no node', () => {
    v0.startBallot('x')
    v0.validity = (name) => (name === 'z' ? 'maybe-valid' : 'valid')
    v0.hear('v4', 'PREPARE <1,z> p=<1,z>')
    v0.hear(QUORUM, 'PREPARE <1,x>')
    expect(v0.takeSaid()).to.deep.equal(['PREPARE <1,x> p=<1,x>'])
  })

  describe('equivocation', () => {
    it('keeps both statements as evidence, once, and informs the operator', () => {
      v0.hear('v1', 'CONFIRM <1,x> p=1 c=1 h=1')
      expect(v0.hear('v1', 'CONFIRM <2,z> p=2 c=2 h=2')).to.deep.equal(['equivocation'])
      expect(v0.evidence).to.have.length(1)
      const [evidence] = v0.scp.evidence()
      expect([evidence.nodeId, evidence.slotIndex]).to.deep.equal(['v1', SLOT])
      expect(isEquivocation(evidence, () => true)).to.equal(true)
      expect(
        isEquivocation(evidence, () => false),
        'unsigned'
      ).to.equal(false)
      expect(isEquivocation({ ...evidence, second: evidence.first }, () => true)).to.equal(false)
      const checks = v0.verified.length
      expect(v0.hear('v1', 'CONFIRM <3,y> p=3 c=3 h=3')).to.deep.equal(['equivocation'])
      expect(v0.verified, 'more of the same is not even checked').to.have.length(checks)
      expect(v0.evidence).to.have.length(1)
    })

    it('accuses no node because of a forged statement', () => {
      v0.hear('v1', 'CONFIRM <1,x> p=1 c=1 h=1')
      const forged = { ...says('v1', 'CONFIRM <2,z> p=2 c=2 h=2'), signature: Uint8Array.of(1) }
      expect(v0.scp.receive(forged)).to.equal('bad-signature')
      expect(v0.scp.evidence()).to.deep.equal([])
    })
  })

  describe('quorum sets of others', () => {
    const other = flat(3, 'v0', 'v1', 'v2', 'v9')

    it('are fetched, and of the statements that need them the latest of each author waits', () => {
      expect(v0.scp.receive(says('v1', 'PREPARE <1,x>', other))).to.equal('pending')
      expect(v0.scp.receive(says('v1', 'PREPARE <2,x>', other))).to.equal('pending')
      expect(v0.fetches[0]).to.deep.equal({ hash: hashOf(other), holder: 'v1' })
      expect(v0.scp.receiveQuorumSet(other)).to.equal(true)
      expect(v0.slot.ballots.envelopes().map((e) => e.statement)).to.deep.equal([
        says('v1', 'PREPARE <2,x>', other).statement
      ])
      expect(v0.scp.receiveQuorumSet(other), 'nothing waits any more').to.equal(false)
    })

    it('introduce the nodes that they name: the transitive quorum', () => {
      expect(v0.scp.receive(says('v9', 'PREPARE <1,x>'))).to.equal('not-in-quorum')
      v0.scp.receive(says('v1', 'PREPARE <1,x>', other))
      v0.scp.receiveQuorumSet(other)
      expect(v0.scp.receive(says('v9', 'PREPARE <1,x>'))).to.equal('processed')
    })

    it('are refused when they were not requested, or are not sane', () => {
      expect(v0.scp.receiveQuorumSet(other)).to.equal(false)
      expect(v0.scp.quorumSet(hashOf(other))).to.equal(undefined)
      const insane = flat(9, 'v1')
      v0.scp.receive(says('v1', 'PREPARE <1,x>', insane))
      expect(v0.scp.receiveQuorumSet(insane)).to.equal(false)
    })

    it('are used at once when the driver has them, unless they have another hash or are not sane', () => {
      v0.library.set(hashOf(other), other)
      expect(v0.scp.receive(says('v1', 'PREPARE <1,x>', other))).to.equal('processed')
      const insane = flat(9, 'v1')
      v0.library.set(hashOf(insane), insane)
      expect(v0.scp.receive(says('v2', 'PREPARE <1,x>', insane))).to.equal('bad-quorum-set')
      const mistaken = flat(1, 'v3')
      v0.library.set(hashOf(mistaken), other)
      expect(v0.scp.receive(says('v3', 'PREPARE <1,x>', mistaken))).to.equal('bad-quorum-set')
    })

    it('one node can cause only a bounded number of fetches', () => {
      const sets = Array.from({ length: MAX_FETCHES_PER_NODE + 1 }, (_, i) => flat(1, `w${i}`))
      const outcomes = sets.map((set, i) => v0.scp.receive(says('v1', `PREPARE <${i + 1},x>`, set)))
      expect(outcomes).to.deep.equal(['pending', 'pending', 'too-many-fetches'])
      expect(v0.scp.receive(says('v2', 'PREPARE <1,x>', sets[2])), 'another node').to.equal('pending')
    })

    it('an EXTERNALIZE needs none: its author stands for itself', () => {
      for (const node of QUORUM) {
        expect(v0.scp.receive(says(node, 'EXTERNALIZE <1,x> h=1', other))).to.equal('processed')
      }
      expect(v0.fetches).to.deep.equal([])
      expect(v0.externalized, 'they make a quorum').to.deep.equal(['7 x'])
    })

    it('unused ones are dropped, however many a node goes through', () => {
      const use = (i: number) => flat(1, 'v1', `w${i}`)
      for (let i = 0; i < 500; i++) {
        v0.scp.receive(says('v1', `PREPARE <${i + 1},x>`, use(i)))
        v0.scp.receiveQuorumSet(use(i))
      }
      const kept = Array.from({ length: 500 }, (_, i) => v0.scp.quorumSet(hashOf(use(i)))).filter(Boolean)
      expect(kept.length).to.be.below(100)
      expect(v0.scp.quorumSet(hashOf(use(499)))).to.deep.equal(use(499))
    })
  })

  describe('slots', () => {
    it('a decision moves the range of slots, and old slots are dropped', () => {
      v0.startBallot('x')
      v0.hear(QUORUM, 'EXTERNALIZE <1,x> h=1')
      expect(v0.scp.currentSlot).to.equal(SLOT + 1)
      expect(v0.scp.slot(SLOT), 'kept for peers that lag').not.to.equal(undefined)
      v0.scp.moveTo(SLOT + 13)
      expect(v0.scp.slot(SLOT)).to.equal(undefined)
      expect(v0.timers.size).to.equal(0)
    })

    it('a later slot can be decided before the current one', () => {
      for (const node of [...QUORUM, 'v4']) {
        v0.scp.receive(says(node, 'EXTERNALIZE <1,z> h=1', CORE5, SLOT + 2))
      }
      expect(v0.externalized).to.deep.equal([`${SLOT + 2} z`])
      expect(v0.scp.currentSlot).to.equal(SLOT + 3)
      v0.hear([...QUORUM, 'v4'], 'EXTERNALIZE <1,y> h=1')
      expect(v0.externalized, 'and the earlier one after it').to.deep.equal([`${SLOT + 2} z`, `${SLOT} y`])
      expect(v0.scp.currentSlot).to.equal(SLOT + 3)
    })
  })

  describe('a change of the local quorum set', () => {
    const next = flat(2, 'v0', 'w1', 'w2')

    it('applies from the next slot on; the current slot keeps its own set, and hears its nodes', () => {
      v0.startBallot('x')
      v0.scp.setQuorumSet(next)
      v0.hear(QUORUM, 'PREPARE <1,x>')
      expect(v0.takeSaid()).to.deep.equal(['PREPARE <1,x> p=<1,x>'])
      v0.hear(QUORUM, 'EXTERNALIZE <1,x> h=1')
      v0.scp.nominate(SLOT + 1, VALUES.y, VALUES.x)
      expect(v0.scp.slot(SLOT + 1)?.quorumSetHash).to.equal(hashOf(next))
      v0.scp.moveTo(SLOT + 50)
      expect([...v0.scp.quorumNodes], 'the old nodes leave with the old slots').to.have.members([
        'v0',
        'w1',
        'w2'
      ])
    })

    it('is refused when it is not sane, and nothing changes', () => {
      expect(() => v0.scp.setQuorumSet(flat(9, 'v0')))
        .to.throw()
        .with.property('code', 'threshold-out-of-range')
      expect(v0.scp.quorumSetHash).to.equal(hashOf(CORE5))
    })
  })

  describe('catch-up', () => {
    const decided = () => {
      const node = new TestNode()
      node.startBallot('x')
      node.hear(QUORUM, 'CONFIRM <1,x> p=1 c=1 h=1')
      expect(node.externalized).to.deep.equal(['7 x'])
      return node
    }

    it('the kept statements bring a lagging peer to the decision', () => {
      const lagging = new TestNode({ nodeId: 'v4' })
      for (const envelope of decided().scp.stateFor(SLOT)) lagging.scp.receive(envelope)
      expect(lagging.externalized).to.deep.equal(['7 x'])
    })

    it('an observer verifies the proof with a quorum set of its own', () => {
      const proof = decided().scp.proofFor(SLOT)!
      const verifier = { sha256, verify: () => true }
      expect(verifyExternalization(proof, flat(2, 'v1', 'v2', 'stranger'), verifier)).to.equal(true)
      expect(verifyExternalization(proof, flat(1, 'stranger'), verifier), 'no node it trusts').to.equal(false)
      expect(verifyExternalization({ ...proof, value: VALUES.z }, CORE5, verifier), 'another value').to.equal(
        false
      )
      expect(verifyExternalization(proof, CORE5, { sha256, verify: () => false }), 'unsigned').to.equal(false)
      expect(verifyExternalization({ ...proof, slotIndex: 8 }, CORE5, verifier), 'another slot').to.equal(
        false
      )
      expect(verifyExternalization({ ...proof, quorumSets: [] }, CORE5, verifier), 'sets withheld').to.equal(
        false
      )
      const insane: QuorumSet = flat(9, 'v1')
      expect(verifyExternalization({ ...proof, quorumSets: [insane] }, CORE5, verifier)).to.equal(false)
    })

    it('there is no proof before the decision', () => {
      v0.startBallot('x')
      v0.hear(QUORUM, 'PREPARE <1,x>')
      expect(v0.scp.proofFor(SLOT)).to.equal(undefined)
    })
  })

  it('drops the nominations of a decided slot, and accepts no more', () => {
    v0.startBallot('x')
    v0.hear(QUORUM, 'EXTERNALIZE <1,x> h=1')
    expect(v0.scp.stateFor(SLOT).map(({ statement }) => statement.type)).not.to.include('nominate')
    expect(v0.hear('v4', 'NOMINATE {x,y,z} accepted {x,y,z}')).to.deep.equal(['stale'])
  })

  it('a node that is a quorum by itself decides at once', () => {
    const alone = new TestNode({ quorumSet: flat(1, 'v0') })
    alone.nominate('y')
    expect(alone.externalized).to.deep.equal(['7 y'])
    expect(alone.takeSaid()).to.deep.equal(['EXTERNALIZE <1,y> h=1'])
  })

  it('knows when a blocking set of nodes has sent on a slot', () => {
    v0.hear('v1', 'NOMINATE {x}')
    expect(v0.slot.gotVBlocking).to.equal(false)
    v0.hear(V_BLOCKING[1], 'PREPARE <1,x>')
    expect(v0.slot.gotVBlocking).to.equal(true)
  })

  it('keeps one statement per node and protocol, however many arrive', () => {
    v0.hear('v1', 'NOMINATE {x}')
    for (let counter = 1; counter <= 900; counter++) v0.hear('v1', `PREPARE <${counter},x>`)
    expect(v0.scp.stateFor(SLOT)).to.have.length(2)
  })
})
