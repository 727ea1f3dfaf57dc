import { expect } from 'chai'
import fc from 'fast-check'
import {
  TensorDecoder,
  choosePriorities,
  decodeTensor,
  elementBytes,
  elementCount,
  encodeTensor,
  errorBetween,
  layerFidelities,
  numbersOf,
  planLayers,
  rangeOf,
  tensorOf
} from '../../../../encoder/tensor/index.ts'
import type { EncodedTensor, Tensor } from '../../../../encoder/tensor/index.ts'
import { codeLayer } from '../../../../encoder/tensor/coding/layer-coding.ts'
import { numberToHalf } from '../../../../encoder/tensor/half.ts'
import { planSteps } from '../../../../encoder/tensor/transform/scales.ts'
import { TRANSFORM_KINDS, analyse } from '../../../../encoder/tensor/transform/transform.ts'
import { toWords } from '../../../../encoder/tensor/transform/words.ts'
import { pseudoRandomBytes } from '../support.ts'
import { expectSame } from './support.ts'

const FLOATS = ['float16', 'float32', 'float64', 'complex64', 'complex128'] as const
type FloatType = (typeof FLOATS)[number]

/** A tensor of floats from numbers, rounded to the type. */
const floats = (type: FloatType, shape: readonly number[], numbers: ArrayLike<number>): Tensor => {
  const array =
    type === 'float16'
      ? Uint16Array.from(numbers, numberToHalf)
      : type === 'float32' || type === 'complex64'
        ? Float32Array.from(numbers)
        : Float64Array.from(numbers)
  return tensorOf(array, shape, type)
}

const uniform = (count: number, seed: number): Float64Array => {
  const bits = new Uint32Array(pseudoRandomBytes(4 * count, seed).buffer as ArrayBuffer)
  return Float64Array.from(bits, (word) => word / 2 ** 31 - 1)
}

/** Nearly normal numbers of variance 1. */
const normal = (count: number, seed: number): Float64Array => {
  const parts = uniform(12 * count, seed)
  return Float64Array.from({ length: count }, (_, i) => {
    return parts.subarray(12 * i, 12 * i + 12).reduce((sum, part) => sum + part, 0) / 2
  })
}

const plane = (rows: number, columns: number, at: (y: number, x: number) => number): Float64Array =>
  Float64Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns))

/** Fidelity that each number of live shards of 12 gives, 8 for the whole. */
const fidelities = ({ parameters, layers }: EncodedTensor): number[] => {
  const known = layerFidelities(parameters)
  const { k } = choosePriorities({
    lengths: layers.map(({ length }) => length),
    fidelities: known,
    n: 12,
    k: 8
  })
  return Array.from({ length: 13 }, (_, live) => known[k.filter((needed) => needed <= live).length - 1] ?? 0)
}

/** The first of `fidelities` that is above 0. */
const fromFewest = (encoded: EncodedTensor): number => fidelities(encoded).find((one) => one > 0)!

const SPECIAL = [NaN, Infinity, -Infinity, 0, -0]

