// A node that crashed goes on from its record in every phase, says nothing that goes back on what it said,
// and keeps what it needs to convince others (stellar-core #821, #2081, #2107).

import { expect } from 'chai'
import {
  decodeSlotRecord,
  encodeSlotRecord,
  isNewerStatement,
  type SlotRecord,
  verifyExternalization
} from '../../../fba/index.ts'
import { CORE5, QUORUM, says, sha256, SLOT, TestNode, V_BLOCKING } from './scp-fixture.ts'
import { VALUES } from './transcript.ts'

/** The node after a crash: all it has is the bytes of its latest record. */
function restarted(before: TestNode, init = {}): TestNode {
  const after = new TestNode(init)
  after.scp.restore(stored(before))
  return after
}

function stored(node: TestNode): SlotRecord {
  return decodeSlotRecord(encodeSlotRecord(node.records[node.records.length - 1]))
}

const LED_BY_V0 = { leader: (node: string) => (node === 'v0' ? 2 : 1) }

describe('fba: restore', () => {
  it('emits the record together with the envelope that it must precede', () => {
    const v0 = new TestNode(LED_BY_V0)
    v0.nominate('x')
    expect(v0.records).to.have.length(1)
    expect(v0.records[0].nomination).to.deep.equal(v0.emitted[0])
    v0.confirmCandidate('x')
    const last = v0.records[v0.records.length - 1]
    expect(last.ballot).to.deep.equal(v0.emitted[v0.emitted.length - 1])
    expect(last.nomination?.statement.accepted).to.deep.equal([VALUES.x])
  })

  it('a record survives its encoding', () => {
    const v0 = new TestNode()
    v0.startBallot('x')
    v0.hear(QUORUM, 'EXTERNALIZE <1,x> h=1')
    const record = v0.records[v0.records.length - 1]
    expect(record.proof).to.have.length(3)
    expect(decodeSlotRecord(encodeSlotRecord(record))).to.deep.equal(record)
  })

  describe('in nomination', () => {
    it('keeps its votes, and does not add its own value to them', () => {
      const before = new TestNode({ leader: (node) => (node === 'v1' ? 2 : 1) })
      before.nominate('x')
      before.hear('v1', 'NOMINATE {y}')
      const v0 = restarted(before, LED_BY_V0)
      v0.nominate('x')
      expect(v0.takeSaid()).to.deep.equal([])
      v0.hear(QUORUM, 'NOMINATE {y}')
      expect(v0.takeSaid()).to.deep.equal(['NOMINATE {y} accepted {y}'])
    })

    it('continues in its round, with the leaders of all rounds (#2081)', () => {
      const leader = (node: string, round: number) => (node === `v${round}` ? 2 : 1)
      const before = new TestNode({ leader })
      before.nominate('x')
      before.fire('nomination')
      before.fire('nomination')
      before.hear('v3', 'NOMINATE {z}')
      const v0 = restarted(before, { leader })
      v0.nominate('x')
      expect(v0.slot.nomination.round).to.equal(3)
      expect([...v0.slot.nomination.leaders]).to.have.members(['v1', 'v2', 'v3'])
    })

    it('begins the ballot when the others repeat the votes for a candidate', () => {
      const before = new TestNode(LED_BY_V0)
      before.nominate('x')
      before.hear(QUORUM, 'NOMINATE {x}')
      const v0 = restarted(before, LED_BY_V0)
      v0.nominate('y')
      v0.hear(QUORUM, 'NOMINATE {x} accepted {x}')
      expect(v0.takeSaid()).to.deep.equal(['PREPARE <1,x>'])
    })

    it('after a ballot was restored, a candidate only updates the composite', () => {
      const before = new TestNode(LED_BY_V0)
      before.startBallot('x')
      const v0 = restarted(before, LED_BY_V0)
      v0.nominate('y')
      v0.hear(QUORUM, 'NOMINATE {x,z} accepted {x,z}')
      expect(v0.takeSaid()).to.deep.equal(['NOMINATE {x,z} accepted {x,z}'])
      expect(v0.composites).to.deep.equal(['z'])
      expect(v0.slot.ballots.state.current?.value).to.deep.equal(VALUES.x)
    })
  })

  describe('in PREPARE', () => {
    it('keeps b, p, c and h', () => {
      const before = new TestNode()
      before.startBallot('x')
      before.hear(QUORUM, 'PREPARE <1,x> p=<1,x>')
      expect(before.takeSaid().pop()).to.equal('PREPARE <1,x> p=<1,x> c=1 h=1')
      const v0 = restarted(before)
      v0.hear(QUORUM, 'PREPARE <1,x> p=<1,x> c=1 h=1')
      expect(v0.takeSaid()).to.deep.equal(['CONFIRM <1,x> p=1 c=1 h=1'])
    })

    it('keeps the value that it confirmed as prepared, whatever nomination decides now', () => {
      const before = new TestNode()
      before.startBallot('x')
      before.hear(QUORUM, 'PREPARE <1,x> p=<1,x>')
      const v0 = restarted(before)
      v0.confirmCandidate('z')
      v0.takeSaid()
      v0.hear(QUORUM, 'PREPARE <1,x> p=<1,x>')
      v0.fire('ballot')
      expect(v0.takeSaid()).to.deep.equal(['PREPARE <2,x> p=<1,x> c=1 h=1'])
    })
  })

  it('in CONFIRM keeps to its commit', () => {
    const before = new TestNode()
    before.startBallot('x')
    before.hear(V_BLOCKING, 'CONFIRM <2,x> p=2 c=1 h=2')
    expect(before.takeSaid()).to.deep.equal(['CONFIRM <2,x> p=2 c=1 h=2'])
    const v0 = restarted(before)
    v0.hear([...QUORUM, 'v4'], 'CONFIRM <3,z> p=3 c=3 h=3')
    expect(v0.takeSaid()).to.deep.equal(['CONFIRM <3,x> p=2 c=1 h=2'])
    expect(v0.externalized).to.deep.equal([])
  })

  it('after EXTERNALIZE sends nothing new, and still proves the outcome to others', () => {
    const before = new TestNode()
    before.startBallot('x')
    before.hear(QUORUM, 'EXTERNALIZE <1,x> h=1')
    const v0 = restarted(before)
    expect(v0.slot.externalized).to.deep.equal(VALUES.x)
    expect(v0.scp.currentSlot).to.equal(SLOT + 1)
    v0.hear('v4', 'EXTERNALIZE <1,x> h=1')
    expect(v0.takeSaid()).to.deep.equal([])
    expect(v0.nominate('z')).to.equal(false)
    const proof = v0.scp.proofFor(SLOT)!
    const verifier = { sha256, verify: () => true }
    expect(verifyExternalization(proof, CORE5, verifier)).to.equal(true)
  })

  it('can send its last envelopes again, in case the crash came before they were sent', () => {
    const before = new TestNode()
    before.startBallot('x')
    const v0 = restarted(before)
    expect(v0.scp.ownEnvelopes(SLOT)).to.have.deep.members([
      before.records[before.records.length - 1].nomination,
      before.records[before.records.length - 1].ballot
    ])
  })

  it('every statement after a restart is newer than every statement before', () => {
    const before = new TestNode()
    before.startBallot('x')
    before.hear(QUORUM, 'PREPARE <1,x>')
    const last = before.records[before.records.length - 1].ballot!.statement
    const v0 = restarted(before)
    v0.hear(V_BLOCKING, 'PREPARE <4,z> p=<3,z>')
    expect(v0.emitted).to.have.length(1)
    expect(isNewerStatement(last, v0.emitted[0].statement)).to.equal(true)
  })

  it('refuses a record of another node, and a slot that has started', () => {
    const v0 = new TestNode()
    const record: SlotRecord = {
      slotIndex: SLOT,
      quorumSet: CORE5,
      nominationRound: 1,
      nomination: undefined,
      ballot: undefined,
      proof: [],
      proofQuorumSets: []
    }
    const { statement, signature } = says('v1', 'PREPARE <1,x>')
    if (statement.type !== 'prepare') throw new Error('a PREPARE was written')
    expect(() => v0.scp.restore({ ...record, ballot: { statement, signature } }))
      .to.throw()
      .with.property('code', 'cannot-restore')
    v0.nominate('x')
    expect(() => v0.scp.restore(record))
      .to.throw()
      .with.property('code', 'cannot-restore')
    expect(() => v0.scp.restore({ ...record, slotIndex: SLOT + 100 }))
      .to.throw()
      .with.property('code', 'slot-out-of-range')
    expect(v0.scp.restore({ ...record, slotIndex: SLOT - 100 }), 'too old to matter').to.equal(false)
  })
})
