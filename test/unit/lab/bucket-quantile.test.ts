import { expect } from 'chai'
import { bucketQuantile } from '../../../testnet/lab/scenarios/gossip.ts'

describe('a quantile of a histogram', () => {
  const buckets = new Map([
    [0.1, 10],
    [0.2, 20],
    [0.4, 20],
    [Infinity, 20]
  ])

  it('lies within its bucket', () => {
    expect(bucketQuantile(buckets, 0.5)).to.be.closeTo(0.1, 1e-9)
    expect(bucketQuantile(buckets, 0.75)).to.be.closeTo(0.15, 1e-9)
  })

  it('of what is beyond the last bucket is its lower end', () => {
    expect(
      bucketQuantile(
        new Map([
          [1, 0],
          [Infinity, 3]
        ]),
        0.5
      )
    ).to.equal(1)
  })

  it('of nothing is not a number', () => {
    expect(
      bucketQuantile(
        new Map([
          [1, 0],
          [Infinity, 0]
        ]),
        0.5
      )
    ).to.satisfy(Number.isNaN)
  })
})