/** Fields as they occur: waves, noise, counts, tenths, sparse, of any magnitude, with what is no number here and there. */
const anyField: fc.Arbitrary<Tensor> = fc
  .record({
    type: fc.constantFrom(...FLOATS),
    shape: fc.oneof(
      fc.constantFrom([], [0], [1], [3, 0, 5], [2], [127], [1031], [1, 1, 1, 1, 1]),
      fc.constantFrom([37, 31], [29, 5, 7], [3, 5, 7, 11], [3, 5, 4, 2, 7], [1, 1501])
    ),
    kind: fc.constantFrom('waves', 'noise', 'counts', 'tenths', 'sparse', 'bits', 'wide'),
    exponent: fc.integer({ min: -1080, max: 1020 }),
    special: fc.constantFrom(0, 0, 0.01, 0.3, 1),
    order: fc.constantFrom<'C' | 'F'>('C', 'F'),
    seed: fc.nat()
  })
  .map(({ type, shape, kind, exponent, special, order, seed }) => {
    const count = elementCount(shape) * (type.startsWith('complex') ? 2 : 1)
    if (kind === 'bits') {
      const bytes = pseudoRandomBytes(elementCount(shape) * elementBytes(type), seed)
      return { type, shape, order, bytes }
    }
    const random = uniform(2 * count, seed)
    const limit = type === 'float16' ? 14 : type.endsWith('64') && type.startsWith('c') ? 126 : 1020
    const scale = 2 ** Math.max(-limit - 60, Math.min(limit, exponent))
    const numbers = Float64Array.from({ length: count }, (_, i) => {
      const spot = random[count + i]
      if ((spot + 1) / 2 < special) return SPECIAL[Math.floor((1e6 * (spot + 1)) % SPECIAL.length)]
      switch (kind) {
        case 'waves':
          return scale * Math.sin(i / 37) * Math.cos(i / 1009)
        case 'counts':
          return Math.round(200 * random[i])
        case 'tenths':
          return Math.round(300 * Math.sin(i / 50)) / 10
        case 'sparse':
          return spot > 0.9 ? scale * random[i] : 0
        case 'wide':
          return random[i] * 2 ** Math.floor(12 * spot)
        default:
          return scale * random[i]
      }
    })
    return { ...floats(type, shape, numbers), order }
  })

