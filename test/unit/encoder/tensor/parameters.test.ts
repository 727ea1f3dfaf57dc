import * as dagCbor from '@ipld/dag-cbor'
import { expect } from 'chai'
import fc from 'fast-check'
import {
  decodeParameters,
  encodeParameters,
  encodeTensor,
  tensorOf
} from '../../../../encoder/tensor/index.ts'
import { anyTensor, drawnPicture, refusal } from './support.ts'

describe('tensor parameters', () => {
  it('come back as they were, in little space', () => {
    fc.assert(
      fc.property(anyTensor, (tensor) => {
        const { parameters } = encodeTensor(tensor)
        const bytes = encodeParameters(parameters)
        expect(decodeParameters(bytes)).to.deep.equal(parameters)
        expect(bytes.length).to.be.below(1000)
      }),
      { numRuns: 60 }
    )
  })

  const { parameters } = encodeTensor(drawnPicture(40, 40))
  const changed = (changes: Record<string, unknown>): string | undefined =>
    refusal(() => decodeParameters(dagCbor.encode({ ...parameters, ...changes })))

  it('are refused where they contradict themselves', () => {
    expect(changed({})).to.equal(undefined)
    expect(changed({ version: 3 })).to.equal('UNSUPPORTED')
    for (const wrong of [
      { type: 'text' },
      { order: 'X' },
      { shape: 40 },
      { components: 2 },
      { components: 0 },
      { components: 1, colour: true },
      { type: 'float32' },
      { colour: 'yes' },
      { steps: [] },
      { steps: [0, ...parameters.steps.slice(1)] },
      { steps: [1, ...parameters.steps.slice(1)] },
      { steps: [8, ...parameters.steps.slice(1)] },
      { steps: [2.5, ...parameters.steps.slice(1)] },
      {
        steps: Array(9).fill(6),
        codings: Array(10).fill('raw'),
        errors: Array(10).fill({ rms: 0, peak: 0 })
      },
      { steps: Array(8).fill(6), codings: Array(9).fill('raw'), errors: Array(9).fill({ rms: 0, peak: 0 }) },
      { codings: parameters.codings.slice(1) },
      { codings: parameters.codings.map(() => 'brotli') },
      { version: 1, codings: parameters.codings.map(() => 'context') },
      { transform: 'fourier' },
      { transform: null },
      { errors: parameters.errors.slice(1) },
      { errors: parameters.errors.map(() => ({ rms: -1, peak: 0 })) },
      { deviation: null }
    ]) {
      expect(changed(wrong), JSON.stringify(wrong)).to.equal('CORRUPT')
    }
    expect(changed({ shape: [2 ** 20, 2 ** 20, 3] })).to.equal('TOO_LARGE')
  })

  it('are refused as other bytes', () => {
    expect(refusal(() => decodeParameters(Uint8Array.of(0xff)))).to.equal('CORRUPT')
    expect(refusal(() => decodeParameters(new Uint8Array(5000)))).to.equal('CORRUPT')
    expect(refusal(() => decodeParameters(dagCbor.encode(null)))).to.equal('CORRUPT')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(['CORRUPT', 'UNSUPPORTED']).to.include(refusal(() => decodeParameters(bytes)))
      })
    )
  })

  it('of version 1 come back as they were, and mean the low-pass', () => {
    const fields = Object.entries(parameters).filter(([name]) => name !== 'transform')
    const codings = parameters.codings.map(() => 'zstd')
    const bytes = dagCbor.encode({ ...Object.fromEntries(fields), version: 1, codings })
    const read = decodeParameters(bytes)
    expect(read).to.include({ version: 1, transform: 'lowpass' })
    expect(Buffer.compare(encodeParameters(read), bytes)).to.equal(0)
  })

  it('have no steps for what has no elements', () => {
    expect(encodeTensor(tensorOf(new Float32Array(0), [0, 5])).parameters.steps).to.deep.equal([])
  })
})
