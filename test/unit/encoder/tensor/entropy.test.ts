import { constants, zstdCompressSync } from 'node:zlib'
import { expect } from 'chai'
import fc from 'fast-check'
import { TensorError } from '../../../../encoder/tensor/index.ts'
import { encodeByContext } from '../../../../encoder/tensor/coding/context-coding.ts'
import { codeLayer, readLayer } from '../../../../encoder/tensor/coding/layer-coding.ts'
import type { CodedLayer, LayerCoding } from '../../../../encoder/tensor/coding/layer-coding.ts'
import { newWords } from '../../../../encoder/tensor/transform/words.ts'
import type { Words } from '../../../../encoder/tensor/transform/words.ts'
import { pseudoRandomBytes } from '../support.ts'
import { refusal } from './support.ts'

interface Case {
  readonly words: Words
  readonly shape: readonly number[]
  readonly components: number
}

/** Words of every width and size, the least and the greatest among them. */
const anyWords: fc.Arbitrary<Case> = fc
  .record({
    wordBytes: fc.constantFrom<2 | 4 | 8>(2, 4, 8),
    components: fc.integer({ min: 1, max: 3 }),
    rows: fc.integer({ min: 0, max: 9 }),
    columns: fc.integer({ min: 0, max: 9 }),
    bits: fc.infiniteStream(fc.tuple(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.nat(64)))
  })
  .map(({ wordBytes, components, rows, columns, bits }) => {
    const shape = components === 1 ? [rows, columns] : [components, rows, columns]
    const words = newWords(wordBytes, components * rows * columns)
    const width = BigInt(8 * wordBytes)
    for (let i = 0; i < words.length; i++) {
      const [random, size] = bits.next().value!
      const word = BigInt.asIntN(Number(width), BigInt.asIntN(size, random))
      words[i] = words instanceof BigInt64Array ? word : (Number(word) as never)
    }
    return { words, shape, components }
  })

const byContext = ({ words, shape, components }: Case): CodedLayer => ({
  coding: 'context',
  bytes: encodeByContext(words, [{ shape }], components, 64 + 40 * words.byteLength)!
})

const read = (coded: CodedLayer, { words, shape, components }: Case): Words => {
  const wordBytes = words.BYTES_PER_ELEMENT as 2 | 4 | 8
  const reader = readLayer(coded, wordBytes, words.length, components)
  const found = reader.take(words.length, () => [{ shape }])
  reader.finish()
  return found
}

const layerOf = (words: Words): Case => ({ words, shape: [words.length], components: 1 })
const smallNoise = (count: number): Int32Array => Int32Array.from(pseudoRandomBytes(count, 2), (b) => b & 7)
/** Of which the strength changes from place to place. */
const unevenNoise = (count: number): Int16Array =>
  Int16Array.from(pseudoRandomBytes(count, 2), (byte, i) => (byte - 128) >> ((i >> 9) & 7))

