import { expect } from 'chai'
import fc from 'fast-check'
import {
  decodeQuorumSet,
  encodeQuorumSet,
  findClosestVBlocking,
  FULL_WEIGHT,
  greatestQuorum,
  hasMinorityThreshold,
  isQuorum,
  isQuorumSlice,
  isVBlocking,
  nodeWeight,
  normalizeQuorumSet,
  type NodeId,
  type QuorumSet,
  quorumSetNodes,
  quorumSetProblem
} from '../../../fba/index.ts'
import { flat, hashOf } from './scp-fixture.ts'

const setOf = (...nodes: NodeId[]) => new Set(nodes)

describe('fba: quorum sets', () => {
  describe('3 of 4', () => {
    const set = flat(3, 'a', 'b', 'c', 'd')

    it('a slice is three nodes, and further nodes do not change that', () => {
      expect(isQuorumSlice(set, setOf('a', 'b', 'c'))).to.equal(true)
      expect(isQuorumSlice(set, setOf('a', 'b', 'e', 'f'))).to.equal(false)
    })

    it('two nodes block, one does not', () => {
      expect(isVBlocking(set, setOf('a'))).to.equal(false)
      expect(isVBlocking(set, setOf('a', 'd'))).to.equal(true)
      expect(isVBlocking(set, setOf('e', 'f'))).to.equal(false)
    })

    it('weighs each node three quarters', () => {
      expect(nodeWeight('a', set)).to.equal((FULL_WEIGHT * 3n + 3n) / 4n)
      expect(nodeWeight('z', set)).to.equal(0n)
    })
  })

  it('nested: a node in 1 of 2 inside 3 of 5 weighs 0.6 * 0.5 = 0.3', () => {
    const nested: QuorumSet = { ...flat(3, 'a', 'b', 'c', 'd'), innerSets: [flat(1, 'e', 'f')] }
    expect(Number(nodeWeight('e', nested)) / Number(FULL_WEIGHT)).to.be.closeTo(0.3, 1e-9)
    expect(Number(nodeWeight('a', nested)) / Number(FULL_WEIGHT)).to.be.closeTo(0.6, 1e-9)
  })

  it('distance to blocking on nested sets: the fewest nodes among those given', () => {
    const nested: QuorumSet = { ...flat(3, 'a', 'b', 'c'), innerSets: [flat(1, 'd', 'e'), flat(2, 'f', 'g')] }
    // Entries a b c {d,e} {f,g}: three must fail. A lone node fails at the cost of one, {f,g} too.
    expect(findClosestVBlocking(nested, setOf('a', 'b', 'c', 'd', 'e', 'f', 'g'))).to.have.length(3)
    expect(findClosestVBlocking(nested, setOf('c', 'd', 'e', 'f', 'g'))).to.have.length(1)
    expect(findClosestVBlocking(nested, setOf('d', 'e', 'f', 'g'))).to.deep.equal([])
    const outside = flat(2, 'a', 'b', 'x')
    expect(findClosestVBlocking(outside, setOf('a', 'b'))).to.have.length(1)
  })

  describe('sanity', () => {
    const problems: [string, QuorumSet, string | undefined][] = [
      ['one node', flat(1, 'a'), undefined],
      ['threshold 0', flat(0, 'a'), 'threshold-out-of-range'],
      ['threshold above entries', flat(2, 'a'), 'threshold-out-of-range'],
      ['a fraction of a threshold', flat(1.5, 'a', 'b'), 'threshold-out-of-range'],
      ['no entries', flat(1), 'threshold-out-of-range'],
      ['the same node twice', flat(1, 'a', 'a'), 'duplicate-node'],
      ['the same node in two levels', { ...flat(1, 'a'), innerSets: [flat(1, 'a')] }, 'duplicate-node'],
      ['a name with a space', flat(1, 'a b'), 'bad-node-id'],
      ['an empty name', flat(1, ''), 'bad-node-id'],
      ['a name too long', flat(1, 'a'.repeat(129)), 'bad-node-id'],
      ['four levels', wrap(flat(1, 'a'), 3), undefined],
      ['five levels', wrap(flat(1, 'a'), 4), 'too-deep'],
      ['1000 nodes', flat(1, ...names(1000)), undefined],
      ['1001 nodes', flat(1, ...names(1001)), 'too-many-nodes']
    ]
    for (const [title, set, problem] of problems) {
      it(`${title}: ${problem ?? 'sane'}`, () => {
        expect(quorumSetProblem(set)?.code).to.equal(problem)
      })
    }

    it('warns about thresholds that two halves can each meet', () => {
      expect(hasMinorityThreshold(flat(2, 'a', 'b', 'c', 'd'))).to.equal(true)
      expect(hasMinorityThreshold(flat(3, 'a', 'b', 'c', 'd'))).to.equal(false)
      expect(hasMinorityThreshold({ ...flat(2, 'a', 'b'), innerSets: [flat(1, 'c', 'd')] })).to.equal(true)
    })
  })

  describe('normal form', () => {
    it('lifts single nodes, unwraps a lone inner set, and sorts', () => {
      const set: QuorumSet = {
        threshold: 1,
        validators: [],
        innerSets: [{ threshold: 2, validators: ['c', 'b'], innerSets: [flat(1, 'a'), flat(1, 'e', 'd')] }]
      }
      expect(normalizeQuorumSet(set)).to.deep.equal({
        threshold: 2,
        validators: ['a', 'b', 'c'],
        innerSets: [flat(1, 'd', 'e')]
      })
    })

    it('keeps the meaning and the hash, and is its own normal form', () => {
      fc.assert(
        fc.property(quorumSets(), fc.subarray(NODES), (set, nodes) => {
          const normal = normalizeQuorumSet(set)
          expect(normalizeQuorumSet(normal)).to.deep.equal(normal)
          expect(hashOf(normal)).to.equal(hashOf(set))
          expect(isQuorumSlice(normal, setOf(...nodes))).to.equal(isQuorumSlice(set, setOf(...nodes)))
          expect(decodeQuorumSet(encodeQuorumSet(normal))).to.deep.equal(normal)
        }),
        { numRuns: 200 }
      )
    })

    it('different sets have different hashes', () => {
      expect(hashOf(flat(2, 'a', 'b'))).not.to.equal(hashOf(flat(1, 'a', 'b')))
      expect(hashOf(flat(1, 'ab'))).not.to.equal(hashOf(flat(1, 'a', 'b')))
    })
  })

  describe('quorums', () => {
    it('removes nodes whose own set is not satisfied, one after the other', () => {
      const sets: Record<NodeId, QuorumSet> = {
        a: flat(2, 'a', 'b'),
        b: flat(2, 'b', 'c'),
        c: flat(2, 'c', 'd'),
        d: flat(2, 'd', 'missing')
      }
      expect(greatestQuorum(Object.keys(sets), (node) => sets[node]).size).to.equal(0)
      sets.d = flat(1, 'd')
      expect(greatestQuorum(Object.keys(sets), (node) => sets[node]).size).to.equal(4)
    })

    it('a node whose set is unknown supports nothing', () => {
      const nodes = ['a', 'b', 'c']
      const local = flat(3, ...nodes)
      expect(isQuorum(local, nodes, () => local)).to.equal(true)
      expect(isQuorum(local, nodes, (node) => (node === 'b' ? undefined : local))).to.equal(false)
    })

    it('a quorum that does not satisfy the asking node does not count', () => {
      expect(isQuorum(flat(1, 'z'), ['a'], () => flat(1, 'a'))).to.equal(false)
    })

    // The definitions of the SCP paper, section 3, by trying all subsets.
    it('agree with brute force over random systems of up to 10 nodes', () => {
      fc.assert(
        fc.property(fc.array(quorumSets(), { minLength: 2, maxLength: 10 }), fc.nat(1023), (sets, chosen) => {
          const size = sets.length
          const members = (bits: number) => NODES.slice(0, size).filter((_, i) => bits & (1 << i))
          const quorumSetOf = (node: NodeId) => sets[NODES.indexOf(node)]
          const isQuorumByDefinition = (bits: number) =>
            bits !== 0 && members(bits).every((node) => satisfies(quorumSetOf(node), setOf(...members(bits))))
          const subset = chosen & (2 ** size - 1)

          let union = 0
          for (let bits = 1; bits < 2 ** size; bits++) {
            if ((bits & ~subset) === 0 && isQuorumByDefinition(bits)) union |= bits
          }
          expect([...greatestQuorum(members(subset), quorumSetOf)].sort()).to.deep.equal(members(union))

          const rest = [...quorumSetNodes(sets[0])].filter((node) => !members(subset).includes(node))
          expect(isVBlocking(sets[0], setOf(...members(subset)))).to.equal(
            !satisfies(sets[0], setOf(...rest))
          )
        }),
        { numRuns: 150 }
      )
    })
  })
})

