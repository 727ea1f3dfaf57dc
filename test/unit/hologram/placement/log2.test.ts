import { createHash } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import { log2Table, negativeLog2 } from '../../../../src/hologram/placement/log2.ts'

const ONE = 2 ** 32

describe('fixed-point logarithm', () => {
  it('matches the table of the specification', () => {
    const table = log2Table()
    expect(table).to.have.length(257)
    table.forEach((entry, i) => expect(entry).to.be.closeTo(Math.log2(1 + i / 256) * ONE, 1))
    const bytes = new DataView(new ArrayBuffer(257 * 8))
    table.forEach((entry, i) => bytes.setBigUint64(i * 8, BigInt(entry)))
    expect(createHash('sha256').update(bytes).digest('hex')).to.equal(
      '16067e1a4475b2c063819085a5e6d7b060e1ae2524cdde43a2678fddb1a5b1f9'
    )
  })

  it('matches the vectors of the specification', () => {
    const vectors = [0, 1, 2, 0x7fffffff, 0x80000000, 0xdeadbeef, 0xfffffffe, 0xffffffff]
    expect(vectors.map((h) => negativeLog2(h))).to.deep.equal([
      141733920768, 134926558663, 131761315537, 4294967298, 4294967295, 864066305, 3, 1
    ])
  })

  it('is within 0.2 % of the exact value, even for u near 1', () => {
    const draws = fc.oneof(
      fc.nat(0xffffffff),
      fc.nat(100000).map((n) => 0xffffffff - n)
    )
    fc.assert(
      fc.property(draws, (h) => {
        // log1p keeps its digits near 1
        const truth = (-Math.log1p(-((2 ** 33 - (2 * h + 1)) / 2 ** 33)) / Math.LN2) * ONE
        expect(Math.abs(negativeLog2(h) - truth)).to.be.at.most(truth * 0.002 + 4)
      })
    )
  })

  it('falls as its argument grows, and stays a positive integer below 2^53', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(0xffffffff), (a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)]
        expect(negativeLog2(low)).to.be.at.least(negativeLog2(high))
        expect(Number.isSafeInteger(negativeLog2(low))).to.equal(true)
        expect(negativeLog2(high)).to.be.at.least(1)
      })
    )
  })
})