describe('tensor layers', () => {
  it('are restored word for word when coded by contexts, for every width and size', () => {
    fc.assert(
      fc.property(anyWords, (layer) => {
        expect(read(byContext(layer), layer)).to.deep.equal(layer.words)
      }),
      { numRuns: 200 }
    )
  })

  it('are restored word for word from the shortest coding', () => {
    fc.assert(
      fc.property(anyWords, (layer) => {
        const { shape, components } = layer
        const coded = codeLayer({ words: layer.words.slice(), bands: [{ shape }] }, components)
        expect(coded.bytes.length).to.be.at.most(layer.words.byteLength)
        expect(read(coded, layer)).to.deep.equal(layer.words)
      })
    )
  })

  it('use the coding that suits them', () => {
    const codingOf = (words: Words): LayerCoding =>
      codeLayer({ words, bands: [{ shape: [words.length] }] }, 1).coding
    expect(codingOf(unevenNoise(20_000))).to.equal('context')
    const block = new Int32Array(pseudoRandomBytes(40_000, 7).buffer as ArrayBuffer)
    const repeated = new Int32Array(40 * block.length)
    for (let copy = 0; copy < 40; copy++) repeated.set(block, copy * block.length)
    expect(codingOf(repeated)).to.equal('zstd')
    expect(codingOf(block)).to.equal('raw')
  })

  it('need few bytes by contexts when they are predictable', () => {
    const length = (words: Words): number => byContext(layerOf(words)).bytes.length
    expect(length(new Int16Array(100_000))).to.be.below(100)
    // Three bits a word are 7500 bytes.
    expect(length(smallNoise(20_000))).to.be.below(7_800)
  })

  it('are refused when their length is wrong', () => {
    const layer = layerOf(smallNoise(5000))
    const longer = layerOf(smallNoise(5001))
    const shorter = layerOf(smallNoise(4999))
    const packed = codeLayer({ words: new Int32Array(5000), bands: [{ shape: [5000] }] }, 1)
    for (const coded of [
      byContext(layer),
      { coding: 'raw', bytes: new Uint8Array(20_000) } as const,
      packed
    ]) {
      expect(
        refusal(() => read(coded, longer)),
        coded.coding
      ).to.equal('CORRUPT')
      expect(
        refusal(() => read(coded, shorter)),
        coded.coding
      ).to.equal('CORRUPT')
    }
  })

  it('are refused when they are cut anywhere, or longer', () => {
    const layer = layerOf(Int32Array.from(smallNoise(100), (word) => word * 1001))
    const { coding, bytes } = byContext(layer)
    for (let length = 0; length < bytes.length; length++) {
      expect(
        refusal(() => read({ coding, bytes: bytes.subarray(0, length) }, layer)),
        `${length}`
      ).to.equal('CORRUPT')
    }
    expect(refusal(() => read({ coding, bytes: Buffer.concat([bytes, bytes]) }, layer))).to.equal('CORRUPT')
  })

  it('are refused, or have the right length, for any flipped bit', () => {
    const layer = layerOf(Int32Array.from(smallNoise(100), (word) => word * 1001))
    const { coding, bytes } = byContext(layer)
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const turned = bytes.slice()
      turned[bit >> 3] ^= 1 << (bit & 7)
      expectRefusedOrWhole({ coding, bytes: turned }, layer)
    }
  })

  it('are refused, or have the right length, for random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.constantFrom<2 | 4 | 8>(2, 4, 8), (bytes, width) => {
        expectRefusedOrWhole({ coding: 'context', bytes }, layerOf(newWords(width, 300)))
      }),
      { numRuns: 300 }
    )
  })

  it('are refused as soon as their bytes end, however many words they declare', () => {
    const bytes = pseudoRandomBytes(64, 3)
    bytes[0] = 1
    const reader = readLayer({ coding: 'context', bytes }, 2, 2 ** 26, 1)
    let steps = 0
    const steepness = new Proxy(new Uint8Array(1), { get: () => (steps++, 0) })
    expect(refusal(() => reader.take(2 ** 26, () => [{ shape: [2 ** 26], steepness }]))).to.equal('CORRUPT')
    expect(steps).to.be.below(100_000)
  })

  describe('of zstd', () => {
    const words = new Int32Array(2 ** 20)
    const inflate = (bytes: Uint8Array, count: number): string | undefined =>
      refusal(() => {
        const reader = readLayer({ coding: 'zstd', bytes }, 4, count, 1)
        reader.take(count, () => [])
        reader.finish()
      })

    it('are inflated up to the size of the shape, and refused one word past it', () => {
      const packed = zstdCompressSync(new Uint8Array(words.buffer))
      expect(inflate(packed, words.length)).to.equal(undefined)
      expect(inflate(packed, words.length - 1)).to.equal('CORRUPT')
      expect(inflate(packed, words.length + 1)).to.equal('CORRUPT')
    })

    it('are refused with a second frame or other bytes after the first', () => {
      const packed = zstdCompressSync(new Uint8Array(words.buffer))
      const empty = zstdCompressSync(new Uint8Array(0))
      for (const more of [Uint8Array.of(0), empty, packed]) {
        expect(inflate(Buffer.concat([packed, more]), words.length)).to.equal('CORRUPT')
      }
    })

    it('are refused when they need a larger window than a writer uses', () => {
      const large = new Uint8Array(2 ** 23)
      const packed = (windowLog: number): Uint8Array =>
        zstdCompressSync(large, {
          // Without the size of the content a reader must hold the window.
          params: { [constants.ZSTD_c_windowLog]: windowLog, [constants.ZSTD_c_contentSizeFlag]: 0 }
        })
      expect(inflate(packed(21), large.length / 4)).to.equal(undefined)
      expect(inflate(packed(22), large.length / 4)).to.equal('CORRUPT')
    })
  })
})

function expectRefusedOrWhole(coded: CodedLayer, layer: Case): void {
  try {
    expect(read(coded, layer).length).to.equal(layer.words.length)
  } catch (error) {
    expect(error).to.be.instanceOf(TensorError)
    expect((error as TensorError).code).to.equal('CORRUPT')
  }
}
