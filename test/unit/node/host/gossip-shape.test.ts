import { expect } from 'chai'
import { GossipShape } from '../../../../src/node/host/gossip-shape.ts'

const at = (rttMs: number): { peer: string; rttMs: number } => ({ peer: `peer-${rttMs}`, rttMs })

describe('the shape of gossip', () => {
  it('is plain while no distance is known', () => {
    const shape = new GossipShape()
    expect(shape.score('peer-1')).to.equal(0)
    shape.update([])
    expect(shape.near.size).to.equal(0)
  })

  it('gives the four nearest a score that first deliveries alone cannot reach, and others none', () => {
    const shape = new GossipShape()
    shape.update([90, 5, 40, 10, 70, 20].map(at))
    expect([...shape.near].sort()).to.deep.equal(['peer-10', 'peer-20', 'peer-40', 'peer-5'])
    expect(shape.score('peer-5')).to.be.greaterThan(10)
    expect(shape.score('peer-70')).to.equal(0)
  })

  it('follows the distances', () => {
    const shape = new GossipShape()
    shape.update([1, 2, 3, 4, 5].map(at))
    shape.update([5, 6].map(at))
    expect([...shape.near]).to.deep.equal(['peer-5', 'peer-6'])
  })
})
