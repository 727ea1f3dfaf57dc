import { expect } from 'chai'
import fc from 'fast-check'
import { codeConditionalLayer, readLayer } from '../../../../encoder/tensor/coding/layer-coding.ts'
import { halfToNumber, numberToHalf } from '../../../../encoder/tensor/half.ts'
import { tensorOf } from '../../../../encoder/tensor/index.ts'
import {
  binaryPoint,
  decimalPoint,
  fromFixedPoint,
  toFixedPoint
} from '../../../../encoder/tensor/transform/fixed-point.ts'
import { coarsened, refined, refinement, widened } from '../../../../encoder/tensor/transform/precision.ts'
import { refinementConditions } from '../../../../encoder/tensor/transform/rest.ts'
import { newWords, toWords } from '../../../../encoder/tensor/transform/words.ts'
import type { Words } from '../../../../encoder/tensor/transform/words.ts'
import { refusal } from './support.ts'

const doubles = (...numbers: number[]): Words =>
  toWords('float64', tensorOf(Float64Array.from(numbers)).bytes, 1)
const singles = (...numbers: number[]): Words =>
  toWords('float32', tensorOf(Float32Array.from(numbers)).bytes, 1)

describe('half precision', () => {
  it('is restored from a number, for every value', () => {
    const all = Array.from({ length: 2 ** 16 }, (_, bits) => bits)
    const numbers = all.filter((bits) => !Number.isNaN(halfToNumber(bits)))
    expect(numbers.filter((bits) => numberToHalf(halfToNumber(bits)) !== bits)).to.deep.equal([])
    expect(numberToHalf(NaN)).to.equal(0x7e00)
  })

  it('rounds to the nearest, ties to even', () => {
    const wrong: number[] = []
    for (let bits = 0; bits < 0x7c00; bits++) {
      const low = halfToNumber(bits)
      const high = bits === 0x7bff ? 65_536 : halfToNumber(bits + 1)
      const middle = (low + high) / 2
      const gap = (high - low) / 1024
      const even = bits % 2 === 0 ? bits : bits + 1
      const isRight =
        numberToHalf(middle - gap) === bits &&
        numberToHalf(middle + gap) === bits + 1 &&
        numberToHalf(middle) === even &&
        numberToHalf(-middle) === 0x8000 + even
      if (!isRight) wrong.push(bits)
    }
    expect(wrong).to.deep.equal([])
  })
})

describe('fixed point', () => {
  it('has the step of the largest number, or a step of which all numbers are multiples', () => {
    expect(binaryPoint(singles(1, Math.fround(0.001)), 'float32')).to.deep.equal({ base: 2, digits: 23 })
    expect(binaryPoint(singles(-6000, 1234, 8), 'float32')).to.deep.equal({ base: 2, digits: -1 })
    expect(binaryPoint(doubles(0.75, 3), 'float64')).to.deep.equal({ base: 2, digits: 2 })
    expect(binaryPoint(doubles(0, -0), 'float64')).to.deep.equal({ base: 2, digits: 0 })
    expect(binaryPoint(doubles(5e-324), 'float64')).to.deep.equal({ base: 2, digits: 1074 })
    expect(binaryPoint(doubles(Number.MAX_VALUE), 'float64')).to.deep.equal({ base: 2, digits: -971 })
  })

  it('restores exact numbers of any magnitude', () => {
    for (const exponent of [-1074, -1073, -1022, -600, -1, 0, 1, 600, 970]) {
      const numbers = [1, -1, 3, -5, 0].map((times) => times * 2 ** exponent)
      const words = doubles(...numbers)
      const point = binaryPoint(words, 'float64')
      const integers = toFixedPoint(words, 'float64', point)
      expect([...integers].map(Number)).to.deep.equal([1, -1, 3, -5, 0])
      expect(fromFixedPoint(integers, 'float64', point)).to.deep.equal(words)
    }
  })

  it('is decimal only where that takes fewer bits', () => {
    const tenths = Array.from({ length: 50 }, (_, i) => (7 * i - 120) / 10)
    expect(decimalPoint(doubles(...tenths), 'float64', 53)).to.deep.equal({ base: 10, digits: 1 })
    expect(decimalPoint(singles(...tenths), 'float32', 24)).to.deep.equal({ base: 10, digits: 1 })
    expect(decimalPoint(doubles(...tenths.map(Math.sin)), 'float64', 53)).to.equal(undefined)
    expect(decimalPoint(singles(...tenths.map((t) => 1e6 + t)), 'float32', 24)).to.equal(undefined)
  })
})

const anyWords = fc
  .record({
    width: fc.constantFrom<2 | 4 | 8>(2, 4, 8),
    bits: fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))
  })
  .map(({ width, bits }) => {
    const words = newWords(width, bits.length)
    for (const [i, word] of bits.entries()) {
      const cut = BigInt.asIntN(8 * width, word >> BigInt(i % 60))
      words[i] = (width === 8 ? cut : Number(cut)) as never
    }
    return words
  })

describe('words with deferred bits', () => {
  it('are restored for every width and every number of bits', () => {
    fc.assert(
      fc.property(anyWords, fc.nat(), (words, seed) => {
        const shift = 1 + (seed % (8 * words.BYTES_PER_ELEMENT - 2))
        const coarse = coarsened(words, shift)
        const rest = refinement(words, coarse, shift)
        for (const part of rest) {
          const half = 2n ** BigInt(shift - 1)
          expect(BigInt(part) >= -half && BigInt(part) < half).to.equal(true)
        }
        expect(refined(coarse, rest, shift)).to.deep.equal(words)
        const coded = codeConditionalLayer(rest, refinementConditions(coarse, shift))
        const width = words.BYTES_PER_ELEMENT as 2 | 4 | 8
        const read = (bytes: Uint8Array): Words => {
          const reader = readLayer({ ...coded, bytes }, width, words.length, 1)
          const found = reader.takeConditional(words.length, () => refinementConditions(coarse, shift))
          reader.finish()
          return found
        }
        expect(read(coded.bytes)).to.deep.equal(rest)
        if (coded.bytes.length === 0) return
        expect(refusal(() => read(coded.bytes.subarray(0, -1)))).to.equal('CORRUPT')
        expect(refusal(() => read(Buffer.concat([coded.bytes, Uint8Array.of(1)])))).to.equal('CORRUPT')
      })
    )
  })

  it('are clamped to their range', () => {
    expect([...widened(Int16Array.of(-9, -8, 0, 7, 8), 12)]).to.deep.equal([-32768, -32768, 0, 28672, 32767])
    expect([...widened(BigInt64Array.of(-9n, 8n), 60)]).to.deep.equal([-(2n ** 63n), 2n ** 63n - 1n])
  })
})
