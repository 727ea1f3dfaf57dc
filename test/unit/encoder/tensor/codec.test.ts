import { zstdCompressSync } from 'node:zlib'
import { expect } from 'chai'
import fc from 'fast-check'
import {
  ELEMENT_TYPES,
  MAX_TENSOR_BYTES,
  TensorDecoder,
  decodeTensor,
  elementBytes,
  encodeParameters,
  encodeTensor,
  errorBetween,
  numbersOf,
  tensorOf
} from '../../../../encoder/tensor/index.ts'
import type { Tensor, TensorParameters } from '../../../../encoder/tensor/index.ts'
import { layerLengths, planSteps } from '../../../../encoder/tensor/transform/scales.ts'
import { pseudoRandomBytes } from '../support.ts'
import { anyTensor, drawnPicture, expectSame, readApart, refusal } from './support.ts'

const roundTrip = (tensor: Tensor): Tensor => {
  const { parameters, layers } = encodeTensor(tensor)
  return decodeTensor(parameters, layers)
}

describe('tensor codec', () => {
  it('restores every tensor bit by bit', () => {
    fc.assert(
      fc.property(anyTensor, (tensor) => expectSame(roundTrip(tensor), tensor)),
      { numRuns: 100 }
    )
  })

  it('restores random bits of every type, over several scales', () => {
    for (const type of ELEMENT_TYPES) {
      for (const shape of [[29, 27], [801], [11, 1, 13, 5]]) {
        const count = shape.reduce((product, length) => product * length)
        const tensor: Tensor = {
          type,
          shape,
          order: 'C',
          bytes: pseudoRandomBytes(count * elementBytes(type), 3)
        }
        expect(encodeTensor(tensor).layers.length, type).to.be.at.least(3)
        expectSame(roundTrip(tensor), tensor)
      }
    }
  })

  it('keeps NaN, infinities and signed zeros of floats', () => {
    const special = [NaN, Infinity, -Infinity, 0, -0, 5e-324, -5e-324, 1.7976931348623157e308, 2 ** -1022]
    const doubles = Float64Array.from({ length: 900 }, (_, i) => special[i % special.length])
    new BigUint64Array(doubles.buffer)[7] = 0x7ff0_0000_0000_0001n
    new BigUint64Array(doubles.buffer)[8] = 0xfff8_dead_beef_0001n
    const singles = Float32Array.from(doubles)
    new Uint32Array(singles.buffer)[3] = 0x7f800001
    for (const tensor of [tensorOf(doubles, [30, 30]), tensorOf(singles, [30, 30])]) {
      expectSame(roundTrip(tensor), tensor)
    }
  })

  it('shows the whole shape from any number of layers, with exactly the error that it announces', () => {
    const { parameters, layers } = encodeTensor(drawnPicture(96, 131))
    const original = numbersOf(drawnPicture(96, 131))
    const decoder = new TensorDecoder(parameters)
    let before = Infinity
    for (const layer of layers) {
      decoder.add(layer)
      const partial = decoder.tensor()
      expect(partial.shape).to.deep.equal([96, 131, 3])
      expect(errorBetween(original, numbersOf(partial))).to.deep.equal(decoder.error)
      expect(decoder.error!.rms).to.be.below(before)
      before = decoder.error!.rms
    }
    expect(decoder.isComplete).to.equal(true)
    expect(before).to.equal(0)
  })

  it('announces the error of every type as it is measured', () => {
    fc.assert(
      fc.property(anyTensor, fc.nat(8), (tensor, missing) => {
        const { parameters, layers } = encodeTensor(tensor)
        const kept = layers.slice(0, Math.max(1, layers.length - missing))
        const partial = decodeTensor(parameters, kept)
        expect({ ...partial, bytes: 0 }).to.deep.equal({ ...tensor, bytes: 0 })
        expect(errorBetween(numbersOf(tensor), numbersOf(partial))).to.deep.equal(
          parameters.errors[kept.length - 1]
        )
      }),
      { numRuns: 75 }
    )
  })

  it('estimates the error of large tensors from a sample', () => {
    for (const [side, channels] of [
      [1040, 1],
      [600, 3]
    ]) {
      const bytes = pseudoRandomBytes(side * side * channels, 4)
      for (let at = 0; at < bytes.length; at++) {
        const x = Math.floor(at / channels) % side
        bytes[at] = 64 + 48 * (Math.floor(x / 5) % 3) + (bytes[at] >> 4)
      }
      const tensor = tensorOf(bytes, channels === 1 ? [side, side] : [side, side, channels])
      const { parameters, layers } = encodeTensor(tensor)
      const count = layers.length - 2
      const { rms } = errorBetween(bytes, numbersOf(decodeTensor(parameters, layers.slice(0, count))))
      expect(parameters.errors[count - 1].rms).to.be.within(0.95 * rms, 1.05 * rms)
    }
  })

  it('keeps a preview within the range of its type: white stays white', () => {
    const bytes = new Uint8Array(64 * 64).fill(255)
    for (let i = 0; i < 64; i++) bytes[i * 64 + 31] = 0
    const { parameters, layers } = encodeTensor({ type: 'uint8', shape: [64, 64], order: 'C', bytes })
    const { bytes: preview } = decodeTensor(parameters, layers.slice(0, -1))
    // Beside the black line the coarse words overshoot 255; wrapped round they would be black.
    expect(Math.min(...preview.subarray(0, 24))).to.be.above(230)
    const booleans = encodeTensor({ type: 'bool', shape: [4096], order: 'C', bytes: bytes.map((b) => b & 1) })
    const partial = decodeTensor(booleans.parameters, booleans.layers.slice(0, 2))
    expect([...new Set(partial.bytes)].every((value) => value <= 1)).to.equal(true)
  })

  it('compresses smooth data', () => {
    const tensor = drawnPicture(128, 128)
    const coded = encodeTensor(tensor).layers.reduce((sum, layer) => sum + layer.length, 0)
    expect(coded).to.be.below(0.8 * tensor.bytes.length)
  })

  it('gives every scale the same proportions, and does not halve short axes', () => {
    expect(planSteps([4096, 2048], 0)).to.deep.equal([3, 3, 3, 3, 3, 3, 3, 3])
    expect(planSteps([3, 512, 256], 1)).to.deep.equal([6, 6, 6, 6, 6, 6, 6])
    expect(planSteps([1000, 8], 0).slice(0, 4)).to.deep.equal([1, 1, 1, 1])
    expect(planSteps([], 0)).to.deep.equal([])
    expect(planSteps([0, 7], 0)).to.deep.equal([])
    expect(layerLengths([9, 5], [3, 3])).to.deep.equal([6, 9, 30])
  })

  it('refuses to decode too few or too many layers', () => {
    const { parameters, layers } = encodeTensor(tensorOf(new Uint8Array(500)))
    expect(refusal(() => decodeTensor(parameters, []))).to.equal('CORRUPT')
    expect(refusal(() => decodeTensor(parameters, [...layers, layers[0]]))).to.equal('CORRUPT')
  })

  it('refuses tensors whose parts do not fit', () => {
    const bytes = new Uint8Array(8)
    const tensor = { type: 'uint8', shape: [8], order: 'C', bytes } as const
    expect(refusal(() => encodeTensor({ ...tensor, shape: [7] }))).to.equal('BAD_TENSOR')
    expect(refusal(() => encodeTensor({ ...tensor, shape: [-8] }))).to.equal('BAD_TENSOR')
    expect(refusal(() => encodeTensor({ ...tensor, shape: [2.5] }))).to.equal('BAD_TENSOR')
    expect(refusal(() => encodeTensor({ ...tensor, shape: Array<number>(9).fill(1) }))).to.equal(
      'UNSUPPORTED'
    )
    expect(refusal(() => encodeTensor({ ...tensor, shape: [2 ** 40] }))).to.equal('TOO_LARGE')
    expect(refusal(() => encodeTensor({ ...tensor, type: 'text' as 'uint8' }))).to.equal('BAD_TENSOR')
    expect(refusal(() => tensorOf(new Uint8ClampedArray(3)))).to.equal('UNSUPPORTED')
  })

  const zeros = (count: number): TensorParameters => ({
    version: 2,
    type: 'uint8',
    shape: [count],
    order: 'C',
    components: 1,
    colour: false,
    transform: 'lowpass',
    steps: [],
    codings: ['zstd'],
    errors: [{ rms: 0, peak: 0 }],
    deviation: 0,
    map: 'order',
    digits: 0,
    shifts: [0],
    mask: null,
    restShift: null,
    range: null
  })

  it('decodes a tensor as large as the caller allows, and refuses one a byte larger', () => {
    const layer = zstdCompressSync(new Uint8Array(2 * 1000))
    const decode = (maxBytes: number) => (): void => {
      const decoder = new TensorDecoder(zeros(1000), { maxBytes })
      decoder.add(layer)
      expect(decoder.tensor().bytes).to.deep.equal(new Uint8Array(1000))
    }
    expect(refusal(decode(1000))).to.equal(undefined)
    expect(refusal(decode(999))).to.equal('TOO_LARGE')
    expect(refusal(() => new TensorDecoder(zeros(MAX_TENSOR_BYTES + 1)))).to.equal('TOO_LARGE')
  })

  it('uses a few times the size of the tensor in memory, even for small layers', async () => {
    const sizeMiB = 64
    const parameters = encodeParameters(zeros(sizeMiB * 2 ** 20))
    const layer = zstdCompressSync(new Uint8Array(2 * sizeMiB * 2 ** 20))
    const input = Buffer.concat([parameters, layer])
    const { length } = parameters
    const { shape, growthMiB } = await readApart(
      `decodeTensor(decodeParameters(input.subarray(0, ${length})), [input.subarray(${length})])`,
      input
    )
    expect(shape).to.deep.equal([sizeMiB * 2 ** 20])
    // Twice as planes of bytes and twice as words of 16 bits; a decoder that copied them once more would fail.
    // No lower bound: the system may take pages back that lie idle.
    expect(growthMiB).to.be.at.most(5.5 * sizeMiB)
  }).timeout(60_000)
})
