import { expect } from 'chai'
import fc from 'fast-check'
import { layerSegmenter } from '../../../../../src/hologram/client/put/segmenter.ts'
import type { SegmentBytes } from '../../../../../src/hologram/client/put/segmenter.ts'
import { planPut } from '../../../../../src/hologram/client/put/put-plan.ts'
import { layerKey } from '../../../../../src/seal/index.ts'
import { Layout } from '../../../../../src/hologram/index.ts'
import type { Layer } from '../../../../../src/hologram/index.ts'

const BLOCK = 256

describe('layers of a tensor', () => {
  const cut = async (
    layers: readonly Layer[],
    bytes: Uint8Array,
    pieceBytes: number
  ): Promise<SegmentBytes[]> => {
    const segments: SegmentBytes[] = []
    const source = (async function* () {
      for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
    })()
    for await (const segment of layerSegmenter(layers, BLOCK)(source)) segments.push(segment)
    return segments
  }

  it('are cut as the layout says, however the stream is chopped', async () => {
    const anyLayers = fc.array(
      fc.record({ k: fc.integer({ min: 1, max: 5 }), length: fc.integer({ min: 1, max: 3000 }) }),
      {
        minLength: 1,
        maxLength: 5
      }
    )
    await fc.assert(
      fc.asyncProperty(anyLayers, fc.integer({ min: 1, max: 900 }), async (layers, pieceBytes) => {
        const layout = new Layout({ blockBytes: BLOCK, layers })
        const bytes = Uint8Array.from({ length: layout.size }, (_, i) => i * 7)
        const segments = await cut(layers, bytes, pieceBytes)
        expect(segments).to.have.length(layout.segments)
        segments.forEach((segment, index) => {
          const { k, offset, length, blockBytes } = layout.segment(index)
          expect(segment).to.include({ k, length, blockBytes })
          expect(
            Buffer.compare(segment.data.subarray(0, length), bytes.subarray(offset, offset + length))
          ).to.equal(0)
        })
      })
    )
  })

  it('are refused when the stream has more or fewer bytes', async () => {
    const layers = [
      { k: 1, length: 10 },
      { k: 2, length: 1000 }
    ]
    for (const size of [0, 9, 10, 1009, 1011]) {
      const error = await cut(layers, new Uint8Array(size), 64).catch((thrown: unknown) => thrown)
      expect(error, String(size)).to.include({ code: 'BAD_CODE_PARAMETERS' })
    }
    expect(await cut([{ k: 1, length: 0 }], new Uint8Array(), 1)).to.have.length(1)
  })

  it('decide the code of the object, and are refused when no manifest may have them', () => {
    const settings = { k: 5, n: 8, blockBytes: 262_144 }
    const parameters = new Uint8Array(10)
    const layers = [
      { k: 2, length: 10 },
      { k: 4, length: 20 }
    ]
    expect(planPut({ tensor: { layers, parameters } }, settings)).to.include({ k: 4, n: 8, margin: 2 })
    for (const wrong of [
      { k: 5, tensor: { layers, parameters } },
      { n: 3, tensor: { layers, parameters } },
      { tensor: { layers: layers.toReversed(), parameters } },
      { tensor: { layers: [], parameters } },
      { tensor: { layers: Array<Layer>(65).fill({ k: 1, length: 1 }), parameters } },
      { tensor: { layers: [{ k: 0, length: 1 }], parameters } },
      { tensor: { layers: [...layers, { k: 4, length: 0 }], parameters } },
      { tensor: { layers, parameters: new Uint8Array(7000) } }
    ]) {
      expect(() => planPut(wrong, settings))
        .to.throw()
        .with.property('code', 'BAD_CODE_PARAMETERS')
    }
  })

  it('have their own keys, the same for the same object', async () => {
    const key = new Uint8Array(32).fill(1)
    const parts = [0, 1, 2, 'parameters'] as const
    const derived = await Promise.all(parts.map(async (part) => await layerKey(key, part)))
    const keys = derived.map((one) => Buffer.from(one).toString('hex'))
    expect(new Set(keys).size).to.equal(4)
    // RFC 5869 by another implementation (Python's hmac and hashlib).
    expect(keys[0]).to.equal('17a4515b4dfc4a3b5757be3f76d258dc5a32369a1faba3ec06486b9727fca366')
  })
})
