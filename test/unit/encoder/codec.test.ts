import { expect } from 'chai'
import { EncoderError, RowCodec, createWasmBackend } from '../../../encoder/index.ts'
import { oracleRow } from '../../../encoder/rs8/oracle.ts'
import { splitRows } from '../../../encoder/shape.ts'
import { oracle, pickRows, pseudoRandomBytes } from './support.ts'

const SHAPE = { k: 5, n: 11, blockBytes: 200 } as const

function refusal(action: () => unknown): string | undefined {
  try {
    action()
  } catch (error) {
    if (error instanceof EncoderError) return error.code
    throw error
  }
  return undefined
}

describe('row codec', () => {
  const codec = new RowCodec(createWasmBackend())
  const data = pseudoRandomBytes(SHAPE.k * SHAPE.blockBytes, 7)
  const parity = codec.encode(SHAPE, data)
  const segment = Buffer.concat([data, parity])

  it('makes the rows that the definition gives', () => {
    const rows = splitRows(data, SHAPE.blockBytes)
    const expected = Buffer.concat([5, 6, 7, 8, 9, 10].map((row) => oracleRow(rows, row)))
    expect(expected.equals(parity)).to.equal(true)
  })

  it('makes chosen rows alone, and later rows without touching earlier ones', () => {
    expect(pickRows(segment, SHAPE.blockBytes, [9, 1]).equals(codec.encode(SHAPE, data, [9, 1]))).to.equal(
      true
    )
    const wider = codec.encode({ ...SHAPE, n: 256 }, data)
    expect(Buffer.from(parity).equals(wider.subarray(0, parity.length))).to.equal(true)
  })

  it('restores any rows from any k', () => {
    const have = [10, 2, 7, 4, 6]
    const blocks = pickRows(segment, SHAPE.blockBytes, have)
    const want = [0, 1, 3, 2, 9]
    const expected = pickRows(segment, SHAPE.blockBytes, want)
    expect(expected.equals(codec.reconstruct(SHAPE, have, blocks, want))).to.equal(true)
  })

  it('updates parity from the change of one row', () => {
    const changed = data.slice()
    const delta = pseudoRandomBytes(SHAPE.blockBytes, 8)
    delta.forEach((byte, i) => (changed[3 * SHAPE.blockBytes + i] ^= byte))
    const updated = pickRows(segment, SHAPE.blockBytes, [10, 5, 8])
    codec.update(SHAPE, 3, delta, [10, 5, 8], updated)
    expect(updated.equals(codec.encode(SHAPE, changed, [10, 5, 8]))).to.equal(true)
  })

  it('refuses invalid shapes', () => {
    for (const shape of [
      { k: 0, n: 1, blockBytes: 1 },
      { k: 3, n: 2, blockBytes: 1 },
      { k: 1, n: 257, blockBytes: 1 },
      { k: 1.5, n: 3, blockBytes: 1 },
      { k: Number.NaN, n: 3, blockBytes: 1 },
      { k: 1, n: 2, blockBytes: 0 },
      { k: 1, n: 2, blockBytes: 2 ** 40 }
    ]) {
      expect(refusal(() => codec.encode(shape, new Uint8Array(1)))).to.equal('BAD_SHAPE')
    }
  })

  it('refuses buffers of the wrong length', () => {
    const short = data.subarray(1)
    expect(refusal(() => codec.encode(SHAPE, short))).to.equal('BAD_LENGTH')
    expect(refusal(() => codec.reconstruct(SHAPE, [0, 1, 2, 3, 4], short, [5]))).to.equal('BAD_LENGTH')
    expect(refusal(() => codec.update(SHAPE, 0, short, [5], new Uint8Array(200)))).to.equal('BAD_LENGTH')
    expect(refusal(() => codec.check(SHAPE, [0, 1, 2, 3, 4, 5], data))).to.equal('BAD_LENGTH')
  })

  it('refuses rows that are duplicate, missing, surplus or not of the code', () => {
    const reconstruct = (have: number[], want: number[]) =>
      refusal(() => codec.reconstruct(SHAPE, have, new Uint8Array(have.length * SHAPE.blockBytes), want))
    expect(reconstruct([0, 1, 2, 3, 3], [4])).to.equal('BAD_ROWS')
    expect(reconstruct([0, 1, 2, 3], [4])).to.equal('BAD_ROWS')
    expect(reconstruct([0, 1, 2, 3, 4, 5], [6])).to.equal('BAD_ROWS')
    expect(reconstruct([0, 1, 2, 3, 11], [4])).to.equal('BAD_ROWS')
    expect(reconstruct([0, 1, 2, 3, -1], [4])).to.equal('BAD_ROWS')
    expect(reconstruct([0, 1, 2, 3, 4], [6, 6])).to.equal('BAD_ROWS')
    expect(refusal(() => codec.encode(SHAPE, data, [5.5]))).to.equal('BAD_ROWS')
    expect(refusal(() => codec.update(SHAPE, 5, data.subarray(0, 200), [5], new Uint8Array(200)))).to.equal(
      'BAD_ROWS'
    )
    expect(refusal(() => codec.check(SHAPE, [0, 1, 2, 3, 4], data))).to.equal('BAD_ROWS')
  })
})

describe('checking more than k rows against each other', () => {
  const codec = new RowCodec(oracle)
  const data = pseudoRandomBytes(SHAPE.k * SHAPE.blockBytes, 9)
  const segment = Buffer.concat([data, codec.encode(SHAPE, data)])

  /** Flips bytes of the rows `wrong` and checks the rows `have`. */
  function report(have: readonly number[], wrong: readonly number[], bytes = 20) {
    const blocks = pickRows(segment, SHAPE.blockBytes, have)
    for (const row of wrong) {
      const noise = pseudoRandomBytes(bytes, row + 1)
      noise.forEach((byte, i) => (blocks[have.indexOf(row) * SHAPE.blockBytes + i] ^= byte | 1))
    }
    return codec.check(SHAPE, have, blocks)
  }

  it('finds rows of one segment consistent', () => {
    expect(report([0, 1, 2, 3, 4, 5], [])).to.deep.equal({ consistent: true, corrupt: [] })
    expect(report([10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0], [])).to.deep.equal({ consistent: true, corrupt: [] })
  })

  it('detects a wrong row with k + 1 but cannot name it', () => {
    expect(report([0, 1, 2, 3, 4, 5], [2])).to.deep.equal({ consistent: false, corrupt: undefined })
  })

  it('names a wrong row with k + 2, whichever it is, even by one byte', () => {
    const have = [0, 2, 4, 6, 8, 10, 1]
    for (const row of have) {
      expect(report(have, [row], 1)).to.deep.equal({ consistent: false, corrupt: [row] })
    }
  })

  it('names several wrong rows while enough others agree', () => {
    const have = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    expect(report(have, [1, 8, 9])).to.deep.equal({ consistent: false, corrupt: [1, 8, 9] })
  })

  it('names no row when there are as many wrong rows as spare ones', () => {
    expect(report([0, 1, 2, 3, 4, 5, 6], [0, 6])).to.deep.equal({ consistent: false, corrupt: undefined })
  })
})
