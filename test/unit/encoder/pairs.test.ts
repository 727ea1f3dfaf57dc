import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import fc from 'fast-check'
import {
  EncoderError,
  PairCode,
  PairCodec,
  RowCodec,
  createWasmBackend,
  repairShares
} from '../../../encoder/index.ts'
import type { Pair } from '../../../encoder/index.ts'
import { columnProgram, methodsFor, programBy } from '../../../encoder/rs8/compile.ts'
import { oracleRow } from '../../../encoder/rs8/oracle.ts'
import { splitRows } from '../../../encoder/shape.ts'
import { BACKENDS, oracle, pickRows, pseudoRandomBytes, pseudoRandomRows } from './support.ts'

const BLOCK = 24
const codec = new PairCodec(createWasmBackend())
const rs8 = new RowCodec(createWasmBackend())

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i)
}

/** All n rows of a pair with some data. */
function wholePair(k: number, n: number, blockBytes = BLOCK, seed = 1): Pair {
  const data = {
    first: pseudoRandomBytes(k * blockBytes, seed),
    second: pseudoRandomBytes(k * blockBytes, seed + 1)
  }
  const parity = codec.encode({ k, n, blockBytes }, data)
  return {
    first: Buffer.concat([data.first, parity.first]),
    second: Buffer.concat([data.second, parity.second])
  }
}

/** The definition, by hand: rs8 from the oracle, plus the blocks that the row carries. */
function definedRow(first: Uint8Array, second: Uint8Array, k: number, n: number, row: number): Buffer {
  const block = Buffer.from(oracleRow(splitRows(second, BLOCK), row))
  for (const carried of new PairCode(k, n).carriedBy(row)) {
    oracleRow(splitRows(first, BLOCK), carried).forEach((byte, i) => (block[i] ^= byte))
  }
  return block
}

/** Restores every row of both segments from the rows `have`. */
function restored(pair: Pair, k: number, n: number, have: readonly number[], blockBytes = BLOCK): Pair {
  const shape = { k, n, blockBytes }
  const first = { rows: have, blocks: pickRows(pair.first, blockBytes, have) }
  const second = { rows: have, blocks: pickRows(pair.second, blockBytes, have) }
  return {
    first: rs8.reconstruct({ ...shape, n: 256 }, have, first.blocks, range(0, n)),
    second: codec.reconstructSecond(shape, first, second, range(0, n))
  }
}

function isSame(a: Pair, b: Pair): boolean {
  return Buffer.compare(a.first, b.first) === 0 && Buffer.compare(a.second, b.second) === 0
}

function* subsets(n: number, k: number, from = 0): Generator<number[]> {
  if (k === 0) return yield []
  for (let row = from; row <= n - k; row++) {
    for (const rest of subsets(n, k - 1, row + 1)) yield [row, ...rest]
  }
}

/** Rebuilds `lost` by the plan for these helpers; undefined if there is no cheap one. */
function repaired(pair: Pair, k: number, n: number, lost: number, available: readonly number[]) {
  const plan = codec.planRepair({ k, n }, lost, available)
  if (plan === undefined) return undefined
  const blocks = {
    first: pickRows(pair.first, BLOCK, plan.first),
    second: pickRows(pair.second, BLOCK, plan.second)
  }
  return { plan, made: codec.repair(plan, blocks, BLOCK) }
}

const SHAPES = [
  [1, 4],
  [2, 3],
  [2, 4],
  [3, 5],
  [4, 6],
  [4, 8],
  [5, 8],
  [6, 12],
  [8, 20],
  [10, 14],
  [16, 32],
  [100, 131],
  [254, 256]
] as const

const anyCode = fc
  .record({ k: fc.integer({ min: 1, max: 60 }), more: fc.nat(60), seed: fc.nat(100_000) })
  .map(({ k, more, seed }) => ({ k, n: k + more, seed }))

