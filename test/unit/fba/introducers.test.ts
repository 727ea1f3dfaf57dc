// One statement of a node in the local quorum set can bring in a thousand nodes. It answers for what they make us keep.

import { expect } from 'chai'
import {
  type Envelope,
  MAX_INTRODUCED_BYTES,
  MAX_INTRODUCED_SET_NODES,
  MAX_INTRODUCERS,
  MAX_VALUE_BYTES,
  type NodeId,
  type QuorumSet
} from '../../../fba/index.ts'
import { keptBytes } from '../../../fba/introducer-budget.ts'
import { transitiveQuorum } from '../../../fba/introductions.ts'
import { CORE5, flat, hashOf, QUORUM, says, signed, SLOT, TestNode } from './scp-fixture.ts'

const SYBILS = Array.from({ length: 999 }, (_, i) => `s${i}`)
/** What the Byzantine v4 goes by: itself and 999 others. */
const EVIL = flat(1, 'v4', ...SYBILS)

/** A nomination of `nodeId` that costs exactly `bytes` to keep. */
function nominationOf(nodeId: NodeId, bytes: number, set: QuorumSet = EVIL, slotIndex = SLOT): Envelope {
  const empty = { type: 'nominate', nodeId, slotIndex, quorumSetHash: hashOf(set), accepted: [] } as const
  const costOf = (...votes: Uint8Array[]) => keptBytes({ ...empty, votes }, 0)
  const aroundValue = costOf(new Uint8Array()) - costOf()
  const count = Math.ceil((bytes - costOf()) / (MAX_VALUE_BYTES + aroundValue))
  const total = bytes - costOf() - count * aroundValue
  const votes = Array.from({ length: count }, (_, i) =>
    new Uint8Array(Math.floor((total * (i + 1)) / count) - Math.floor((total * i) / count)).fill(i + 1, 0, 1)
  )
  expect(costOf(...votes)).to.equal(bytes)
  return signed({ ...empty, votes })
}

/** Part of a budget that one nomination can fill. */
const SIXTEENTH = MAX_INTRODUCED_BYTES / 16

