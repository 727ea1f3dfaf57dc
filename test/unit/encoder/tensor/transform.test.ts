import { expect } from 'chai'
import fc from 'fast-check'
import { codeLayer, readLayer } from '../../../../encoder/tensor/coding/layer-coding.ts'
import { layerLengths, planSteps } from '../../../../encoder/tensor/transform/scales.ts'
import { tensorOf } from '../../../../encoder/tensor/index.ts'
import type { Tensor } from '../../../../encoder/tensor/index.ts'
import { chooseCoding } from '../../../../encoder/tensor/transform/choice.ts'
import type { NumberCoding } from '../../../../encoder/tensor/transform/apart.ts'
import { Synthesis, TRANSFORM_KINDS, analyse } from '../../../../encoder/tensor/transform/transform.ts'
import type { TransformKind } from '../../../../encoder/tensor/transform/transform.ts'
import { toWords } from '../../../../encoder/tensor/transform/words.ts'
import type { Words } from '../../../../encoder/tensor/transform/words.ts'
import { pseudoRandomBytes } from '../support.ts'
import { anyTensor } from './support.ts'

/** Takes words apart, codes the layers, reads them and puts them together. */
const thereAndBack = (words: Words, shape: readonly number[], kind: TransformKind): Words => {
  const steps = planSteps(shape, 0)
  const coded = analyse(words.slice(), shape, steps, kind).map((layer) => codeLayer(layer, 1))
  const lengths = layerLengths(shape, steps)
  const synthesis = new Synthesis(shape, steps, kind)
  let low: Words | undefined
  for (const [layer, bytes] of coded.entries()) {
    const reader = readLayer(bytes, words.BYTES_PER_ELEMENT as 2 | 4 | 8, lengths[layer], 1)
    low =
      low === undefined
        ? reader.take(lengths[0], () => [{ shape: synthesis.coarsest }])
        : synthesis.refine(low, layer, reader)
    reader.finish()
  }
  return low!
}

const choiceFor = ({ type, bytes, shape }: Tensor): NumberCoding =>
  chooseCoding({ type, words: toWords(type, bytes, 1), shape, components: 1, colour: false })

/** Sums of uniform numbers: nearly normal. */
const noise = (count: number): Float32Array => {
  const bytes = pseudoRandomBytes(8 * count, 11)
  return Float32Array.from({ length: count }, (_, i) => {
    const part = bytes.subarray(8 * i, 8 * i + 8)
    return part.reduce((sum, byte, j) => sum + byte + j / 7, -1024) / 300
  })
}

describe('kinds of transform', () => {
  for (const kind of TRANSFORM_KINDS) {
    it(`${kind}: restores words of any width and shape`, () => {
      fc.assert(
        fc.property(anyTensor, ({ type, bytes, shape }) => {
          const words = toWords(type, bytes, 1)
          const memory = shape.length > 0 && words.length > 0 ? [words.length / shape[0], shape[0]] : []
          if (words.length === 0) return
          expect(thereAndBack(words, memory.length > 0 ? memory : [words.length], kind)).to.deep.equal(words)
        }),
        { numRuns: 150 }
      )
    })

    it(`${kind}: restores four axes`, () => {
      const words = new Int16Array(pseudoRandomBytes(2 * 6 * 7 * 8 * 9, 4).buffer as ArrayBuffer)
      expect(thereAndBack(words, [6, 7, 8, 9], kind)).to.deep.equal(words)
    })

    it(`${kind}: without details shows a ramp as a ramp`, () => {
      const words = Int32Array.from({ length: 257 }, (_, x) => 1000 * x)
      const steps = [1, 1, 1]
      const [coarsest] = analyse(words.slice(), [257], steps, kind)
      const shown = new Synthesis([257], steps, kind).extend(coarsest.words, 1)
      for (const [x, word] of shown.entries()) expect(Math.abs(Number(word) - 1000 * x)).to.be.below(1500)
    })
  }

  it('are chosen so that the tensor is shortest', () => {
    const drawing = Uint8Array.from({ length: 256 * 256 }, (_, i) =>
      ((i >> 3) ^ (i >> 12)) % 3 === 0 ? 200 : (i >> 8) >> 4
    )
    expect(choiceFor(tensorOf(drawing, [256, 256])).transform).to.equal('interpolating')
    const grain = pseudoRandomBytes(256 * 256, 1)
    const photograph = Uint8Array.from(
      grain,
      (byte, i) => 100 + 50 * Math.sin(i / 700) * Math.sin((i % 256) / 40) + (byte & 7)
    )
    expect(choiceFor(tensorOf(photograph, [256, 256])).transform).to.equal('lowpass')
    expect(choiceFor(tensorOf(noise(320 * 320), [320, 320])).transform).to.equal('sampling')
  })
})