describe('the code rs8p', () => {
  for (const [k, n] of SHAPES) {
    it(`makes the rows that the definition gives at (${k}, ${n}), the first segment being rs8`, () => {
      const pair = wholePair(k, n)
      const data = { first: pair.first.subarray(0, k * BLOCK), second: pair.second.subarray(0, k * BLOCK) }
      expect(
        Buffer.compare(pair.first.subarray(k * BLOCK), rs8.encode({ k, n, blockBytes: BLOCK }, data.first))
      ).to.equal(0)
      for (const row of new Set([k, k + 1, k + 2, n - 1].filter((each) => each < n))) {
        const made = pickRows(pair.second, BLOCK, [row])
        expect(Buffer.compare(made, definedRow(data.first, data.second, k, n, row)), `row ${row}`).to.equal(0)
      }
    })
  }

  it('restores all rows of small codes from every choice of k', () => {
    for (let k = 1; k <= 5; k++) {
      for (let n = k; n <= 8; n++) {
        const pair = wholePair(k, n)
        for (const have of subsets(n, k)) {
          expect(isSame(restored(pair, k, n, have), pair), `(${k}, ${n}) from ${have.join()}`).to.equal(true)
        }
      }
    }
  })

  it('restores all rows of any code from any k', () => {
    fc.assert(
      fc.property(anyCode, ({ k, n, seed }) => {
        const pair = wholePair(k, n)
        return isSame(restored(pair, k, n, pseudoRandomRows(n, k, seed)), pair)
      }),
      { numRuns: 40, seed: 1 }
    )
  })

  it('restores the widest codes, whose plans are made in parts', () => {
    for (const [k, n] of [
      [129, 256],
      [200, 256],
      [254, 256]
    ]) {
      const pair = wholePair(k, n)
      expect(isSame(restored(pair, k, n, range(n - k, n)), pair), `(${k}, ${n})`).to.equal(true)
    }
  })

  it('restores the second segment from other rows than the first', () => {
    const [k, n] = [6, 12]
    const pair = wholePair(k, n)
    const given = (rows: readonly number[], blocks: Uint8Array) => ({
      rows,
      blocks: pickRows(blocks, BLOCK, rows)
    })
    const made = codec.reconstructSecond(
      { k, n, blockBytes: BLOCK },
      given([0, 2, 7, 8, 9, 10], pair.first),
      given([11, 1, 3, 9, 5, 6], pair.second),
      range(0, n)
    )
    expect(Buffer.compare(made, pair.second)).to.equal(0)
  })

  it('makes each row alone', () => {
    for (const [k, n] of [
      [4, 8],
      [8, 20]
    ]) {
      const pair = wholePair(k, n)
      const data = { first: pair.first.subarray(0, k * BLOCK), second: pair.second.subarray(0, k * BLOCK) }
      for (let row = 0; row < n; row++) {
        const made = codec.encode({ k, n, blockBytes: BLOCK }, data, [row])
        const expected = {
          first: pickRows(pair.first, BLOCK, [row]),
          second: pickRows(pair.second, BLOCK, [row])
        }
        expect(isSame(made, expected), `row ${row} of (${k}, ${n})`).to.equal(true)
      }
    }
  })

  it('makes rows beyond n, which carry nothing, and restores from them', () => {
    const [k, n] = [4, 8]
    const pair = wholePair(k, n)
    const shape = { k, n, blockBytes: BLOCK }
    const data = { first: pair.first.subarray(0, k * BLOCK), second: pair.second.subarray(0, k * BLOCK) }
    const added = codec.encode(shape, data, [8, 9])
    expect(Buffer.compare(added.second, rs8.encode({ ...shape, n: 10 }, data.second, [8, 9]))).to.equal(0)
    const all = {
      first: Buffer.concat([pair.first, added.first]),
      second: Buffer.concat([pair.second, added.second])
    }
    expect(isSame(restored(all, k, n, [9, 6, 8, 5]), pair)).to.equal(true)
  })

  it('lets no row carry itself, and each row at most once', () => {
    fc.assert(
      fc.property(anyCode, ({ k, n }) => {
        const code = new PairCode(k, n)
        const all = range(0, n).flatMap((row) => code.carriedBy(row).map((carried) => [carried, row]))
        expect(new Set(all.map(([carried]) => carried)).size).to.equal(all.length)
        for (const [carried, row] of all) {
          expect(code.carrierOf(carried)).to.equal(row)
          expect(carried).not.to.equal(row)
          expect(row).to.be.greaterThan(k)
        }
      }),
      { numRuns: 200, seed: 1 }
    )
  })
})

