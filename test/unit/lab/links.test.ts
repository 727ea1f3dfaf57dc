import { expect } from 'chai'
import { matrixOf } from '../../../src/manifold/simulation/index.ts'
import { LinkTable, sampleMatrix } from '../../../testnet/lab/links.ts'

const matrix = matrixOf(Float64Array.from([0, 10, 20, 30, 0, 40, 20, 0, 0]))
const calm = { jitterMs: 0, lossPercent: 0 }

describe('links of the lab', () => {
  it('take half of a round trip in each direction', () => {
    const links = new LinkTable(matrix, calm)
    expect(links.link(1, 2).delayMicros).to.equal(5_000)
    expect(links.link(2, 1).delayMicros).to.equal(15_000)
    expect(links.rttMs(1, 2)).to.equal(20)
    expect([...links.pairs()]).to.have.length(6)
  })

  it('carry jitter and loss', () => {
    const links = new LinkTable(matrix, { jitterMs: 2, lossPercent: 1.5 })
    expect(links.link(1, 3)).to.deep.equal({ delayMicros: 10_000, jitterMicros: 2_000, lossPpm: 15_000 })
  })

  it('are cut between the sides of a partition only, until it heals', () => {
    const links = new LinkTable(matrix, calm)
    links.partition([[1]])
    const cut = [...links.pairs()].filter(([from, to]) => links.link(from, to).lossPpm === 1_000_000)
    expect(cut).to.deep.equal([
      [1, 2],
      [1, 3],
      [2, 1],
      [3, 1]
    ])
    links.heal()
    expect([...links.pairs()].every(([from, to]) => links.link(from, to).lossPpm === 0)).to.equal(true)
  })

  it('of a sample have no gaps, and are the same for the same seed', () => {
    const first = sampleMatrix(matrix, 3, 7)
    const again = sampleMatrix(matrix, 3, 7)
    for (let from = 0; from < 3; from++) {
      for (let to = 0; to < 3; to++) {
        expect(first.rttMs(from, to)).to.equal(again.rttMs(from, to))
        if (from !== to) expect(first.rttMs(from, to)).to.be.greaterThan(0)
      }
    }
  })

  it('cannot be for more peers than the matrix has nodes', () => {
    expect(() => sampleMatrix(matrix, 4, 1)).to.throw(RangeError, 'too few for 4 peers')
  })
})
