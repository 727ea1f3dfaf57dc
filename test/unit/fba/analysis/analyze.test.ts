import { expect } from 'chai'
import fc from 'fast-check'
import type { AnalysisOptions } from '../../../../fba/analysis/analyze.ts'
import { analyzeNetwork } from '../../../../fba/analysis/analyze.ts'
import type { NetworkAnalysis } from '../../../../fba/analysis/analyze.ts'
import { Budget } from '../../../../fba/analysis/budget.ts'
import type { SetFamily } from '../../../../fba/analysis/family.ts'
import { collectFamily } from '../../../../fba/analysis/family.ts'
import type { FbaNode } from '../../../../fba/analysis/network.ts'
import { compileNetwork } from '../../../../fba/analysis/network.ts'
import { containsSplittingSet } from '../../../../fba/analysis/splitting.ts'
import { findSymmetry, inferOrganisations } from '../../../../fba/analysis/symmetry.ts'
import type { NodeId } from '../../../../fba/types.ts'
import { BruteForce } from './brute-force.ts'
import {
  flatNetwork,
  majority,
  organisationsOf,
  organisedNetwork,
  quorumSet,
  smallNetworks
} from './networks.ts'

const frozen = { nowMillis: () => 0 }

function analyze(nodes: readonly FbaNode[], options: Partial<AnalysisOptions> = {}): NetworkAnalysis {
  return analyzeNetwork(nodes, { clock: frozen, ...options })
}

/** Sets as text, in an order of their own. */
function texts(sets: readonly (readonly NodeId[])[]): string[] {
  return sets.map((set) => [...set].sort().join(' ')).sort()
}

function listed(family: SetFamily): string[] {
  expect(family.complete).to.equal(true)
  expect(Number(family.count)).to.equal(family.sets.length)
  return texts(family.sets.map(({ members }) => members))
}

