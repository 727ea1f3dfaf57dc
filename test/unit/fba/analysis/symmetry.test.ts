import { expect } from 'chai'
import { bitsOf, countBits, indicesOf } from '../../../../fba/analysis/bits.ts'
import { AnalysisLimitError, Budget } from '../../../../fba/analysis/budget.ts'
import type { FbaNode } from '../../../../fba/analysis/network.ts'
import { compileNetwork } from '../../../../fba/analysis/network.ts'
import { addOrbit, blocksTouched, expandOrbit, orbitSize } from '../../../../fba/analysis/orbit.ts'
import type { Symmetry } from '../../../../fba/analysis/symmetry.ts'
import { findSymmetry, inferOrganisations, restrictSymmetry } from '../../../../fba/analysis/symmetry.ts'
import { flatNetwork, organisedNetwork, quorumSet } from './networks.ts'

const unlimited = (): Budget => new Budget({ nowMillis: () => 0 }, Infinity)

function symmetryOf(nodes: readonly FbaNode[]): Symmetry {
  const network = compileNetwork(nodes)
  return findSymmetry(network, inferOrganisations(network), unlimited())
}

/** Sizes of the classes of each block, group by group. */
function shape(symmetry: Symmetry): number[][][] {
  return symmetry.map((group) => group.map(({ classes }) => classes.map(({ length }) => length)))
}

describe('exchangeable nodes and organisations', () => {
  it('are all nodes, when all have the same quorum set', () => {
    expect(shape(symmetryOf(flatNetwork(3, 2)))).to.deep.equal([[[1], [1], [1]]])
    expect(shape(symmetryOf(organisedNetwork([3, 3], 2)))).to.deep.equal([[[3], [3]]])
  })

  it('are organisations of the same size only', () => {
    expect(shape(symmetryOf(organisedNetwork([3, 2, 3, 2], 3)))).to.deep.equal([
      [[3], [3]],
      [[2], [2]]
    ])
  })

  it('are not nodes whose quorum sets differ, or that others name differently', () => {
    const nodes = flatNetwork(4, 3)
    const own = nodes.with(0, { id: 'n0', quorumSet: quorumSet(2, ['n0', 'n1', 'n2', 'n3']) })
    expect(shape(symmetryOf(own))).to.deep.equal([[[1]], [[1], [1], [1]]])
    const fan = [...nodes, { id: 'fan', quorumSet: quorumSet(1, ['n2']) }]
    expect(shape(symmetryOf(fan))).to.deep.equal([[[1]], [[1], [1], [1]], [[1]]])
  })

  it('are nodes that name all others but not themselves', () => {
    const ids = ['a', 'b', 'c']
    const nodes = ids.map((id) => ({
      id,
      quorumSet: quorumSet(
        1,
        ids.filter((other) => other !== id)
      )
    }))
    expect(shape(symmetryOf(nodes))).to.deep.equal([[[1], [1], [1]]])
  })

  it('are not the nodes of a ring, where only a rotation of all preserves the trust', () => {
    const nodes = [0, 1, 2, 3, 4].map((index) => ({
      id: `${index}`,
      quorumSet: quorumSet(1, [`${(index + 1) % 5}`])
    }))
    expect(symmetryOf(nodes)).to.have.length(5)
  })

  it('are separated by marked nodes, even when a whole class is marked', () => {
    const pairs: Symmetry = [[{ classes: [[0], [1]] }, { classes: [[2], [3]] }]]
    expect(shape(restrictSymmetry(pairs, [0, 2], bitsOf(4, [])))).to.deep.equal([[[1], [1]]])
    expect(shape(restrictSymmetry(pairs, [0, 2], bitsOf(4, [1])))).to.deep.equal([[[1]], [[1]]])
  })

  it('are searched within the budget', () => {
    const network = compileNetwork(flatNetwork(50, 30))
    const budget = new Budget({ nowMillis: () => 0 }, Infinity, 10)
    expect(() => findSymmetry(network, [], budget))
      .to.throw(AnalysisLimitError)
      .with.property('code', 'steps')
  })
})

describe('organisations, inferred', () => {
  it('are the innermost inner sets that most nodes name, as long as they are disjoint', () => {
    const nodes = organisedNetwork([3, 3], 2)
    const stranger = quorumSet(2, [], [quorumSet(1, ['a0', 'b0']), quorumSet(1, ['x', 'y'])])
    const network = compileNetwork([...nodes, { id: 'x', quorumSet: stranger }])
    const names = inferOrganisations(network).map((members) => members.map((node) => network.ids[node]))
    expect(names).to.deep.equal([
      ['a0', 'a1', 'a2'],
      ['b0', 'b1', 'b2'],
      ['x', 'y']
    ])
  })
})

describe('orbit of a set', () => {
  // Two organisations of 3 and one of 2.
  const symmetry = symmetryOf(organisedNetwork([3, 3, 2], 2))
  const members = bitsOf(8, [0, 1, 3, 6])

  it('has as many sets as there are exchanges that matter, each once and of the same size', () => {
    const sets = [...expandOrbit(symmetry, members, 8)].map((set) => indicesOf(set).join())
    // Two nodes of one of the large organisations, one of the other, one of the small one.
    expect(orbitSize(symmetry, members)).to.equal(BigInt(2 * 3 * 3 * 2))
    expect(new Set(sets).size).to.equal(sets.length)
    expect(BigInt(sets.length)).to.equal(orbitSize(symmetry, members))
    expect(sets).to.include(indicesOf(members).join())
  })

  it('touches the same number of organisations throughout, and all nodes together', () => {
    for (const set of expandOrbit(symmetry, members, 8)) expect(blocksTouched(symmetry, set)).to.equal(3)
    const all = bitsOf(8, [])
    addOrbit(symmetry, members, all)
    expect(countBits(all)).to.equal(8)
  })
})