describe('tensors of real numbers', () => {
  it('are restored bit by bit, for any bits', () => {
    fc.assert(
      fc.property(anyField, (tensor) => {
        const { parameters, layers } = encodeTensor(tensor)
        expectSame(decodeTensor(parameters, layers), tensor)
      }),
      { numRuns: 30 }
    )
  }).timeout(300_000)

  it('show exactly the announced error from any number of layers, and never more than their range', () => {
    fc.assert(
      fc.property(anyField, (tensor) => {
        const { parameters, layers } = encodeTensor(tensor)
        const numbers = numbersOf(tensor)
        const { least, greatest } = rangeOf(numbers)
        expect(parameters.range).to.deep.equal({ least, greatest })
        const decoder = new TensorDecoder(parameters)
        for (const layer of layers) {
          decoder.add(layer)
          const shown = numbersOf(decoder.tensor())
          const error = errorBetween(numbers, shown)
          expect(error).to.deep.equal(decoder.error)
          expect(error.peak <= greatest - least).to.equal(true)
          for (let i = 0; i < shown.length; i++) {
            if (Number.isFinite(numbers[i])) expect(shown[i] >= least && shown[i] <= greatest).to.equal(true)
          }
        }
      }),
      { numRuns: 15 }
    )
  }).timeout(300_000)

  it('are shown by few shards where they cross zero', () => {
    const waves = plane(128, 160, (y, x) => Math.sin(x / 40) * Math.cos(y / 30))
    for (const type of ['float32', 'float64'] as const) {
      expect(fromFewest(encodeTensor(floats(type, [128, 160], waves))), type).to.be.above(0.85)
    }
    // Of 11 bits the order of the words is often shorter: then it takes more shards.
    expect(fidelities(encodeTensor(floats('float16', [128, 160], waves)))[5]).to.be.above(0.9)
    const spirals = Float64Array.from({ length: 2 * 128 * 80 }, (_, i) => {
      const angle = ((i >> 1) % 80) / 20 + (i >> 1) / 80 / 25
      return i % 2 === 0 ? Math.cos(angle) : Math.sin(angle)
    })
    for (const type of ['complex64', 'complex128'] as const) {
      expect(fromFewest(encodeTensor(floats(type, [128, 80], spirals))), type).to.be.above(0.8)
    }
  }).timeout(60_000)

  it('have deferred bits where neighbours predict nothing', () => {
    const encoded = encodeTensor(floats('float32', [200, 250], normal(50_000, 8)))
    expect(encoded.parameters.shifts.length).to.be.above(2)
    expect(encoded.parameters.steps).to.deep.equal([])
    expect(fidelities(encoded)[4]).to.be.above(0.6)
  }).timeout(60_000)

  it('are stored as tenths when they are tenths, and as whole numbers when they are whole', () => {
    const celsius = plane(80, 100, (y, x) => 8 * Math.sin(x / 9) * Math.cos(y / 7) - 1)
    const tenths = encodeTensor(
      floats(
        'float32',
        [80, 100],
        celsius.map((t) => Math.round(10 * t) / 10)
      )
    )
    expect(tenths.parameters).to.include({ map: 'decimal', digits: 1 })
    const whole = encodeTensor(
      floats(
        'float64',
        [80, 100],
        celsius.map((t) => Math.round(50 * t) + 0)
      )
    )
    expect(whole.parameters).to.include({ map: 'binary', digits: 0, restShift: null })
  })

  it('have a mask for NaN and infinities, and show them as soon as the mask is read', () => {
    const field = plane(90, 110, (y, x) => (x + y > 120 ? NaN : Math.sin(x / 20) + Math.cos(y / 15)))
    field[5] = Infinity
    field[6] = -Infinity
    const tensor = floats('float64', [90, 110], field)
    // Other NaNs, of which each has bits of its own.
    const bits = new BigUint64Array(tensor.bytes.buffer)
    bits[9899] = 0xfff8_dead_beef_0001n
    bits[9898] = 0x7ff0_0000_0000_0001n
    const { parameters, layers } = encodeTensor(tensor)
    const { mask } = parameters
    expect(mask!.share).to.be.closeTo(field.filter((number) => !Number.isFinite(number)).length / 9900, 1e-12)
    expect(planLayers(parameters)[mask!.after].role.kind).to.equal('mask')
    const shown = numbersOf(decodeTensor(parameters, layers.slice(0, mask!.after + 1)))
    for (const [i, number] of field.entries()) {
      if (Number.isFinite(number)) expect(Number.isFinite(shown[i])).to.equal(true)
      else expect(shown[i]).to.deep.equal(number)
    }
    expectSame(decodeTensor(parameters, layers), tensor)
  })

  it('have a fidelity that counts NaN and infinities once the mask is read', () => {
    const field = plane(64, 64, (_, x) => (x > 31 ? NaN : x))
    const { parameters } = encodeTensor(floats('float32', [64, 64], field))
    const known = layerFidelities(parameters)
    const { after } = parameters.mask!
    expect(known[after - 1]).to.be.at.most(0.5)
    expect(known[after]).to.be.at.least(0.5)
    expect(known.at(-1)).to.equal(1)
  })

  it('use at most 2 % more bytes than by the order of their words', () => {
    const noise = normal(64 * 80, 3)
    const waves = plane(64, 80, (y, x) => Math.sin(x / 13) * Math.cos(y / 10))
    const fields = {
      noise,
      waves,
      warm: waves.map((number) => 280 + number),
      tenths: waves.map((number) => Math.round(50 * number) / 10),
      wide: noise.map((number) => 10 ** (2 * number)),
      sparse: noise.map((number) => (number > 2 ? number : 0))
    }
    for (const [name, numbers] of Object.entries(fields)) {
      for (const type of ['float16', 'float32', 'float64'] as const) {
        const tensor = floats(type, [64, 80], numbers)
        const bytes = encodeTensor(tensor).layers.reduce((sum, { length }) => sum + length, 0)
        expect(bytes, `${name} ${type}`).to.be.at.most(1.02 * bytesInOrder(tensor))
      }
    }
  }).timeout(120_000)
})

/** Bytes by the words in the order of their values, by the transform that makes them shortest. */
function bytesInOrder({ type, bytes, shape }: Tensor): number {
  const words = toWords(type, bytes, 1)
  const sizes = TRANSFORM_KINDS.map((kind) =>
    analyse(words.slice(), shape, planSteps(shape, 0), kind).reduce(
      (sum, layer) => sum + codeLayer(layer, 1).bytes.length,
      0
    )
  )
  return Math.min(...sizes)
}
