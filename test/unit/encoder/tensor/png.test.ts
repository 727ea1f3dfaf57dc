import { crc32, deflateSync } from 'node:zlib'
import { expect } from 'chai'
import fc from 'fast-check'
import { decode, encode } from 'fast-png'
import { isPng, readPng, tensorOf, writePng } from '../../../../encoder/tensor/index.ts'
import { pseudoRandomBytes } from '../support.ts'
import { drawnPicture, expectSame, readApart, refusal } from './support.ts'

interface Header {
  readonly width: number
  readonly height: number
  readonly depth?: number
  readonly colour?: number
  readonly interlace?: number
}

const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 4: 2, 6: 4 }
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

const chunk = (type: string, data: Uint8Array): Buffer => {
  const bytes = Buffer.alloc(12 + data.length)
  bytes.writeUInt32BE(data.length)
  bytes.write(type, 4, 'latin1')
  bytes.set(data, 8)
  bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), 8 + data.length)
  return bytes
}
const IEND = chunk('IEND', Buffer.alloc(0))

const ihdr = ({ width, height, depth = 8, colour = 0, interlace = 0 }: Header): Buffer => {
  const data = Buffer.alloc(13)
  data.writeUInt32BE(width)
  data.writeUInt32BE(height, 4)
  data.set([depth, colour, 0, 0, interlace], 8)
  return chunk('IHDR', data)
}

const pngOf = (header: Header, data: Uint8Array, between: readonly Buffer[] = []): Buffer =>
  Buffer.concat([SIGNATURE, ihdr(header), ...between, chunk('IDAT', data), IEND])

/** Where each row with its filter byte begins, and at last where all end; of Adam7 pass after pass. */
const rowEnds = ({ width, height, depth = 8, colour = 0, interlace = 0 }: Header): number[] => {
  const offsets: Array<[number, number, number, number]> =
    interlace === 0
      ? [[0, 0, 1, 1]]
      : [
          [0, 0, 8, 8],
          [4, 0, 8, 8],
          [0, 4, 4, 8],
          [2, 0, 4, 4],
          [0, 2, 2, 4],
          [1, 0, 2, 2],
          [0, 1, 1, 2]
        ]
  const ends = [0]
  for (const [x, y, dx, dy] of offsets) {
    const columns = Math.ceil((width - x) / dx)
    if (columns <= 0) continue
    for (let row = y; row < height; row += dy) {
      ends.push(ends.at(-1)! + 1 + (columns * CHANNELS[colour] * depth) / 8)
    }
  }
  return ends
}
const rowStarts = (header: Header): number[] => rowEnds(header).slice(0, -1)
const rowBytes = (header: Header): number => rowEnds(header).at(-1)!

