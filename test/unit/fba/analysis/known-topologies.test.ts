// Networks with published answers: the test topologies of fbas_analyzer (MIT), as reference data beside the
// checkout or under $THHE_SHARED. They are not part of the repository; without them these tests are skipped.

import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect } from 'chai'
import type { NetworkAnalysis, SetFamily } from '../../../../fba/analysis/index.ts'
import { analyzeNetwork, parseStellarbeatNodes } from '../../../../fba/analysis/index.ts'

const folder = join(
  process.env.THHE_SHARED ?? resolve(import.meta.dirname, '../../../../../shared'),
  'data/fba'
)

describe('analysis of topologies with known answers', () => {
  let indexOf: Map<string, number>

  before(function () {
    if (existsSync(folder)) return
    console.log(`      skipped: no reference data in ${folder}`)
    this.skip()
  })

  const analyze = (file: string, deleted: number[] = []): NetworkAnalysis => {
    const nodes = parseStellarbeatNodes(readFileSync(join(folder, file), 'utf8'))
    indexOf = new Map(nodes.map(({ id }, index) => [id, index]))
    return analyzeNetwork(nodes, {
      clock: { nowMillis: () => 0 },
      deleted: deleted.map((index) => nodes[index].id)
    })
  }
  const indices = (ids: readonly string[]): string =>
    `{${ids
      .map((id) => indexOf.get(id)!)
      .sort((a, b) => a - b)
      .join()}}`
  const sets = ({ complete, sets }: SetFamily): string[] => {
    expect(complete).to.equal(true)
    return sets.map(({ members }) => indices(members)).sort()
  }

  it('correct_trivial: three nodes of which any two decide', () => {
    const found = analyze('correct_trivial.json')
    expect(found.intersection.status).to.equal('intersects')
    expect(sets(found.minimalQuorums)).to.deep.equal(['{0,1}', '{0,2}', '{1,2}'])
    expect(sets(found.minimalBlockingSets)).to.deep.equal(['{0,1}', '{0,2}', '{1,2}'])
  })

  it('broken_trivial: one of the three decides alone', () => {
    const found = analyze('broken_trivial.json')
    expect(
      found.intersection.status === 'splits' && found.intersection.quorums.map(indices).sort()
    ).to.deep.equal(['{0}', '{1,2}'])
    expect(sets(found.minimalQuorums)).to.deep.equal(['{0}', '{1,2}'])
    expect(sets(found.minimalBlockingSets)).to.deep.equal(['{0,1}', '{0,2}'])
  })

  it('correct: 74 nodes that rest on three, and a fourth that can split them', () => {
    const found = analyze('correct.json')
    expect(found.intersection.status).to.equal('intersects')
    expect(sets(found.minimalQuorums)).to.deep.equal(['{0,10}', '{0,1}', '{1,10}'])
    expect(sets(found.minimalBlockingSets)).to.deep.equal(['{0,10}', '{0,1}', '{1,10}'])
    expect(sets(found.minimalSplittingSets)).to.deep.equal(['{0}', '{10}', '{1}', '{4}'])
    expect(indices(found.topTier.members)).to.equal('{0,1,10}')
  })

  it('correct, with the fourth deleted: it splits, as the splitting set says', () => {
    expect(analyze('correct.json', [4]).intersection.status).to.equal('splits')
  })

  it('broken: two pairs that decide apart', () => {
    const found = analyze('broken.json')
    expect(
      found.intersection.status === 'splits' && found.intersection.quorums.map(indices).sort()
    ).to.deep.equal(['{3,10}', '{4,6}'])
    expect(sets(found.minimalBlockingSets)).to.deep.equal(['{3,4}', '{3,6,10}', '{4,10}'])
    expect(sets(found.minimalSplittingSets)).to.deep.equal(['{}'])
  })
})
