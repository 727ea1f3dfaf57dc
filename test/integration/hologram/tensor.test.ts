import { expect } from 'chai'
import {
  choosePriorities,
  decodeTensor,
  encodeTensor,
  layerFidelities
} from '../../../encoder/tensor/index.ts'
import type { EncodedTensor, Tensor } from '../../../encoder/tensor/index.ts'
import { drawnPicture } from '../../unit/encoder/tensor/support.ts'
import type { TensorForm } from '../../../src/hologram/index.ts'
import { chunked, Cluster, collect } from '../../support/cluster.ts'

const N = 9
const K = 6

describe('hologram: tensors', () => {
  let cluster: Cluster

  before(async () => {
    cluster = await Cluster.start(N + 1, { k: K, n: N })
  })

  after(async () => cluster.stop())

  interface Prepared extends EncodedTensor {
    readonly bytes: Uint8Array
    readonly form: TensorForm
  }

  const prepared = (tensor: Tensor): Prepared => {
    const { parameters, layers } = encodeTensor(tensor)
    const lengths = layers.map((layer) => layer.length)
    const { k } = choosePriorities({ lengths, fidelities: layerFidelities(parameters), n: N, k: K })
    const form = {
      layers: lengths.map((length, layer) => ({ k: k[layer], length })),
      parameters: Uint8Array.of(1, 2, 3)
    }
    return { parameters, layers, bytes: Buffer.concat(layers), form }
  }

  const blocksHandedOut = (): number =>
    cluster.peers.reduce((sum, { hologram }) => sum + hologram.stats.blocksOut, 0)

  it('are read layer by layer, and only the blocks of the requested layers are fetched', async () => {
    const { bytes, form, layers } = prepared(drawnPicture(400, 500))
    const [putter, reader] = cluster.peers
    const { cid, manifest } = await putter.hologram.put(chunked(bytes), { tensor: form })
    expect(manifest).to.deep.include({ kind: 'tensor', layers: form.layers, tensor: form.parameters })
    expect(Buffer.compare(await collect((await reader.hologram.get(cid)).bytes), bytes)).to.equal(0)

    const before = blocksHandedOut()
    const coarse = await collect(
      (await reader.hologram.get(cid, { range: { start: 0, end: layers[0].length } })).bytes
    )
    expect(Buffer.compare(coarse, layers[0])).to.equal(0)
    // One segment of k blocks; a late holder may have been hedged.
    expect(blocksHandedOut() - before).to.be.within(0, 2 * form.layers[0].k)
    const some = await collect((await cluster.peers[2].hologram.get(cid, { layers: [0, 2] })).bytes)
    expect(Buffer.compare(some, Buffer.concat([layers[0], layers[2]]))).to.equal(0)
  })

  it('are kept in their manifest with all layers when they are small', async () => {
    const { bytes, form, layers } = prepared(drawnPicture(40, 40))
    const { cid, manifest } = await cluster.peers[0].hologram.put(chunked(bytes), { tensor: form })
    expect(manifest.inline?.byteLength).to.equal(bytes.length)
    expect(manifest.layers).to.deep.equal(form.layers.map(({ length }) => ({ k: 1, length })))
    const { hologram } = cluster.peers[3]
    expect(Buffer.compare(await collect((await hologram.get(cid)).bytes), bytes)).to.equal(0)
    expect(
      Buffer.compare(await collect((await hologram.get(cid, { layers: [1] })).bytes), layers[1])
    ).to.equal(0)
  })

  it('are refused when the bytes do not match the layers', async () => {
    const { bytes, form } = prepared(drawnPicture(300, 300))
    for (const other of [bytes.subarray(1), Buffer.concat([bytes, Uint8Array.of(0)])]) {
      const put = cluster.peers[0].hologram.put(chunked(other), { tensor: form })
      expect(await put.catch((thrown: unknown) => thrown)).to.include({ code: 'BAD_CODE_PARAMETERS' })
    }
  })

  it('are readable coarsely from the few shards that are left', async () => {
    const picture = drawnPicture(420, 420)
    const { bytes, form, layers, parameters } = prepared(picture)
    const reader = cluster.peers[0]
    const { cid, stored } = await reader.hologram.put(chunked(bytes), { tensor: form })
    const holders = stored.filter(({ peer }) => !peer.equals(reader.mesh.self)).map(({ peer }) => peer)
    const live = 4
    const left = stored.length - holders.length
    for (const peer of holders.slice(live - left)) {
      await cluster.peers.find(({ mesh }) => mesh.self.equals(peer))!.kill()
    }
    const readable = form.layers.filter(({ k }) => k <= live).length
    expect(readable).to.be.within(1, layers.length - 1)
    const end = form.layers.slice(0, readable).reduce((sum, { length }) => sum + length, 0)
    const read = await collect((await reader.hologram.get(cid, { range: { start: 0, end } })).bytes)
    let at = 0
    const coarse = form.layers.slice(0, readable).map(({ length }) => read.subarray(at, (at += length)))
    expect(decodeTensor(parameters, coarse).shape).to.deep.equal(picture.shape)
    const whole = collect((await reader.hologram.get(cid)).bytes)
    expect(await whole.catch((thrown: unknown) => thrown)).to.include({ code: 'NOT_ENOUGH_SHARDS' })
  })
})