describe('repair of one row of rs8p', () => {
  it('rebuilds each row of any code from the blocks that the plan names, always fewer than 2k', () => {
    fc.assert(
      fc.property(anyCode, ({ k, n }) => {
        const pair = wholePair(k, n)
        for (let lost = 0; lost < n; lost++) {
          const done = repaired(pair, k, n, lost, range(0, n))
          if (done === undefined) continue
          expect(done.plan.first.length + done.plan.second.length).to.be.lessThan(2 * k)
          expect([...done.plan.first, ...done.plan.second]).not.to.include(lost)
          const expected = {
            first: pickRows(pair.first, BLOCK, [lost]),
            second: pickRows(pair.second, BLOCK, [lost])
          }
          expect(isSame(done.made, expected), `row ${lost} of (${k}, ${n})`).to.equal(true)
        }
      }),
      { numRuns: 30, seed: 1 }
    )
  })

  it('works around helpers that are missing, or says that it takes k rows', () => {
    const [k, n] = [8, 20]
    const pair = wholePair(k, n)
    let cheap = 0
    for (let seed = 0; seed < 200; seed++) {
      const available = pseudoRandomRows(n, k + 1 + (seed % (n - k)), seed)
      for (let lost = 0; lost < n; lost++) {
        const done = repaired(pair, k, n, lost, available)
        if (done === undefined) continue
        cheap++
        const reads = [...done.plan.first, ...done.plan.second]
        expect(reads.every((row) => available.includes(row))).to.equal(true)
        const expected = {
          first: pickRows(pair.first, BLOCK, [lost]),
          second: pickRows(pair.second, BLOCK, [lost])
        }
        expect(isSame(done.made, expected)).to.equal(true)
      }
    }
    expect(cheap).to.be.greaterThan(500)
  })

  it('takes k rows when the row that carries the lost one is missing', () => {
    const code = new PairCode(4, 8)
    const carrier = code.carrierOf(1)!
    expect(code.repair(1, range(0, 8))).not.to.equal(undefined)
    expect(
      code.repair(
        1,
        range(0, 8).filter((row) => row !== carrier)
      )
    ).to.equal(undefined)
  })

  it('reads this share of k blocks, for a data row and for any row', () => {
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    const shares = (k: number, n: number) => {
      const all = repairShares(new PairCode(k, n))
      return [mean(all.slice(0, k)), mean(all)].map((value) => Number(value.toFixed(3)))
    }
    expect(shares(4, 6)).to.deep.equal(FIGURES['4 of 6'])
    expect(shares(4, 8)).to.deep.equal(FIGURES['4 of 8'])
    expect(shares(5, 8)).to.deep.equal(FIGURES['5 of 8'])
    expect(shares(6, 12)).to.deep.equal(FIGURES['6 of 12'])
    expect(shares(8, 20)).to.deep.equal(FIGURES['8 of 20'])
    expect(shares(10, 14)).to.deep.equal(FIGURES['10 of 14'])
    expect(shares(16, 32)).to.deep.equal(FIGURES['16 of 32'])
  })
})

/** docs/explain/encoder.md, "Pairs" has the same table. */
const FIGURES: Readonly<Record<string, readonly [data: number, any: number]>> = {
  '4 of 6': [0.875, 0.917],
  '4 of 8': [0.688, 0.844],
  '5 of 8': [0.76, 0.85],
  '6 of 12': [0.611, 0.806],
  '8 of 20': [0.625, 0.681],
  '10 of 14': [0.67, 0.764],
  '16 of 32': [0.568, 0.6]
}

describe('programs of rs8p', () => {
  it('adds what rows carry to the fastest program of rs8', () => {
    for (const [k, n] of [
      [4, 8],
      [10, 14],
      [64, 128]
    ]) {
      const plan = new PairCode(k, n).encodePlan(range(k, n))
      const [matrix, ...others] = methodsFor(plan)
      expect(others.length).to.be.greaterThan(1)
      expect(columnProgram(plan).cost, `(${k}, ${n})`).to.be.lessThan(programBy(matrix, plan).cost)
    }
  })

  it('stays within the kernel’s memory at every shape', () => {
    for (let k = 1; k <= 256; k += 51) {
      for (const n of new Set([k, Math.min(256, 2 * k), 256])) {
        const { words, rowSlots, scratchSlots } = columnProgram(new PairCode(k, n).encodePlan(range(k, n)))
        expect(words.byteLength).to.be.at.most(176 * 1024)
        expect(rowSlots + 1 + scratchSlots).to.be.at.most(1024)
        expect(scratchSlots * (256 + 64)).to.be.at.most(256 * 1024)
      }
    }
  })
})

for (const { name, open } of BACKENDS) {
  describe(`rs8p on backend ${name}`, () => {
    it('gives the bytes of the oracle', async function () {
      const backend = await open().catch(() => this.skip())
      try {
        for (const [k, n] of [
          [4, 8],
          [8, 20],
          [16, 32]
        ]) {
          const code = new PairCode(k, n)
          const plans = [
            code.encodePlan(range(k, n)),
            code.decodePlan(range(1, k + 1), range(n - k, n), range(0, k)),
            code.repair(1, range(0, n))!.plan
          ]
          for (const plan of plans) {
            const sources = splitRows(pseudoRandomBytes(plan.have.length * 100, k), 100)
            const made = plan.want.map(() => new Uint8Array(100))
            const expected = plan.want.map(() => new Uint8Array(100))
            oracle.compute(plan, sources, expected)
            await backend.compute(plan, sources, made)
            expect(Buffer.compare(Buffer.concat(made), Buffer.concat(expected))).to.equal(0)
          }
        }
      } finally {
        backend.close()
      }
    })
  })
}