const NODES = 'abcdefghij'.split('')

/** Whether some choice of `threshold` entries is met by `nodes`: the definition, by counting. */
function satisfies(set: QuorumSet, nodes: ReadonlySet<NodeId>): boolean {
  const met = [
    ...set.validators.map((node) => nodes.has(node)),
    ...set.innerSets.map((inner) => satisfies(inner, nodes))
  ]
  return met.filter(Boolean).length >= set.threshold
}

/** Sane sets over NODES, up to three levels deep. */
function quorumSets(): fc.Arbitrary<QuorumSet> {
  return fc
    .tuple(
      fc.shuffledSubarray(NODES, { minLength: 1 }),
      fc.nat(100),
      fc.array(fc.nat(100), { minLength: 3, maxLength: 3 })
    )
    .map(([nodes, split, shares]) => {
      const first = split % nodes.length
      const second = first + Math.floor((nodes.length - first) / 2)
      const thresholdOf = (entries: number, share: number) => 1 + (share % entries)
      const parts = [nodes.slice(first, second), nodes.slice(second)].filter((part) => part.length > 0)
      const innerSets = parts.map((part, i) => flat(thresholdOf(part.length, shares[i + 1]), ...part))
      const validators = nodes.slice(0, first)
      return { threshold: thresholdOf(first + innerSets.length, shares[0]), validators, innerSets }
    })
}

function wrap(set: QuorumSet, times: number): QuorumSet {
  return times === 0 ? set : { threshold: 1, validators: [], innerSets: [wrap(set, times - 1)] }
}

function names(count: number): NodeId[] {
  return Array.from({ length: count }, (_, i) => `n${i}`)
}
