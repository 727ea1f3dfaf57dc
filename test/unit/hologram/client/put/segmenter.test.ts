import { expect } from 'chai'
import fc from 'fast-check'
import { segmenter } from '../../../../../src/hologram/client/put/segmenter.ts'
import type { SegmentBytes } from '../../../../../src/hologram/client/put/segmenter.ts'
import { Layout } from '../../../../../src/hologram/index.ts'

const BLOCK = 256

describe('cutting a stream into segments', () => {
  const cut = async (k: number, chunks: Uint8Array[]): Promise<SegmentBytes[]> => {
    const segments: SegmentBytes[] = []
    const source = (async function* () {
      yield* chunks
    })()
    for await (const segment of segmenter(k, BLOCK)(source)) segments.push(segment)
    return segments
  }

  it('follows the layout for any size, however the stream is chopped', async () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 3 * BLOCK }), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), chunks, async (k, pieces) => {
        const bytes = Buffer.concat(pieces)
        const segments = await cut(k, pieces)
        if (bytes.length === 0) {
          expect(segments.map(({ length }) => length)).to.deep.equal([0])
          return
        }
        const layout = new Layout({ blockBytes: BLOCK, layers: [{ k, length: bytes.length }] })
        expect(segments).to.have.length(layout.segments)
        segments.forEach((segment, index) => {
          const { offset, length, blockBytes } = layout.segment(index)
          expect(segment).to.include({ k, length, blockBytes })
          expect(segment.data.byteLength).to.equal(k * blockBytes)
          expect(segment.data.buffer.byteLength).to.equal(k * blockBytes)
          expect(
            Buffer.compare(segment.data.subarray(0, length), bytes.subarray(offset, offset + length))
          ).to.equal(0)
          expect(segment.data.subarray(length).every((byte) => byte === 0)).to.equal(true)
        })
      })
    )
  })

  it('closes its source when its consumer leaves', async () => {
    let closed = false
    const source = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield new Uint8Array(BLOCK)
      } finally {
        closed = true
      }
    }
    const segments = segmenter(2, BLOCK)(source())
    await segments.next()
    await segments.return(undefined)
    expect(closed).to.equal(true)
  })
})
