import { expect } from 'chai'
import type { AnalysisOptions, FbaNode } from '../../../../fba/analysis/index.ts'
import { adviseOn, analyzeNetwork } from '../../../../fba/analysis/index.ts'
import { flatNetwork, organisedNetwork, quorumSet } from './networks.ts'

function advice(nodes: readonly FbaNode[], options: Partial<AnalysisOptions> = {}): string[] {
  const analysis = analyzeNetwork(nodes, { clock: { nowMillis: () => 0 }, ...options })
  const sets = [...new Set(nodes.flatMap((node) => node.quorumSet ?? []))]
  return adviseOn(analysis, sets, (id) => id.toUpperCase()).map(({ level, text }) => `${level}: ${text}`)
}

describe('advice to operators', () => {
  it('warns when two organisations can split or halt the network', () => {
    expect(advice(organisedNetwork([3, 3, 3, 3], 3))).to.deep.equal([
      'warning: 2 organisations lying together can split you: for example A0, B0.',
      'warning: 2 organisations failing together can halt you: for example A0, A1, B0, B1.',
      'good: Every two quorums share a node: while all tell the truth, none can disagree.'
    ])
  })

  it('reports a danger when one party can split or halt the network', () => {
    const found = advice(flatNetwork(3, 2))
    expect(found[0]).to.equal('danger: 1 node lying can split you: for example N0.')
    expect(found).to.include('warning: 2 nodes failing together can halt you: for example N0, N1.')
  })

  it('has no warning when it takes three', () => {
    expect(advice(flatNetwork(7, 5)).filter((text) => text.startsWith('good'))).to.deep.equal([
      'good: Every two quorums share a node: while all tell the truth, none can disagree.',
      'good: It takes 3 nodes lying together to split you: for example N0, N1, N2.',
      'good: It takes 3 nodes failing together to halt you: for example N0, N1, N2.'
    ])
  })

  it('shows the two sides of a network that is split as it is, and the threshold behind it', () => {
    const found = advice(flatNetwork(4, 2))
    expect(found[0]).to.match(/^danger: You can be split as you are: \(N\d, N\d\) and \(N\d, N\d\)/)
    expect(found.some((text) => text.includes('asks for 2 of 4'))).to.equal(true)
    expect(found.some((text) => text.includes('lying'))).to.equal(false)
  })

  it('says that there is no quorum, and whose quorum set is missing', () => {
    expect(advice([{ id: 'a', quorumSet: quorumSet(2, ['a', 'b']) }, { id: 'b' }])).to.deep.equal([
      'danger: There is no quorum: these nodes can never agree on anything.',
      'warning: 1 node has no usable quorum set and counts as dead: B.'
    ])
  })

  it('does not present a truncated search as an answer', () => {
    const found = advice(organisedNetwork([1, 2, 3, 4, 5], 3), { maxSteps: 12 })
    expect(found.some((text) => /perhaps fewer|not decided/.test(text))).to.equal(true)
    expect(found.some((text) => text.startsWith('good'))).to.equal(false)
  })
})
