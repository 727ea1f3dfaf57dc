import { expect } from 'chai'
import { PlanCache } from '../../../encoder/index.ts'
import type { Backend, RowPlan } from '../../../encoder/index.ts'
import { computeHashed } from '../../../encoder/backends/open.ts'
import { leafHash } from '../../../encoder/merkle/merkle.ts'
import { splitRows } from '../../../encoder/shape.ts'
import { BACKENDS, BLOCK_SIZES, SHAPES, oracle, pseudoRandomBytes, pseudoRandomRows } from './support.ts'

const plans = new PlanCache()

async function made(
  backend: Backend,
  plan: RowPlan,
  blocks: Uint8Array,
  blockBytes: number
): Promise<Uint8Array> {
  const rows = new Uint8Array(plan.want.length * blockBytes)
  await backend.compute(plan, splitRows(blocks, blockBytes), splitRows(rows, blockBytes))
  return rows
}

/** Chai would print megabytes on a difference. */
function expectSameBytes(actual: Uint8Array, expected: Uint8Array): void {
  expect(actual.length).to.equal(expected.length)
  expect(
    actual.findIndex((byte, i) => byte !== expected[i]),
    'first byte that differs'
  ).to.equal(-1)
}

for (const { name, open, isSlow } of BACKENDS) {
  describe(`backend ${name} against the oracle`, () => {
    let backend: Backend
    before(async function () {
      try {
        backend = await open()
      } catch (error) {
        console.log(`      skipped, ${name} does not run here: ${(error as Error).message}`)
        this.skip()
      }
    })
    after(() => backend?.close())

    const shapes = SHAPES.filter(([k, n]) => !isSlow || k * n <= 40 * 40)
    for (const [k, n] of shapes) {
      it(`encodes (${k}, ${n})`, async () => {
        const plan = plans.encode(k, n)
        for (const blockBytes of [1, 63, 1000]) {
          const data = pseudoRandomBytes(k * blockBytes, k + n)
          const expected = await made(oracle, plan, data, blockBytes)
          expectSameBytes(await made(backend, plan, data, blockBytes), expected)
        }
      })

      it(`hashes the rows of (${k}, ${n}) as leaves`, async () => {
        const plan = plans.encode(k, n)
        // Around the shortest that a GPU hashes, and every remainder where the end of SHA-256's message moves to another chunk.
        const ends = k * n > 10 * 20 ? [] : [1, 4095, 4097, 4110, 4150, 4152, 4159, 4160, 8191]
        const lengths = [4096, 4151, ...ends]
        await Promise.all(
          lengths.map(async (blockBytes, seed) => {
            const sources = splitRows(pseudoRandomBytes(k * blockBytes, seed), blockBytes)
            const targets = splitRows(new Uint8Array((n - k) * blockBytes), blockBytes)
            const leaves = await computeHashed(backend, plan, sources, targets)
            expectSameBytes(leaves, Buffer.concat([...sources, ...targets].map((row) => leafHash(row))))
          })
        )
      })

      it(`reconstructs all rows of (${k}, ${n}) from any ${k}`, async () => {
        const blockBytes = 65
        for (const seed of [1, 2]) {
          const blocks = pseudoRandomBytes(k * blockBytes, seed)
          const have = pseudoRandomRows(n, k, seed)
          const plan = plans.reconstruct(k, n, have, pseudoRandomRows(n, n, seed + 9))
          const expected = await made(oracle, plan, blocks, blockBytes)
          expectSameBytes(await made(backend, plan, blocks, blockBytes), expected)
        }
      })
    }

    it('decodes from whole cosets of parity, in any order, to data and other parity', async () => {
      for (const [k, n, first] of [
        [2, 8, 4],
        [4, 16, 4],
        [8, 32, 16],
        [16, 48, 16]
      ]) {
        const parity = pseudoRandomRows(k, k, n).map((row) => first + row)
        const blocks = pseudoRandomBytes(k * 100, n)
        for (const want of [pseudoRandomRows(k, k, 1), pseudoRandomRows(n, n, 2)]) {
          const plan = plans.reconstruct(k, n, parity, want)
          expectSameBytes(await made(backend, plan, blocks, 100), await made(oracle, plan, blocks, 100))
        }
      }
    })

    if (!isSlow) {
      it('makes some lost data rows of wide codes, wherever they are', async () => {
        for (const [k, n, lost] of [
          [64, 128, 8],
          [100, 131, 12],
          [128, 256, 16],
          [200, 256, 20]
        ]) {
          const blocks = pseudoRandomBytes(k * 100, lost)
          const gone = pseudoRandomRows(k, lost, k)
          const have = pseudoRandomRows(n, n, lost).filter((row) => !gone.includes(row))
          const [data, parity] = [have.filter((row) => row < k), have.filter((row) => row >= k)]
          const plan = plans.reconstruct(k, n, [...parity.slice(0, lost), ...data], gone)
          expectSameBytes(await made(backend, plan, blocks, 100), await made(oracle, plan, blocks, 100))
        }
      })
    }

    for (const blockBytes of BLOCK_SIZES) {
      it(`encodes and reconstructs blocks of ${blockBytes} bytes`, async () => {
        for (const [k, n] of [
          [3, 7],
          [8, 12]
        ]) {
          const blocks = pseudoRandomBytes(k * blockBytes, blockBytes)
          const have = pseudoRandomRows(n, k, blockBytes)
          for (const plan of [plans.encode(k, n), plans.reconstruct(k, n, have, [0, n - 1])]) {
            const expected = await made(oracle, plan, blocks, blockBytes)
            expectSameBytes(await made(backend, plan, blocks, blockBytes), expected)
          }
        }
      })
    }

    it('keeps the results of concurrent calls apart', async () => {
      const calls = Array.from({ length: 12 }, async (_, seed) => {
        const plan = plans.encode(4, 6 + (seed % 3))
        const data = pseudoRandomBytes(4 * 5000, seed)
        expectSameBytes(await made(backend, plan, data, 5000), await made(oracle, plan, data, 5000))
      })
      await Promise.all(calls)
    })

    it('makes any selection of rows, in any order, even an empty one', async () => {
      const blocks = pseudoRandomBytes(20 * 100, 5)
      for (const rows of [[], [25], [39, 3, 21], [20, 21, 22, 23, 24]]) {
        const plan = plans.encode(20, 40, rows)
        expectSameBytes(await made(backend, plan, blocks, 100), await made(oracle, plan, blocks, 100))
      }
    })

    it('does not change the sources or the bytes around the targets', async () => {
      const blocks = pseudoRandomBytes(4 * 100, 6)
      const before = blocks.slice()
      const around = new Uint8Array(3 * 100).fill(0xaa)
      const plan = plans.encode(4, 5)
      await backend.compute(plan, splitRows(blocks, 100), [around.subarray(100, 200)])
      expectSameBytes(blocks, before)
      expect(around.subarray(0, 100).every((byte) => byte === 0xaa)).to.equal(true)
      expect(around.subarray(200).every((byte) => byte === 0xaa)).to.equal(true)
    })

    it('refuses rows that do not fit the plan', async () => {
      const plan = plans.encode(2, 3)
      const row = (bytes: number) => new Uint8Array(bytes)
      const attempt = async (sources: Uint8Array[], targets: Uint8Array[]) =>
        backend.compute(plan, sources, targets)
      for (const [sources, targets, code] of [
        [[row(8)], [row(8)], 'BAD_ROWS'],
        [[row(8), row(8)], [], 'BAD_ROWS'],
        [[row(8), row(9)], [row(8)], 'BAD_LENGTH'],
        [[row(8), row(8)], [row(7)], 'BAD_LENGTH']
      ] as const) {
        const error = await attempt([...sources], [...targets]).catch((reason) => reason)
        expect(error).to.have.property('code', code)
      }
    })
  })
}
