import { expect } from 'chai'
import fc from 'fast-check'
import { ELEMENT_TYPES, formatOf, isNpy, readNpy, writeNpy } from '../../../../encoder/tensor/index.ts'
import { swapped } from '../../../../encoder/tensor/files/byte-order.ts'
import { anyTensor, expectSame, refusal } from './support.ts'

/** A file with any header, as other writers make them. */
function npyFile(header: string, data: Uint8Array = new Uint8Array(), version = 1): Uint8Array {
  const text = new TextEncoder().encode(`${header}\n`)
  const length = version === 1 ? Buffer.alloc(2) : Buffer.alloc(4)
  if (version === 1) length.writeUInt16LE(text.length)
  else length.writeUInt32LE(text.length)
  return Buffer.concat([
    Uint8Array.of(0x93),
    Buffer.from('NUMPY'),
    Uint8Array.of(version, 0),
    length,
    text,
    data
  ])
}

const header = (descr: string, shape: string, fortran = 'False'): string =>
  `{'descr': ${descr}, 'fortran_order': ${fortran}, 'shape': ${shape}, }`

describe('.npy files', () => {
  it('are read back unchanged, with any type, shape and order', () => {
    fc.assert(
      fc.property(anyTensor, (tensor) => {
        const file = writeNpy(tensor)
        expect(isNpy(file)).to.equal(true)
        expectSame(readNpy(file), tensor)
      }),
      { numRuns: 100 }
    )
  })

  it('are written byte for byte as NumPy writes them', () => {
    // numpy.save(f, numpy.array([[1.5, -2.0]], dtype='<f4')), NumPy 2
    const expected = Buffer.concat([
      Buffer.from('\x93NUMPY\x01\x00\x76\x00', 'latin1'),
      Buffer.from(`{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }`.padEnd(117) + '\n'),
      Buffer.from(Float32Array.of(1.5, -2).buffer)
    ])
    const bytes = new Uint8Array(Float32Array.of(1.5, -2).buffer)
    const file = writeNpy({ type: 'float32', shape: [1, 2], order: 'C', bytes })
    expect(Buffer.from(file).toString('latin1')).to.equal(expected.toString('latin1'))
  })

  it('are read in both byte orders', () => {
    for (const type of ELEMENT_TYPES) {
      const { numberBytes, npy, numbers } = formatOf(type)
      const bytes = Uint8Array.from({ length: 3 * numberBytes * numbers }, (_, i) => i)
      const little = readNpy(npyFile(header(`'${numberBytes === 1 ? '|' : '<'}${npy}'`, '(3,)'), bytes))
      const big = readNpy(npyFile(header(`'>${npy}'`, '(3,)'), swapped(bytes, numberBytes)))
      expectSame(big, little)
      expect(little.type).to.equal(type)
    }
  })

  it('are read with headers of versions 2 and 3, in any order and with either quotes', () => {
    const data = Uint8Array.of(1, 2)
    const odd = `{"shape": (2, ) ,"descr":"|u1", "fortran_order" : True}`
    for (const version of [2, 3]) expect(readNpy(npyFile(odd, data, version)).order).to.equal('F')
    expect(readNpy(npyFile(header("'|i1'", '()'), Uint8Array.of(9))).shape).to.deep.equal([])
  })

  it('are refused, with the reason, when they are not .npy or do not hold numbers', () => {
    const data = new Uint8Array(4)
    for (const [file, code] of [
      [new Uint8Array(), 'BAD_FILE'],
      [Buffer.from('not an array at all'), 'BAD_FILE'],
      [npyFile(header("'|u1'", '(4,)'), data, 9), 'BAD_FILE'],
      [npyFile(header("'|u1'", '(5,)'), data), 'BAD_FILE'],
      [npyFile(header("'|u1'", '(3,)'), data), 'BAD_FILE'],
      [npyFile(header("'|u1'", '(4,)'), data).subarray(0, 30), 'BAD_FILE'],
      [npyFile(header("'|u1'", '(-4,)'), data), 'BAD_FILE'],
      [npyFile(header("'|u1'", '(4,)', 'Maybe'), data), 'BAD_FILE'],
      [npyFile(header("'|u4'", '(1,)'), data), 'BAD_FILE'],
      [npyFile(`${header("'|u1'", '(4,)')} and more`, data), 'BAD_FILE'],
      [npyFile(`{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (4,)}`, data), 'BAD_FILE'],
      [npyFile(`{'descr': '|u1', 'shape': (4,)}`, data), 'BAD_FILE'],
      [npyFile(' '.repeat(20_000), data), 'BAD_FILE'],
      [npyFile(header("'|O'", '(4,)'), data), 'UNSUPPORTED'],
      [npyFile(header("'<U1'", '(1,)'), data), 'UNSUPPORTED'],
      [npyFile(header("'<M8[ns]'", '(1,)'), data), 'UNSUPPORTED'],
      [npyFile(header("'<f16'", '(1,)'), data), 'UNSUPPORTED'],
      [npyFile(header("[('x', '<f4')]", '(1,)'), data), 'UNSUPPORTED'],
      [npyFile(header("'|u1'", '(1,1,1,1,1,1,1,1,4)'), data), 'UNSUPPORTED'],
      [npyFile(header("'|u1'", '(99999999, 99999999)'), data), 'TOO_LARGE']
    ] as const) {
      expect(
        refusal(() => readNpy(file)),
        Buffer.from(file).toString('latin1').slice(10, 90)
      ).to.equal(code)
    }
  })
})
