import * as dagCbor from '@ipld/dag-cbor'
import { expect } from 'chai'
import fc from 'fast-check'
import { shapeFault } from '../../../protocols/cbor-shape.ts'

describe('shape of dag-cbor', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])
  const fault = (value: unknown, maxItems = 1000, maxDepth = 10) =>
    shapeFault(dagCbor.encode(value), { maxItems, maxDepth })

  it('counts items, the keys of maps among them', () => {
    expect(fault([1, 2, 3], 4)).to.equal(undefined)
    expect(fault([1, 2, 3], 3)).to.contain('3 items')
    expect(fault({ a: 1, b: [2] }, 6)).to.equal(undefined)
    expect(fault({ a: 1, b: [2] }, 5)).to.contain('5 items')
  })

  it('counts lists and maps within each other', () => {
    expect(fault(nested(4), 100, 4)).to.equal(undefined)
    expect(fault(nested(5), 100, 4)).to.contain('4 deep')
    expect(fault({ a: { b: {} } }, 100, 3)).to.equal(undefined)
    expect(fault({ a: { b: {} } }, 100, 2)).to.contain('2 deep')
  })

  it('accepts exactly the output of an encoder', () => {
    const value = fc.jsonValue({ maxDepth: 4 })
    fc.assert(
      fc.property(value, fc.nat(), (one, at) => {
        const bytes = dagCbor.encode(one)
        const limits = { maxItems: 1e6, maxDepth: 100 }
        expect(shapeFault(bytes, limits)).to.equal(undefined)
        expect(shapeFault(bytes.subarray(0, at % bytes.length), limits)).to.be.a('string')
        expect(shapeFault(Buffer.concat([bytes, Uint8Array.of(0)]), limits)).to.contain('behind')
      })
    )
  })

  it('refuses impossible lengths at once', () => {
    const limits = { maxItems: 10, maxDepth: 10 }
    for (const head of [0x5b, 0x7b, 0x9b, 0xbb]) {
      const bytes = new Uint8Array(100).fill(0xff)
      bytes[0] = head
      expect(shapeFault(bytes, limits)).to.be.a('string')
    }
  })
})
