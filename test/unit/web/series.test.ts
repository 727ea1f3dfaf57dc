import { expect } from 'chai'
import { levelOf, lineOf, rateOf } from '../../../web/src/series.ts'

const sample = (atMs: number, takenBytes: number, heat = 0) => ({
  ...{ atMs, takenBytes, heat, givenBytes: 0, usedBytes: 0, livePeers: 1 }
})

describe('web page: series', () => {
  it('are rates between samples; a count that began anew is no rate', () => {
    const samples = [sample(0, 100), sample(10_000, 1_100), sample(20_000, 50), sample(30_000, 50)]
    expect(rateOf(samples, 'takenBytes').map(({ value }) => value)).to.deep.equal([100, 0, 0])
    expect(rateOf([sample(0, 1)], 'takenBytes')).to.deep.equal([])
  })

  it('are drawn from edge to edge, and never beyond', () => {
    const points = levelOf([sample(0, 0, 0), sample(5, 0, 0.5), sample(10, 0, 7)], ({ heat }) => heat)
    expect(lineOf(points, 300, 80, 1)).to.equal('0.0,80.0 150.0,40.0 300.0,0.0')
    expect(lineOf([], 300, 80, 1)).to.equal('')
    expect(lineOf([{ atMs: 3, value: 1 }], 300, 80, 2)).to.equal('300.0,40.0')
  })
})
