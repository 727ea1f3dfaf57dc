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

describe('tensor formats', () => {
  for (const version of [1, 2]) {
    it(`of version ${version} can be read: pictures, floats of both widths, integers`, async () => {
      const tensors = await writtenBy(version)
      expect(tensors.map(({ type }) => type)).to.deep.equal(['uint8', 'float32', 'float64', 'int16'])
      for (const { type, shape, order, bytes, parameters, layers } of tensors) {
        const read = decodeParameters(bytesOf(parameters))
        expect(read.version).to.equal(version)
        expectSame(decodeTensor(read, layers.map(bytesOf)), { type, shape, order, bytes: bytesOf(bytes) })
      }
    })
  }
})
