// Leader election by hash (draft-mazieres-dinrg-scp section 3.4; stellar-core #1666, #1975, #2648).

import { expect } from 'chai'
import { MAX_LEADERLESS_ROUNDS, type NodeId, type QuorumSet } from '../../../fba/index.ts'
import { LeaderElection, leaderSeed } from '../../../fba/leaders.ts'
import { flat, sha256 } from './scp-fixture.ts'

const NODES = ['a', 'b', 'c', 'd', 'e']

function elect(quorumSet: QuorumSet, localNode: NodeId, slotIndex: number, previous = Uint8Array.of(1)) {
  return new LeaderElection({ slotIndex, previousValue: previous, localNode, quorumSet, sha256 })
}

function firstLeader(quorumSet: QuorumSet, localNode: NodeId, slotIndex: number): NodeId {
  const election = elect(quorumSet, localNode, slotIndex)
  election.nextRound()
  return [...election.leaders].join()
}

describe('fba: leaders', () => {
  it('every round adds exactly one leader until all lead', () => {
    const election = elect(flat(4, ...NODES), 'a', 1)
    for (let count = 1; count <= NODES.length; count++) {
      election.nextRound()
      expect(election.leaders.size).to.equal(count)
    }
    const { round } = election
    election.nextRound()
    expect(election.round, 'with all in, a round is a round').to.equal(round + 1)
    expect([...election.leaders]).to.have.members(NODES)
  })

  it('nodes with one quorum set mostly find the same leader, and each leads its share of slots', () => {
    const wins = new Map<NodeId, number>()
    let agreed = 0
    const slots = 500
    for (let slot = 0; slot < slots; slot++) {
      const leaders = NODES.map((node) => firstLeader(flat(4, ...NODES), node, slot))
      if (new Set(leaders).size === 1) agreed++
      wins.set(leaders[0], (wins.get(leaders[0]) ?? 0) + 1)
    }
    // A node of weight 3/4 is passed over by others a quarter of the time; itself it is always a neighbour.
    expect(agreed / slots).to.be.above(0.6)
    for (const node of NODES) expect(wins.get(node)! / slots).to.be.within(0.1, 0.35)
  })

  it('the draw depends on the slot and on the previous value', () => {
    const set = flat(20, ...Array.from({ length: 25 }, (_, i) => `n${i}`))
    const bySlot = new Set(Array.from({ length: 40 }, (_, slot) => firstLeader(set, 'n0', slot)))
    expect(bySlot.size).to.be.above(5)
    const byValue = new Set(
      Array.from({ length: 40 }, (_, i) => {
        const election = elect(set, 'n0', 1, Uint8Array.of(i))
        election.nextRound()
        return [...election.leaders].join()
      })
    )
    expect(byValue.size).to.be.above(5)
  })

  it('a node without weight never leads', () => {
    const { quorumSet } = { quorumSet: flat(4, ...NODES) }
    const election = new LeaderElection({
      slotIndex: 1,
      previousValue: Uint8Array.of(1),
      localNode: 'a',
      quorumSet,
      sha256,
      weightOf: (node) => (node === 'c' ? 0n : 2n ** 64n - 1n)
    })
    for (let round = 0; round < 10; round++) election.nextRound()
    expect([...election.leaders]).to.have.members(['a', 'b', 'd', 'e'])
  })

  it('a node alone in its quorum set leads itself', () => {
    expect(firstLeader(flat(1, 'a'), 'a', 3)).to.equal('a')
  })

  it('stops skipping rounds when the last node has almost no weight, and keeps its leaders', () => {
    const election = new LeaderElection({
      slotIndex: 1,
      previousValue: Uint8Array.of(1),
      localNode: 'a',
      quorumSet: flat(2, 'a', 'b'),
      sha256,
      weightOf: () => 1n
    })
    election.nextRound()
    election.nextRound()
    expect([...election.leaders]).to.deep.equal(['a'])
    expect(election.round).to.equal(2 + MAX_LEADERLESS_ROUNDS)
  })

  it('resumes with the leaders of all rounds up to the one it was in', () => {
    const before = elect(flat(4, ...NODES), 'a', 9)
    for (let i = 0; i < 3; i++) before.nextRound()
    const after = elect(flat(4, ...NODES), 'a', 9)
    after.resume(before.round)
    expect(after.round).to.equal(before.round)
    expect([...after.leaders]).to.deep.equal([...before.leaders])
  })

  it('a bounded seed leaves a proposer two draws, or the requested number', () => {
    const seeds = (bits?: number) =>
      new Set(Array.from({ length: 200 }, (_, i) => String(leaderSeed(Uint8Array.of(i), sha256, bits))))
    expect(seeds().size).to.equal(2)
    expect(seeds(3).size).to.equal(8)
    expect(seeds(0).size).to.equal(1)
  })
})