describe('fba: introducers', () => {
  let v0: TestNode
  const receive = (envelope: Envelope) => v0.scp.receive(envelope)
  /** Lets `count` of the nodes that v4 brought in say as much as fills 1/16 of its budget each. */
  const fill = (count: number, set = EVIL) =>
    SYBILS.slice(0, count).map((node) => receive(nominationOf(node, SIXTEENTH, set)))

  beforeEach(() => {
    v0 = new TestNode()
    v0.library.set(hashOf(EVIL), EVIL)
    receive(says('v4', 'PREPARE <1,x>', EVIL))
  })

  it('the nodes that one node introduced share a budget of bytes in a slot', () => {
    fill(15)
    const checks = v0.verified.length
    expect(receive(nominationOf('s15', SIXTEENTH + 1)), 'one byte past the limit').to.equal(
      'introducer-over-budget'
    )
    expect(v0.verified, 'no signature is checked').to.have.length(checks)
    expect(receive(nominationOf('s15', SIXTEENTH)), 'at the limit').to.equal('processed')
    expect(receive(says('s16', 'PREPARE <1,x>', EVIL)), 'the smallest').to.equal('introducer-over-budget')
  })

  it('a full budget does not silence the local quorum set, nor nodes that its other members name', () => {
    fill(16)
    expect(receive(says('v4', 'PREPARE <2,x>', EVIL))).to.equal('processed')
    const shared = flat(1, 'v3', 's20')
    v0.library.set(hashOf(shared), shared)
    expect(receive(says('v3', 'PREPARE <1,x>', shared))).to.equal('processed')
    expect(receive(says('s20', 'PREPARE <1,x>', shared)), 'v3 names it as well').to.equal('processed')
    expect(receive(says('s21', 'PREPARE <1,x>', EVIL))).to.equal('introducer-over-budget')
  })

  it('each slot has its own budget', () => {
    fill(16)
    expect(receive(nominationOf('s16', SIXTEENTH, EVIL, SLOT + 1))).to.equal('processed')
  })

  it('a newer statement replaces the older one of its author', () => {
    fill(15)
    for (let counter = 1; counter <= 40; counter++) {
      expect(receive(says('s15', `PREPARE <${counter},x>`, EVIL)), `${counter}`).to.equal('processed')
    }
  })

  it("a decision frees the bytes of the slot's nominations", () => {
    fill(16)
    v0.hear(QUORUM, 'EXTERNALIZE <1,x> h=1')
    expect(receive(says('s30', 'EXTERNALIZE <1,x> h=1', EVIL))).to.equal('processed')
  })

  it('far nodes leave half of the budget to nearer ones', () => {
    const far = flat(1, 's0', 'far0', 'far1', 'far2', 'far3', 'far4', 'far5', 'far6', 'far7', 'far8')
    v0.library.set(hashOf(far), far)
    receive(says('s0', 'PREPARE <1,x>', far))
    const outcomes = Array.from({ length: 9 }, (_, i) => receive(nominationOf(`far${i}`, SIXTEENTH)))
    expect(outcomes.filter((outcome) => outcome === 'processed')).to.have.length(7)
    expect(outcomes.slice(7)).to.deep.equal(['introducer-over-budget', 'introducer-over-budget'])
    expect(receive(nominationOf('s1', SIXTEENTH))).to.equal('processed')
  })

  it('statements that wait for a quorum set count until they are accepted or dropped', () => {
    const unknown = flat(1, 's0')
    expect(new Set(fill(16, unknown))).to.deep.equal(new Set(['pending']))
    expect(receive(nominationOf('s16', 1000, unknown))).to.equal('introducer-over-budget')
    const another = flat(1, 's1')
    expect(receive(nominationOf('s17', 1000, another))).to.equal('introducer-over-budget')
    expect(v0.scp.receiveQuorumSet(another), 'nothing waits for it').to.equal(false)
    expect(v0.scp.receiveQuorumSet(unknown)).to.equal(true)
    const kept = v0.scp.stateFor(SLOT).filter(({ statement }) => statement.nodeId.startsWith('s'))
    expect(kept).to.have.length.above(10)
  })

  it('evidence of equivocation counts: both statements', () => {
    const large = (fillByte: number) => {
      const envelope = nominationOf('s15', SIXTEENTH)
      if (envelope.statement.type === 'nominate') envelope.statement.votes[0].fill(fillByte, 1)
      return envelope
    }
    fill(14)
    receive(large(1))
    expect(receive(large(2)), 'the first is kept twice: as the latest and as evidence').to.equal(
      'introducer-over-budget'
    )
    expect(v0.evidence).to.deep.equal([])
    v0 = new TestNode()
    v0.library.set(hashOf(EVIL), EVIL)
    receive(says('v4', 'PREPARE <1,x>', EVIL))
    fill(13)
    receive(large(1))
    expect(receive(large(2))).to.equal('equivocation')
    expect(receive(says('s16', 'PREPARE <1,x>', EVIL)), 'now the budget is full').to.equal(
      'introducer-over-budget'
    )
  })

  it('the quorum sets that only introduced nodes use count as well', () => {
    const own = (i: number) => flat(1, ...SYBILS.slice(1), `t${i}`)
    const outcomes = SYBILS.slice(0, 60).map((node, i) => {
      v0.library.set(hashOf(own(i)), own(i))
      return receive(says(node, 'PREPARE <1,x>', own(i)))
    })
    expect(outcomes.filter((outcome) => outcome === 'processed').length).to.be.within(20, 60)
    expect(outcomes.at(-1)).to.equal('introducer-over-budget')
  })

  describe('the transitive quorum', () => {
    const quorumOf = (sets: Record<NodeId, QuorumSet>) =>
      transitiveQuorum({ localNode: 'v0', roots: [CORE5], setOf: (node) => sets[node] })
    const wide = (node: NodeId, size: number) =>
      flat(1, node, ...Array.from({ length: size - 1 }, (_, i) => `w${i}`))

    it('knows the introducer of a node, and its distance', () => {
      const { introductions } = quorumOf({
        v1: flat(1, 'v1', 'a'),
        v2: flat(1, 'a', 'b'),
        b: flat(1, 'b', 'c', 'v3')
      })
      expect(introductions).to.deep.equal(
        new Map([
          ['a', { introducers: new Set(['v1', 'v2']), distance: 1 }],
          ['b', { introducers: new Set(['v2']), distance: 1 }],
          ['c', { introducers: new Set(['v2']), distance: 2 }]
        ])
      )
    })

    it('follows the sets of nodes from one introducer up to a number of names', () => {
      const names = MAX_INTRODUCED_SET_NODES / 32
      const nodes = Array.from({ length: 32 }, (_, i) => `n${i}`)
      const sets = { v1: flat(1, ...nodes), ...Object.fromEntries(nodes.map((n) => [n, wide(n, names)])) }
      expect(quorumOf(sets).unfollowed, 'at the limit').to.deep.equal([])
      expect(quorumOf({ ...sets, n31: wide('n31', names + 1) }).unfollowed, 'one past it').to.deep.equal([
        'n31'
      ])
    })

    it('remembers a bounded number of introducers', () => {
      const direct = Array.from({ length: MAX_INTRODUCERS + 1 }, (_, i) => `d${i}`)
      const { introductions } = transitiveQuorum({
        localNode: 'v0',
        roots: [flat(1, ...direct)],
        setOf: (node) => (direct.includes(node) ? flat(1, 'x') : undefined)
      })
      expect(introductions.get('x')!.introducers).to.have.lengthOf(MAX_INTRODUCERS)
    })
  })
})
