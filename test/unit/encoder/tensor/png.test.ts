import { expect } from 'chai'
import { encode } from 'fast-png'
import { isPng, readPng, tensorOf, writePng } from '../../../../encoder/tensor/index.ts'
import { pseudoRandomBytes } from '../support.ts'
import { drawnPicture, expectSame, refusal } from './support.ts'

describe('PNG files', () => {
  it('come back pixel by pixel: 8 and 16 bits, one to four channels, odd sizes', () => {
    for (const channels of [1, 2, 3, 4]) {
      const shape = channels === 1 ? [5, 7] : [5, 7, channels]
      const samples = pseudoRandomBytes(5 * 7 * channels * 2, channels)
      for (const tensor of [
        tensorOf(samples.slice(0, 35 * channels), shape),
        tensorOf(new Uint16Array(samples.buffer, 0, 35 * channels), shape)
      ]) {
        const file = writePng(tensor)
        expect(isPng(file)).to.equal(true)
        expectSame(readPng(file), tensor)
      }
    }
  })

  it('are read when they are interlaced', () => {
    const { bytes, shape } = drawnPicture(9, 11)
    const file = encode({ width: 11, height: 9, channels: 3, data: bytes }, { interlace: 'Adam7' })
    expectSame(readPng(file), tensorOf(bytes, shape))
  })

  it('are refused where pixels would be lost', () => {
    const file = writePng(drawnPicture(4, 4))
    const withHeader = (offset: number, value: number): Uint8Array => {
      const changed = file.slice()
      changed[offset] = value
      return changed
    }
    expect(refusal(() => readPng(withHeader(25, 3)))).to.equal('UNSUPPORTED')
    expect(refusal(() => readPng(withHeader(24, 4)))).to.equal('UNSUPPORTED')
    expect(refusal(() => readPng(withHeader(16, 255)))).to.equal('TOO_LARGE')
    expect(refusal(() => readPng(withHeader(25, 9)))).to.equal('BAD_FILE')
    expect(refusal(() => readPng(withHeader(file.length - 20, file[file.length - 20] ^ 1)))).to.equal(
      'BAD_FILE'
    )
    expect(refusal(() => readPng(file.subarray(0, 40)))).to.equal('BAD_FILE')
    expect(refusal(() => readPng(Buffer.from('GIF89a')))).to.equal('BAD_FILE')
  })

  it('are written only of what is a picture', () => {
    expect(refusal(() => writePng(tensorOf(new Float32Array(4), [2, 2])))).to.equal('UNSUPPORTED')
    expect(refusal(() => writePng(tensorOf(new Uint8Array(40), [2, 4, 5])))).to.equal('UNSUPPORTED')
    expect(refusal(() => writePng(tensorOf(new Uint8Array(4))))).to.equal('UNSUPPORTED')
    expect(refusal(() => writePng(tensorOf(new Uint8Array(0), [0, 4])))).to.equal('UNSUPPORTED')
  })
})