interface Vectors {
  readonly carried: ReadonlyArray<{ k: number; n: number; rows: ReadonlyArray<readonly number[]> }>
  readonly pairs: ReadonlyArray<{ k: number; n: number; blockBytes: number; paritySha256: string }>
}

const vectors = JSON.parse(readFileSync(new URL('vectors/rs8p.json', import.meta.url), 'utf8')) as Vectors

describe('rs8p test vectors', () => {
  for (const { k, n, rows } of vectors.carried) {
    it(`what the parity rows of (${k}, ${n}) carry`, () => {
      const code = new PairCode(k, n)
      expect(range(k, n).map((row) => code.carriedBy(row))).to.deep.equal(rows)
    })
  }

  for (const { k, n, blockBytes, paritySha256 } of vectors.pairs) {
    it(`parity of the second segment at (${k}, ${n}) with blocks of ${blockBytes} bytes`, () => {
      // Byte i of the pair's data is the low byte of i * i + 7 * i + (i >> 8).
      const bytes = Uint8Array.from({ length: 2 * k * blockBytes }, (_, i) => i * i + 7 * i + (i >> 8))
      const half = k * blockBytes
      const { second } = codec.encode(
        { k, n, blockBytes },
        { first: bytes.subarray(0, half), second: bytes.subarray(half) }
      )
      expect(createHash('sha256').update(second).digest('hex')).to.equal(paritySha256)
    })
  }
})

describe('what rs8p refuses', () => {
  const shape = { k: 4, n: 8, blockBytes: BLOCK }
  const rows = (count: number) => new Uint8Array(count * BLOCK)
  const refusal = (action: () => unknown): string | undefined => {
    try {
      action()
    } catch (error) {
      if (error instanceof EncoderError) return error.code
      throw error
    }
    return undefined
  }

  it('refuses invalid shapes', () => {
    expect(refusal(() => new PairCode(0, 4))).to.equal('BAD_SHAPE')
    expect(refusal(() => new PairCode(5, 4))).to.equal('BAD_SHAPE')
    expect(refusal(() => new PairCode(4, 257))).to.equal('BAD_SHAPE')
    expect(
      refusal(() => codec.encode({ ...shape, blockBytes: 0 }, { first: rows(4), second: rows(4) }))
    ).to.equal('BAD_SHAPE')
  })

  it('refuses buffers of the wrong length', () => {
    expect(refusal(() => codec.encode(shape, { first: rows(4), second: rows(3) }))).to.equal('BAD_LENGTH')
    expect(refusal(() => codec.encode(shape, { first: rows(5), second: rows(4) }))).to.equal('BAD_LENGTH')
    const good = { rows: [0, 1, 2, 3], blocks: rows(4) }
    expect(refusal(() => codec.reconstructSecond(shape, good, { ...good, blocks: rows(3) }, [4]))).to.equal(
      'BAD_LENGTH'
    )
    const plan = codec.planRepair(shape, 0, range(0, 8))!
    expect(refusal(() => codec.repair(plan, { first: rows(9), second: rows(5) }, BLOCK))).to.equal(
      'BAD_LENGTH'
    )
  })

  it('refuses rows that are duplicate, missing, surplus or not of the code', () => {
    const data = { first: rows(4), second: rows(4) }
    expect(refusal(() => codec.encode(shape, data, [4, 4]))).to.equal('BAD_ROWS')
    expect(refusal(() => codec.encode(shape, data, [256]))).to.equal('BAD_ROWS')
    const given = (list: number[]) => ({ rows: list, blocks: rows(list.length) })
    const decode = (first: number[], second: number[], want: number[]) =>
      refusal(() => codec.reconstructSecond(shape, given(first), given(second), want))
    expect(decode([0, 1, 2], [0, 1, 2, 3], [4])).to.equal('BAD_ROWS')
    expect(decode([0, 1, 2, 3], [0, 1, 2, 3, 4], [5])).to.equal('BAD_ROWS')
    expect(decode([0, 1, 2, 3], [0, 1, 2, 2], [5])).to.equal('BAD_ROWS')
    expect(decode([0, 1, 2, 3], [0, 1, 2, 3], [5, 5])).to.equal('BAD_ROWS')
    expect(refusal(() => codec.planRepair(shape, -1, range(0, 8)))).to.equal('BAD_ROWS')
    expect(refusal(() => codec.planRepair(shape, 0, [1, 2.5]))).to.equal('BAD_ROWS')
  })
})
