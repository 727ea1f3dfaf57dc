import { expect } from 'chai'
import fc from 'fast-check'
import { RowCodec, createWasmBackend } from '../../../../encoder/index.ts'
import {
  boundaryBytes,
  choosePriorities,
  decodeTensor,
  encodeTensor,
  layerFidelities,
  recoveredBytes,
  shardBytes,
  sliceBytes,
  wedgeBytes
} from '../../../../encoder/tensor/index.ts'
import type { LayerCode, TensorParameters } from '../../../../encoder/tensor/index.ts'
import { pseudoRandomRows } from '../support.ts'
import { anyTensor, drawnPicture, expectSame } from './support.ts'

const N = 12
/** The one layer of a tensor without elements: it needs no shards. */
const EMPTY: SlicedLayer = { k: 1, length: 0, slices: [] }
const codec = new RowCodec(createWasmBackend())

/** A layer over n shards: one slice for each, small enough here to be one segment. */
interface SlicedLayer extends LayerCode {
  readonly slices: readonly Uint8Array[]
}

function slice(layer: Uint8Array, k: number): SlicedLayer {
  if (layer.length === 0) return EMPTY
  const blockBytes = sliceBytes({ k, length: layer.length })
  const data = new Uint8Array(k * blockBytes)
  data.set(layer)
  const parity = codec.encode({ k, n: N, blockBytes }, data)
  const rows = Buffer.concat([data, parity])
  const slices = Array.from({ length: N }, (_, row) =>
    rows.subarray(row * blockBytes, (row + 1) * blockBytes)
  )
  return { k, length: layer.length, slices }
}

/** The layer from the slices of some shards. */
function restore({ k, length, slices }: SlicedLayer, live: readonly number[]): Uint8Array {
  if (length === 0) return new Uint8Array()
  const have = live.slice(0, k)
  const blockBytes = slices[0].length
  const want = Array.from({ length: k }, (_, row) => row)
  const blocks = Buffer.concat(have.map((row) => slices[row]))
  return codec.reconstruct({ k, n: N, blockBytes }, have, blocks, want).subarray(0, length)
}

interface Hologram {
  readonly parameters: TensorParameters
  readonly layers: readonly SlicedLayer[]
}

const hologramOf = (tensor: Parameters<typeof encodeTensor>[0], k = 8): Hologram => {
  const { parameters, layers } = encodeTensor(tensor)
  const lengths = layers.map((layer) => layer.length)
  const priorities = choosePriorities({ lengths, fidelities: layerFidelities(parameters), n: N, k })
  return { parameters, layers: layers.map((layer, index) => slice(layer, priorities.k[index])) }
}

const readable = ({ layers }: Hologram, live: readonly number[]): Uint8Array[] =>
  layers.filter(({ k }) => k <= live.length).map((layer) => restore(layer, live))

describe('a tensor over shards', () => {
  const picture = drawnPicture(160, 200)
  const hologram = hologramOf(picture)

  it('is shown by any shards that suffice for a layer, and better by more shards', () => {
    const { parameters, layers } = hologram
    expect(layers[0].k).to.be.at.most(2)
    let best = 0
    for (let live = layers[0].k; live <= N; live++) {
      const shards = pseudoRandomRows(N, live, live)
      const found = readable(hologram, shards)
      const partial = decodeTensor(parameters, found)
      expect(partial.shape).to.deep.equal(picture.shape)
      const fidelity = layerFidelities(parameters)[found.length - 1]
      expect(fidelity).to.be.at.least(best)
      best = fidelity
      if (live >= 8) expectSame(partial, picture)
    }
    expect(best).to.equal(1)
  })

  it('is restored bit by bit from any k shards, for any type and shape', () => {
    fc.assert(
      fc.property(anyTensor, fc.integer({ min: 1, max: N }), fc.nat(), (tensor, k, seed) => {
        const made = hologramOf(tensor, k)
        const live = pseudoRandomRows(N, k, seed)
        expectSame(decodeTensor(made.parameters, readable(made, live)), tensor)
      }),
      { numRuns: 60 }
    )
  })

  it('restores from j shards at most the wedge bound, and all of it when the bound is tight', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ k: fc.integer({ min: 1, max: N }), length: fc.integer({ min: 1, max: 300_000 }) }),
          {
            minLength: 1,
            maxLength: 6
          }
        ),
        fc.nat(N),
        (layers, live) => {
          const recovered = recoveredBytes(layers, live)
          const wedge = wedgeBytes(layers, live)
          expect(recovered).to.be.at.most(wedge)
          expect(wedge).to.be.at.most(boundaryBytes(layers, live))
          const isTight = layers.every(({ k }) => k <= live || live === 0)
          expect(recovered === wedge).to.equal(isTight)
        }
      ),
      { numRuns: 300 }
    )
  })

  it('fills the boundary exactly when every layer needs all live shards, without padding', () => {
    const layers = [2, 2, 3].map((blocks) => ({ k: 4, length: 4 * 64 * blocks }))
    expect(recoveredBytes(layers, 4)).to.equal(boundaryBytes(layers, 4))
    expect(recoveredBytes(layers, 5)).to.be.below(boundaryBytes(layers, 5))
  })

  it('recovers what the formula predicts, from shards of the predicted size', () => {
    const { layers } = hologram
    for (let live = 0; live <= N; live++) {
      const bytes = readable(hologram, pseudoRandomRows(N, live, 9)).reduce(
        (sum, { length }) => sum + length,
        0
      )
      expect(bytes).to.equal(recoveredBytes(layers, live))
    }
    expect(layers.reduce((sum, { slices }) => sum + slices[0].length, 0)).to.equal(shardBytes(layers))
  })
})
