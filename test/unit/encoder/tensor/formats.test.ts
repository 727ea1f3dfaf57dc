import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import { decodeParameters, decodeTensor } from '../../../../encoder/tensor/index.ts'
import type { Tensor } from '../../../../encoder/tensor/index.ts'
import { expectSame } from './support.ts'

/** A tensor as some version of this software wrote it; all bytes in base64. */
interface Written {
  readonly type: Tensor['type']
  readonly shape: readonly number[]
  readonly order: Tensor['order']
  readonly bytes: string
  readonly parameters: string
  readonly layers: readonly string[]
}

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))

const writtenBy = async (version: number): Promise<Written[]> =>
  JSON.parse(
    await readFile(new URL(`fixtures/version-${version}.json`, import.meta.url), 'utf8')
  ) as Written[]

/** Of version 3, as well: noise bit by bit, tenths, half precision, complex numbers. */
const TYPES = ['uint8', 'float32', 'float64', 'int16']
const LATER_TYPES = ['float32', 'float32', 'float16', 'complex64']

describe('tensor formats', () => {
  for (const version of [1, 2, 3]) {
    it(`of version ${version} can be read: pictures, floats, integers`, async () => {
      const tensors = await writtenBy(version)
      const types = version === 3 ? [...TYPES, ...LATER_TYPES] : TYPES
      expect(tensors.map(({ type }) => type)).to.deep.equal(types)
      for (const { type, shape, order, bytes, parameters, layers } of tensors) {
        const read = decodeParameters(bytesOf(parameters))
        expect(read.version).to.equal(version)
        expectSame(decodeTensor(read, layers.map(bytesOf)), { type, shape, order, bytes: bytesOf(bytes) })
      }
    })
  }

  it('of version 3 have every kind of words: in order, binary, decimal, with a mask, with deferred bits', async () => {
    const read = (await writtenBy(3)).map(({ parameters }) => decodeParameters(bytesOf(parameters)))
    expect(new Set(read.map(({ map }) => map))).to.deep.equal(new Set(['order', 'binary', 'decimal']))
    expect(read.some(({ mask }) => mask !== null)).to.equal(true)
    expect(read.some(({ shifts }) => shifts.length > 2)).to.equal(true)
  })
})
