import { expect } from 'chai'
import fc from 'fast-check'
import { Layout, segmentBlockBytes } from '../../../../src/hologram/records/layout.ts'
import { codeOf } from '../support.ts'
import type { Layer } from '../../../../src/hologram/records/manifest.ts'

/** All segments as docs/reference/protocols.md defines them: cut, from the front, layer by layer. */
function segmentsByDefinition(blockBytes: number, layers: readonly Layer[]) {
  const segments = []
  let offset = 0
  for (const [layer, { k, length }] of layers.entries()) {
    for (let left = length, indexInLayer = 0; left > 0; indexInLayer++) {
      const taken = Math.min(left, k * blockBytes)
      let block = 0
      while (block * k < taken) block += 64
      segments.push({
        index: segments.length,
        layer,
        indexInLayer,
        k,
        offset,
        length: taken,
        blockBytes: block
      })
      offset += taken
      left -= taken
    }
  }
  return segments
}

const geometry = fc
  .record({
    blockBytes: fc.integer({ min: 1, max: 6 }).map((units) => units * 64),
    layers: fc.array(
      fc.record({ k: fc.integer({ min: 1, max: 9 }), length: fc.integer({ min: 0, max: 6000 }) }),
      { minLength: 1, maxLength: 5 }
    )
  })
  .map(({ blockBytes, layers }) => ({ blockBytes, layers: [...layers].sort((a, b) => a.k - b.k) }))

describe('layout', () => {
  it('pairs segments of a layer whose blocks are of one size', () => {
    const pairs = (layers: Layer[]): Array<number | undefined> => {
      const layout = new Layout({ blockBytes: 128, layers })
      return Array.from({ length: layout.segments }, (_, index) => layout.pairOf(index))
    }
    expect(pairs([{ k: 2, length: 256 }])).to.deep.equal([undefined])
    expect(pairs([{ k: 2, length: 4 * 256 }])).to.deep.equal([0, 0, 2, 2])
    // Its last blocks are shorter.
    expect(pairs([{ k: 2, length: 3 * 256 + 1 }])).to.deep.equal([0, 0, undefined, undefined])
    // Its last blocks are padded to the size of the others.
    expect(pairs([{ k: 2, length: 3 * 256 + 200 }])).to.deep.equal([0, 0, 2, 2])
    expect(
      pairs([
        { k: 2, length: 3 * 256 },
        { k: 2, length: 2 * 256 }
      ])
    ).to.deep.equal([0, 0, undefined, 3, 3])
  })

  it('cuts as the specification says, at every size around a boundary', () => {
    const block = 256
    for (const k of [1, 2, 3, 5, 7, 8]) {
      const segment = k * block
      const sizes = [0, 1, 63, 64, 65, block - 1, block, block + 1]
      for (const around of [segment, 2 * segment, 7 * segment]) sizes.push(around - 1, around, around + 1)
      for (const length of sizes) {
        const layers = [{ k, length }]
        const layout = new Layout({ blockBytes: block, layers })
        const expected = segmentsByDefinition(block, layers)
        const found = Array.from({ length: layout.segments }, (_, index) => layout.segment(index))
        expect(found, `k=${k} length=${length}`).to.deep.equal(expected)
      }
    }
  })

  it('cuts several layers as the specification says', () => {
    fc.assert(
      fc.property(geometry, ({ blockBytes, layers }) => {
        const layout = new Layout({ blockBytes, layers })
        const expected = segmentsByDefinition(blockBytes, layers)
        expect(layout.segments).to.equal(expected.length)
        expect(layout.size).to.equal(layers.reduce((sum, { length }) => sum + length, 0))
        expect(layout.shardBytes).to.equal(expected.reduce((sum, segment) => sum + segment.blockBytes, 0))
        for (const segment of expected) {
          expect(layout.segment(segment.index)).to.deep.equal(segment)
          expect(layout.indexOf(segment.layer, segment.indexInLayer)).to.equal(segment.index)
          expect(layout.blockBytesAt(segment.index)).to.equal(segment.blockBytes)
        }
      })
    )
  })

  it('fits a segment into k blocks, with less than 64 bytes of padding in each', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 256 }), fc.integer({ min: 1, max: 256 * 65536 }), (k, length) => {
        const block = segmentBlockBytes(length, k)
        expect(block % 64).to.equal(0)
        expect(block * k).to.be.at.least(length)
        expect((block - 64) * k).to.be.below(length)
      })
    )
  })

  it('finds the segments of any range of bytes', () => {
    fc.assert(
      fc.property(geometry, fc.nat(30000), fc.nat(30000), ({ blockBytes, layers }, a, b) => {
        const layout = new Layout({ blockBytes, layers })
        const [start, end] = [Math.min(a, b, layout.size), Math.min(Math.max(a, b), layout.size)]
        const touched = segmentsByDefinition(blockBytes, layers)
          .filter(({ offset, length }) => offset < end && offset + length > start && start < end)
          .map(({ index }) => index)
        const range = layout.segmentsOf(start, end)
        const found = Array.from({ length: range.end - range.first }, (_, i) => range.first + i)
        expect(found).to.deep.equal(touched)
      })
    )
  })

  it('stays exact for an object of 2^53 bytes', () => {
    const length = Number.MAX_SAFE_INTEGER
    const layout = new Layout({ blockBytes: 65536, layers: [{ k: 3, length }] })
    const last = layout.segment(layout.segments - 1)
    expect(last.offset + last.length).to.equal(length)
    expect(layout.segmentAt(length - 1)).to.deep.equal(last)
  })

  it('refuses ranges outside the object', async () => {
    const layout = new Layout({ blockBytes: 64, layers: [{ k: 2, length: 300 }] })
    for (const index of [-1, 3, 0.5]) expect(() => layout.segment(index)).to.throw(RangeError)
    for (const offset of [-1, 300, 0.5]) expect(() => layout.segmentAt(offset)).to.throw(RangeError)
    expect(() => layout.indexOf(1, 0)).to.throw(RangeError)
    expect(() => layout.indexOf(0, 3)).to.throw(RangeError)
    for (const [start, end] of [
      [-1, 1],
      [2, 1],
      [0, 301],
      [0.5, 1]
    ]) {
      expect(await codeOf(() => layout.segmentsOf(start, end))).to.equal('BAD_RANGE')
    }
  })
})