describe('analysis of a network', () => {
  describe('against the definitions, on every subset of small networks', () => {
    it('finds the minimal quorums, the minimal blocking sets and their union', () => {
      fc.assert(
        fc.property(smallNetworks, (nodes) => {
          const truth = new BruteForce(nodes)
          const found = analyze(nodes)
          expect(listed(found.minimalQuorums)).to.deep.equal(texts(truth.minimalQuorums()))
          expect(listed(found.minimalBlockingSets)).to.deep.equal(texts(truth.minimalBlockingSets()))
          expect([...found.topTier.members].sort()).to.deep.equal(
            [...new Set(truth.minimalQuorums().flat())].sort()
          )
          expect(found.topTier.complete).to.equal(true)
        }),
        { numRuns: 300 }
      )
    })

    it('tells networks that intersect from those that split, and shows two quorums apart', () => {
      fc.assert(
        fc.property(smallNetworks, (nodes) => {
          const truth = new BruteForce(nodes)
          const { intersection } = analyze(nodes)
          const expected =
            truth.minimalQuorums().length === 0
              ? 'no-quorum'
              : truth.hasDisjointQuorums()
                ? 'splits'
                : 'intersects'
          expect(intersection.status).to.equal(expected)
          if (intersection.status !== 'splits') return
          const minimal = truth.minimalQuorums()
          const [one, other] = intersection.quorums
          expect(one.filter((node) => other.includes(node))).to.deep.equal([])
          for (const quorum of intersection.quorums) {
            expect(minimal.some((part) => part.every((node) => quorum.includes(node)))).to.equal(true)
          }
        }),
        { numRuns: 300 }
      )
    })

    it('finds the minimal splitting sets of the core and all it relies on', () => {
      fc.assert(
        fc.property(smallNetworks, (nodes) => {
          const relied = new BruteForce(nodes).topTierAndAllItReliesOn()
          const expected = relied.length === 0 ? [] : new BruteForce(relied).minimalSplittingSets()
          expect(listed(analyze(nodes).minimalSplittingSets)).to.deep.equal(texts(expected))
        }),
        { numRuns: 300 }
      )
    })

    it('recognises splitting sets where nodes without a quorum of their own take part', () => {
      const budget = new Budget(frozen, Infinity)
      fc.assert(
        fc.property(smallNetworks, (nodes) => {
          const network = compileNetwork(nodes)
          const symmetry = findSymmetry(network, inferOrganisations(network), budget)
          const property = containsSplittingSet(network, symmetry, budget)
          const { family } = collectFamily(
            { ids: network.ids, symmetry, universe: network.namedByOthers(), property },
            { maxOrbits: 10_000, listLimit: 10_000 },
            budget
          )
          expect(listed(family)).to.deep.equal(texts(new BruteForce(nodes).minimalSplittingSets()))
        }),
        { numRuns: 200 }
      )
    })

    it('deletes nodes as liars for intersection and as silent for what stalls', () => {
      const withDeleted = smallNetworks.chain((nodes) =>
        fc.tuple(
          fc.constant(nodes),
          fc.subarray(
            nodes.map(({ id }) => id),
            { minLength: 1 }
          )
        )
      )
      fc.assert(
        fc.property(withDeleted, ([nodes, deleted]) => {
          const lying = new BruteForce(nodes, deleted)
          const found = analyze(nodes, { deleted })
          expect(listed(found.minimalQuorums)).to.deep.equal(texts(lying.minimalQuorums()))
          expect(listed(found.minimalBlockingSets)).to.deep.equal(texts(lying.minimalBlockingSets()))
          expect(found.intersection.status === 'splits').to.equal(lying.hasDisjointQuorums())
          const silent = nodes.map((node) => (deleted.includes(node.id) ? { id: node.id } : node))
          expect(found.deletion?.quorumRemains).to.equal(new BruteForce(silent).minimalQuorums().length > 0)
        }),
        { numRuns: 200 }
      )
    })

    it('counts the same sets whether it lists them or only one of each kind', () => {
      fc.assert(
        fc.property(smallNetworks, (nodes) => {
          const inFull = analyze(nodes)
          const byKind = analyze(nodes, { listLimit: 0 })
          for (const family of ['minimalQuorums', 'minimalBlockingSets', 'minimalSplittingSets'] as const) {
            expect(byKind[family].sets).to.deep.equal([])
            expect(byKind[family].count).to.equal(BigInt(inFull[family].sets.length))
            expect(byKind[family].sizes).to.deep.equal(inFull[family].sizes)
          }
        }),
        { numRuns: 100 }
      )
    })
  })

  describe('networks too large for the definitions', () => {
    it('counts the 16 organisations of 3 by combinatorics: any 11, any 2 of the 3 in each', () => {
      const { intersection, minimalQuorums, minimalBlockingSets, minimalSplittingSets, topTier } = analyze(
        organisedNetwork(Array(16).fill(3), 11)
      )
      expect(intersection.status).to.equal('intersects')
      expect(minimalQuorums).to.deep.include({ complete: true, count: 4368n * 3n ** 11n })
      expect(minimalQuorums.sizes).to.deep.equal([{ size: 22, count: 4368n * 3n ** 11n }])
      expect(minimalQuorums.sets.map(({ alike }) => alike)).to.deep.equal([4368n * 3n ** 11n])
      expect(minimalBlockingSets).to.deep.include({ complete: true, count: 8008n * 3n ** 6n })
      // Two quorums share 6 organisations and, in each, one node.
      expect(minimalSplittingSets.sizes).to.deep.equal([{ size: 6, count: 8008n * 3n ** 6n }])
      expect(minimalSplittingSets.fewestOrganisations?.count).to.equal(6)
      expect(topTier.members).to.have.length(48)
    })

    it('finds the top tier of 17 among 172 nodes that rely on it and on each other', () => {
      const tier = organisationsOf([3, 3, 3, 3, 3, 1, 1])
      const ofTier = quorumSet(5, [...tier[5], ...tier[6]], tier.slice(0, 5).map(majority))
      const others = Array.from({ length: 155 }, (_, index) => ({
        id: `w${index}`,
        quorumSet: quorumSet(
          3,
          [`w${(index * 7 + 1) % 155}`, tier[5][0]],
          tier.slice(index % 3, 3 + (index % 2)).map(majority)
        )
      }))
      const found = analyze([...tier.flat().map((id) => ({ id, quorumSet: ofTier })), ...others])
      expect(found.nodeCount).to.equal(172)
      expect(found.intersection.status).to.equal('intersects')
      expect([...found.topTier.members].sort()).to.deep.equal(tier.flat().sort())
      // Quorums of 5 organisations of 7 share 3: C(7,3) ways to pick them, a node of each.
      expect(found.minimalSplittingSets.sizes).to.deep.equal([
        { size: 3, count: 10n * 27n + 10n * 2n * 9n + 5n * 3n }
      ])
    })

    it('has an answer for organisations of which no two are alike', () => {
      const organisations = organisationsOf(Array(6).fill(3))
      const nodes = organisations.flatMap((members, o) =>
        members.map((id) => ({
          id,
          quorumSet: quorumSet(5, [], organisations.filter((_, other) => other !== (o + 1) % 6).map(majority))
        }))
      )
      const found = analyze(nodes)
      expect(found.intersection.status).to.equal('intersects')
      expect(found.minimalQuorums.complete && found.minimalBlockingSets.complete).to.equal(true)
      expect(found.topTier.members).to.have.length(18)
    })
  })

  describe('limits', () => {
    const hard = (): FbaNode[] => {
      const ids = Array.from({ length: 30 }, (_, index) => `n${index}`)
      return ids.map((id, index) => ({
        id,
        quorumSet: quorumSet(
          14,
          ids.filter((_, other) => (other * 7 + index * index) % 11 !== 3 || other === index)
        )
      }))
    }

    it('answers undecided when time is up, with what it knows by then', () => {
      let nowMillis = 0
      const found = analyzeNetwork(hard(), { clock: { nowMillis: () => nowMillis++ }, limitMillis: 40 })
      expect(found.intersection.status).to.equal('undecided')
      expect(found.minimalQuorums.complete).to.equal(false)
      expect(found.minimalSplittingSets.complete).to.equal(false)
      expect(found.topTier.complete).to.equal(false)
    })

    it('answers undecided after a number of steps, the same on every machine', () => {
      const once = analyze(hard(), { maxSteps: 2000 })
      expect(once.intersection.status).to.equal('undecided')
      expect(analyze(hard(), { maxSteps: 2000 })).to.deep.equal(once)
    })

    it('keeps a bounded number of sets, and marks the family incomplete', () => {
      const { minimalQuorums } = analyze(organisedNetwork([1, 2, 3, 4], 2), { maxOrbits: 2 })
      expect(minimalQuorums.complete).to.equal(false)
      expect(minimalQuorums.count > 0n).to.equal(true)
    })
  })

  describe('conventions', () => {
    it('reports a network without a quorum as such, with nothing to block and nothing to split', () => {
      const found = analyze([{ id: 'a', quorumSet: quorumSet(2, ['a', 'b']) }, { id: 'b' }])
      expect(found.intersection).to.deep.equal({ status: 'no-quorum' })
      expect(found.minimalQuorums.count).to.equal(0n)
      expect(listed(found.minimalBlockingSets)).to.deep.equal([''])
      expect(found.minimalSplittingSets.count).to.equal(0n)
    })

    it('counts a node as dead whose quorum set is missing or not sane, and one that is only named', () => {
      const found = analyze([
        { id: 'a', quorumSet: quorumSet(1, ['a', 'ghost']) },
        { id: 'b', quorumSet: quorumSet(3, ['a', 'b']) },
        { id: 'c' }
      ])
      expect(found.dead).to.deep.equal(['b', 'c', 'ghost'])
      expect(listed(found.minimalQuorums)).to.deep.equal(['a'])
    })

    it('holds that a dead node on which the core relies may come back lying', () => {
      const nodes = ['a', 'b'].map((id) => ({ id, quorumSet: quorumSet(2, ['a', 'b', 'ghost']) }))
      expect(listed(analyze(nodes).minimalSplittingSets)).to.deep.equal(['ghost'])
    })

    it('takes the organisations it is given, and counts how many must fail together', () => {
      const nodes = flatNetwork(6, 5)
      const organisations = [
        ['n0', 'n1', 'n2'],
        ['n3', 'n4', 'n5']
      ]
      const found = analyze(nodes, { organisations })
      expect(found.minimalSplittingSets.sizes).to.deep.equal([{ size: 4, count: 15n }])
      expect(found.minimalSplittingSets.fewestOrganisations?.count).to.equal(2)
      expect(found.minimalBlockingSets.fewestOrganisations?.count).to.equal(1)
    })

    it('refuses names that are not nodes of the network, and duplicates', () => {
      const nodes = flatNetwork(3, 2)
      expect(() => analyze(nodes, { deleted: ['x'] })).to.throw(RangeError, 'no node x')
      expect(() => analyze(nodes, { organisations: [['n0'], ['n0']] })).to.throw(RangeError, 'n0')
      expect(() => analyze([...nodes, nodes[0]])).to.throw(RangeError, 'n0')
    })
  })
})
