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
  it('are read back unchanged, and are small', () => {
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
    expect(changed({ version: 4 })).to.equal('UNSUPPORTED')
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

  it('of real numbers are refused where they contradict themselves', () => {
    const numbers = Float32Array.from({ length: 5000 }, (_, i) => (i % 97 === 0 ? NaN : Math.sin(i * i)))
    const real = encodeTensor(tensorOf(numbers)).parameters
    const changedReal = (changes: Record<string, unknown>): string | undefined =>
      refusal(() => decodeParameters(dagCbor.encode({ ...real, ...changes })))
    expect(real).to.include({ version: 3, map: 'binary' })
    expect(real.mask).to.not.equal(null)
    expect(changedReal({})).to.equal(undefined)
    const { mask } = real
    for (const wrong of [
      { map: 'decimal', digits: 0 },
      { map: 'decimal', digits: 23 },
      { map: 'binary', digits: 1075 },
      { map: 'binary', digits: -1024 },
      { map: 'binary', digits: 0.5 },
      { map: 'ternary' },
      { map: 'order', digits: 1 },
      { shifts: [] },
      { shifts: [3] },
      { shifts: [3, 3, 0] },
      { shifts: [31, 0] },
      { shifts: [-1, 0] },
      { shifts: Array.from({ length: 13 }, (_, i) => 12 - i) },
      { shifts: [1, ...real.shifts] },
      { restShift: -1 },
      { restShift: 32 },
      { restShift: undefined },
      { mask: { ...mask, after: 0 } },
      { mask: { ...mask, after: 99 } },
      { mask: { ...mask, share: 1.5 } },
      { mask: { ...mask, nan: '7f800000' } },
      { mask: { ...mask, nan: '7fc0' } },
      { mask: { ...mask, nan: 'zfc00000' } },
      { range: null },
      { range: { least: 1, greatest: 0 } },
      { range: { least: 0 } },
      { type: 'int32' }
    ]) {
      const changes = Object.fromEntries(Object.entries(wrong).filter(([, value]) => value !== undefined))
      const bytes = dagCbor.encode(
        Object.fromEntries(
          Object.entries({ ...real, ...changes }).filter(([name]) => !(name in wrong) || name in changes)
        )
      )
      expect(
        refusal(() => decodeParameters(bytes)),
        JSON.stringify(wrong)
      ).to.equal('CORRUPT')
    }
    expect(changedReal({ map: 'order', digits: 0 }), 'a rest and a mask by the order of the words').to.equal(
      undefined
    )
    const whole = encodeTensor(tensorOf(new Int32Array(50))).parameters
    for (const wrong of [{ map: 'binary' }, { mask }, { restShift: 0 }]) {
      const codings = Array<string>(2).fill('raw')
      const errors = Array<object>(2).fill({ rms: 0, peak: 0 })
      const bytes = dagCbor.encode({ ...whole, codings, errors, ...wrong })
      expect(
        refusal(() => decodeParameters(bytes)),
        JSON.stringify(wrong)
      ).to.equal('CORRUPT')
    }
  })

  it('are refused when the bytes are not the canonical encoding', () => {
    expect(refusal(() => decodeParameters(Uint8Array.of(0xff)))).to.equal('CORRUPT')
    expect(refusal(() => decodeParameters(new Uint8Array(5000)))).to.equal('CORRUPT')
    expect(refusal(() => decodeParameters(dagCbor.encode(null)))).to.equal('CORRUPT')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(['CORRUPT', 'UNSUPPORTED']).to.include(refusal(() => decodeParameters(bytes)))
      })
    )
  })

  it('of version 1 are read back unchanged, and mean the low-pass', () => {
    const later = ['transform', 'map', 'digits', 'shifts', 'mask', 'restShift', 'range']
    const fields = Object.entries(parameters).filter(([name]) => !later.includes(name))
    const scales = parameters.steps.length + 1
    const codings = Array<string>(scales).fill('zstd')
    const errors = parameters.errors.slice(0, scales)
    const bytes = dagCbor.encode({ ...Object.fromEntries(fields), version: 1, codings, errors })
    const read = decodeParameters(bytes)
    expect(read).to.include({ version: 1, transform: 'lowpass', map: 'order', mask: null, range: null })
    expect(Buffer.compare(encodeParameters(read), bytes)).to.equal(0)
  })

  it('have no steps for an empty tensor', () => {
    expect(encodeTensor(tensorOf(new Float32Array(0), [0, 5])).parameters.steps).to.deep.equal([])
  })
})
