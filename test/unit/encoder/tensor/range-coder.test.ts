import { expect } from 'chai'
import fc from 'fast-check'
import { BitReader, BitWriter } from '../../../../encoder/tensor/coding/bit-stream.ts'
import { RangeDecoder, RangeEncoder, newStates } from '../../../../encoder/tensor/coding/range-coder.ts'
import { pseudoRandomBytes } from '../support.ts'
import { refusal } from './support.ts'

const coded = (bits: ArrayLike<number>, stateOf: (i: number) => number, most: number): Uint8Array => {
  const bytes = new Uint8Array(most)
  const encoder = new RangeEncoder(bytes)
  const states = newStates(16)
  for (let i = 0; i < bits.length; i++) encoder.encode(states, stateOf(i), bits[i])
  encoder.finish()
  return bytes.subarray(0, encoder.length)
}

describe('range coder', () => {
  it('restores bits of any probability, and detects its own end', () => {
    for (const mask of [1, 3, 15, 255]) {
      const bits = pseudoRandomBytes(100_000, mask).map((byte) => ((byte & mask) === 0 ? 1 : 0))
      const bytes = coded(bits, (i) => i & 15, 30_000)
      const decoder = new RangeDecoder(bytes)
      const states = newStates(16)
      for (const [i, bit] of bits.entries()) {
        if (decoder.decode(states, i & 15) !== bit) expect.fail(`bit ${i}`)
      }
      decoder.finish()
      expect(decoder.position).to.equal(bytes.length)
    }
  })

  it('needs little more space than the entropy of its bits', () => {
    const bits = pseudoRandomBytes(100_000, 1).map((byte) => (byte < 16 ? 1 : 0))
    const share = bits.reduce((sum, bit) => sum + bit, 0) / bits.length
    const entropy = -share * Math.log2(share) - (1 - share) * Math.log2(1 - share)
    expect((8 * coded(bits, () => 0, 30_000).length) / bits.length).to.be.below(1.03 * entropy)
  })

  it('writes unary numbers as their bits one by one', () => {
    const numbers = pseudoRandomBytes(2000, 9).map((byte) => 31 - Math.clz32(byte | 1))
    const unary = new Uint8Array(4000)
    const encoder = new RangeEncoder(unary)
    const states = newStates(5)
    for (const number of numbers) encoder.encodeUnary(states, 1, 4, number, number === 7)
    encoder.finish()
    const single = new Uint8Array(4000)
    const bitwise = new RangeEncoder(single)
    const others = newStates(5)
    for (const number of numbers) {
      for (let at = 0; at < number; at++) bitwise.encode(others, Math.min(4, 1 + at), 0)
      if (number < 7) bitwise.encode(others, Math.min(4, 1 + number), 1)
    }
    bitwise.finish()
    expect(unary).to.deep.equal(single)
    const decoder = new RangeDecoder(unary.subarray(0, encoder.length))
    const read = newStates(5)
    for (const number of numbers) expect(decoder.decodeUnary(read, 1, 4, 7)).to.equal(number)
    decoder.finish()
  })

  it('counts bytes beyond its buffer, and refuses to read past the end', () => {
    const bits = pseudoRandomBytes(8000, 2).map((byte) => byte & 1)
    const encoder = new RangeEncoder(new Uint8Array(10))
    const states = newStates(1)
    for (const bit of bits) encoder.encode(states, 0, bit)
    encoder.finish()
    expect(encoder.length).to.be.above(990)
    const decoder = new RangeDecoder(coded(bits, () => 0, 2000).subarray(0, 500))
    const read = newStates(1)
    expect(refusal(() => bits.forEach(() => decoder.decode(read, 0)))).to.equal('CORRUPT')
    expect(refusal(() => new RangeDecoder(Uint8Array.of(0x80, 0, 0, 0)))).to.equal('CORRUPT')
    expect(refusal(() => new RangeDecoder(Uint8Array.of(0, 0, 0)))).to.equal('CORRUPT')
  })
})

describe('bit stream', () => {
  it('restores values of 0 to 32 bits, from the end of its buffer', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.nat(32))),
        (values) => {
          const bytes = new Uint8Array(4 * values.length + 1)
          const writer = new BitWriter(bytes)
          for (const [value, count] of values) writer.write(value, count)
          writer.finish()
          const bits = values.reduce((sum, [, count]) => sum + count, 0)
          expect(writer.length).to.equal(Math.ceil(bits / 8))
          const reader = new BitReader(bytes.subarray(bytes.length - writer.length))
          for (const [value, count] of values) {
            const low = BigInt.asUintN(count, BigInt(value))
            expect(BigInt.asUintN(32, BigInt(reader.read(count)))).to.equal(low)
          }
          expect(reader.length).to.equal(writer.length)
        }
      )
    )
  })
})