describe('PNG files', () => {
  it('are read back pixel by pixel: 8 and 16 bits, one to four channels, odd sizes', () => {
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

  it('give the same pixels as another reader, whatever the filters', () => {
    fc.assert(
      fc.property(
        fc.record({
          width: fc.integer({ min: 1, max: 19 }),
          height: fc.integer({ min: 1, max: 19 }),
          colour: fc.constantFrom(0, 2, 4, 6),
          depth: fc.constantFrom(8, 16),
          interlace: fc.constantFrom(0, 1)
        }),
        fc.nat(),
        (header, seed) => {
          const rows = pseudoRandomBytes(rowBytes(header), seed)
          for (const start of rowStarts(header)) rows[start] %= 5
          const file = pngOf(header, deflateSync(rows))
          const { data } = decode(file, { checkCrc: true })
          const samples = header.depth === 8 ? Uint8Array.from(data) : Uint16Array.from(data)
          const channels = CHANNELS[header.colour]
          const shape = [header.height, header.width, ...(channels === 1 ? [] : [channels])]
          expectSame(readPng(file), tensorOf(samples, shape))
        }
      )
    )
  })

  const grey = { width: 6, height: 4 }
  const pixels = new Uint8Array(4 * 7)
  const refused = (file: Uint8Array): string | undefined => refusal(() => readPng(file))

  it('are read with exactly the bytes that the header declares, and refused with one more or less', () => {
    for (const [bytes, code] of [
      [4 * 7, undefined],
      [4 * 7 + 1, 'BAD_FILE'],
      [4 * 7 - 1, 'BAD_FILE'],
      [0, 'BAD_FILE']
    ] as const) {
      expect(refused(pngOf(grey, deflateSync(new Uint8Array(bytes)))), String(bytes)).to.equal(code)
    }
  })

  it('never inflate more than the header declares', async () => {
    const bomb = pngOf({ width: 1, height: 1 }, deflateSync(new Uint8Array(2 ** 29), { level: 9 }))
    const { refusal: code, growthMiB } = await readApart(`readPng(input)`, bomb)
    expect(code).to.equal('BAD_FILE')
    expect(growthMiB).to.be.below(32)
  }).timeout(60_000)

  it('need about their own size of memory, with any number of chunks', async () => {
    const small = deflateSync(Buffer.alloc(1025 * 1024))
    const parts = Array.from(small, (_, at) => chunk('IDAT', small.subarray(at, at + 1)))
    const file = Buffer.concat([SIGNATURE, ihdr({ width: 1024, height: 1024 }), ...parts, IEND])
    const { shape, growthMiB } = await readApart(`readPng(input)`, file)
    expect(shape).to.deep.equal([1024, 1024])
    expect(growthMiB).to.be.below(64)
  }).timeout(60_000)

  it('are refused when pixels would be lost', () => {
    const data = deflateSync(pixels)
    expect(refused(pngOf({ ...grey, colour: 3 }, data))).to.equal('UNSUPPORTED')
    expect(refused(pngOf({ ...grey, depth: 4 }, data))).to.equal('UNSUPPORTED')
    expect(refused(pngOf({ ...grey, colour: 9 }, data))).to.equal('BAD_FILE')
    expect(refused(pngOf({ ...grey, interlace: 2 }, data))).to.equal('BAD_FILE')
    expect(refused(pngOf({ ...grey, height: 2 ** 31 }, data))).to.equal('TOO_LARGE')
    expect(refused(pngOf(grey, data, [chunk('tRNS', Buffer.alloc(2))]))).to.equal('UNSUPPORTED')
    expect(refused(Buffer.from('GIF89a'))).to.equal('BAD_FILE')
    for (const type of ['acTL', 'fcTL', 'fdAT']) {
      expect(refused(pngOf(grey, data, [chunk(type, Buffer.alloc(8))])), type).to.equal('UNSUPPORTED')
    }
  })

  it('are refused with a wrong checksum, when cut, or with chunks in another order', () => {
    const data = deflateSync(pixels)
    const file = pngOf(grey, data)
    expect(refused(file)).to.equal(undefined)
    for (let at = 0; at < file.length; at++) {
      const changed = Buffer.from(file)
      changed[at] ^= 1
      expect(['BAD_FILE', 'UNSUPPORTED'], String(at)).to.include(refused(changed))
      expect(refused(file.subarray(0, at)), String(at)).to.equal('BAD_FILE')
    }
    const adler = Buffer.from(data)
    adler[adler.length - 1] ^= 1
    expect(refused(pngOf(grey, adler)), 'Adler-32').to.equal('BAD_FILE')
    expect(refused(pngOf(grey, data.subarray(0, -4))), 'no Adler-32').to.equal('BAD_FILE')
    expect(refused(pngOf(grey, Buffer.concat([data, data]))), 'two streams').to.equal('BAD_FILE')
    const head = ihdr(grey)
    const idat = chunk('IDAT', data)
    const text = chunk('tEXt', Buffer.from('a\0b'))
    for (const [parts, code] of [
      [[head, text, idat, text, IEND], undefined],
      [[head, text, chunk('IDAT', data.subarray(0, 3)), chunk('IDAT', data.subarray(3)), IEND], undefined],
      [[head, IEND], 'BAD_FILE'],
      [[text, head, idat, IEND], 'BAD_FILE'],
      [[head, head, idat, IEND], 'BAD_FILE'],
      [[head, chunk('IDAT', data.subarray(0, 3)), text, chunk('IDAT', data.subarray(3)), IEND], 'BAD_FILE'],
      [[head, chunk('QUUX', data), idat, IEND], 'BAD_FILE']
    ] as const) {
      expect(refused(Buffer.concat([SIGNATURE, ...parts]))).to.equal(code)
    }
  })

  it('are written only from pictures', () => {
    expect(refusal(() => writePng(tensorOf(new Float32Array(4), [2, 2])))).to.equal('UNSUPPORTED')
    expect(refusal(() => writePng(tensorOf(new Uint8Array(40), [2, 4, 5])))).to.equal('UNSUPPORTED')
    expect(refusal(() => writePng(tensorOf(new Uint8Array(4))))).to.equal('UNSUPPORTED')
    expect(refusal(() => writePng(tensorOf(new Uint8Array(0), [0, 4])))).to.equal('UNSUPPORTED')
  })
})
