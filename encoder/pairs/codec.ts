import type { SyncBackend } from '../backends/backend.ts'
import { PlanCache, parityRows } from '../plan.ts'
import type { RowPlan } from '../plan.ts'
import { RecentlyUsed } from '../recently-used.ts'
import { MAX_ROWS, checkLength, checkRows, checkShape, splitRows } from '../shape.ts'
import type { SegmentShape } from '../shape.ts'
import { PairCode } from './pair-code.ts'
import type { PairRepair } from './pair-code.ts'

/** Rows of both segments of a pair; those of one segment are contiguous. */
export interface Pair {
  readonly first: Uint8Array
  readonly second: Uint8Array
}

/** Some rows of a segment: their numbers, and their blocks in that order. */
export interface GivenRows {
  readonly rows: readonly number[]
  readonly blocks: Uint8Array
}

/** A backend has room for the coefficients of this many products. */
const MAX_COEFFICIENTS = MAX_ROWS * MAX_ROWS

/** One call of a backend. */
export type PairStep = readonly [
  plan: RowPlan,
  sources: readonly Uint8Array[],
  targets: readonly Uint8Array[]
]

/** The work of a PairCodec as calls of a backend, which may be synchronous or not. */
export class PairSteps {
  readonly #plans = new PlanCache()
  readonly #codes = new RecentlyUsed<PairCode>(16)
  readonly #pairPlans = new RecentlyUsed<RowPlan>(64)
  readonly #repairs = new RecentlyUsed<PairRepair | undefined>(64)

  planRepair(
    shape: Pick<SegmentShape, 'k' | 'n'>,
    lost: number,
    available: readonly number[]
  ): PairRepair | undefined {
    const key = `${shape.k}:${shape.n}:${lost}:${available.join()}`
    return this.#repairs.get(key, () => this.#code(shape).repair(lost, available))
  }

  *encode(
    shape: SegmentShape,
    data: Pair,
    rows: readonly number[] = parityRows(shape.k, shape.n)
  ): Generator<PairStep, Pair> {
    checkShape(shape)
    const { k, blockBytes } = shape
    checkLength(data.first, k, blockBytes)
    checkLength(data.second, k, blockBytes)
    checkRows(rows, MAX_ROWS)
    const code = this.#code(shape)
    const carried = code.carriedByAll(rows)
    // Parity of the first segment that is only carried.
    const between = carried.filter((row) => row >= k && !rows.includes(row))
    const firstData = splitRows(data.first, blockBytes)
    const first = new Uint8Array(rows.length * blockBytes)
    const firstRows = new Map(firstData.map((block, row) => [row, block]))
    const made = [...splitRows(first, blockBytes), ...between.map(() => new Uint8Array(blockBytes))]
    yield [this.#plans.encode(k, MAX_ROWS, [...rows, ...between]), firstData, made]
    for (const [i, row] of [...rows, ...between].entries()) firstRows.set(row, made[i])
    const sources = [...splitRows(data.second, blockBytes), ...carried.map((row) => firstRows.get(row)!)]
    const key = `${k}:${shape.n} encode ${rows.join()}`
    const plan = this.#pairPlans.get(key, () => code.encodePlan(rows))
    const second = new Uint8Array(rows.length * blockBytes)
    yield [plan, sources, splitRows(second, blockBytes)]
    return { first, second }
  }

  *reconstructSecond(
    shape: SegmentShape,
    first: GivenRows,
    second: GivenRows,
    want: readonly number[]
  ): Generator<PairStep, Uint8Array> {
    checkShape(shape)
    const { k, n, blockBytes } = shape
    const code = this.#code(shape)
    const made = new Uint8Array(want.length * blockBytes)
    const step = Math.floor(MAX_COEFFICIENTS / (2 * k))
    for (let start = 0; start < want.length || start === 0; start += step) {
      const rows = want.slice(start, start + step)
      const key = `${k}:${n} decode ${first.rows.join()}:${second.rows.join()}:${rows.join()}`
      const plan = this.#pairPlans.get(key, () => code.decodePlan(first.rows, second.rows, rows))
      checkLength(first.blocks, k, blockBytes)
      checkLength(second.blocks, k, blockBytes)
      const targets = splitRows(
        made.subarray(start * blockBytes, (start + rows.length) * blockBytes),
        blockBytes
      )
      const sources = [...splitRows(second.blocks, blockBytes), ...splitRows(first.blocks, blockBytes)]
      yield [plan, sources, targets]
    }
    return made
  }

  *repair({ first, second, plan }: PairRepair, blocks: Pair, blockBytes: number): Generator<PairStep, Pair> {
    checkLength(blocks.first, first.length, blockBytes)
    checkLength(blocks.second, second.length, blockBytes)
    const made = { first: new Uint8Array(blockBytes), second: new Uint8Array(blockBytes) }
    const sources = [...splitRows(blocks.second, blockBytes), ...splitRows(blocks.first, blockBytes)]
    yield [plan, sources, [made.second, made.first]]
    return made
  }

  #code({ k, n }: Pick<SegmentShape, 'k' | 'n'>): PairCode {
    return this.#codes.get(`${k}:${n}`, () => new PairCode(k, n))
  }
}

/**
 * The code rs8p on the calling thread; see PairCode. A shape's n is the number of rows with which the object was put; rows from n
 * on may be made as well.
 */
export class PairCodec {
  readonly #backend: SyncBackend
  readonly #steps = new PairSteps()

  constructor(backend: SyncBackend) {
    this.#backend = backend
  }

  /**
   * The parity rows of both segments, or the requested rows.
   *
   * @param data - k rows of each segment
   * @param rows - different rows, in the order wanted; by default k to n-1
   * @throws EncoderError BAD_SHAPE, BAD_LENGTH, BAD_ROWS
   */
  encode(shape: SegmentShape, data: Pair, rows?: readonly number[]): Pair {
    return this.#run(this.#steps.encode(shape, data, rows))
  }

  /**
   * Makes rows of the second segment from any k rows of each segment. The first segment is rs8: RowCodec.reconstruct makes its
   * rows.
   *
   * @param want - different rows, in the order wanted
   * @throws EncoderError BAD_SHAPE, BAD_LENGTH, BAD_ROWS
   */
  reconstructSecond(
    shape: SegmentShape,
    first: GivenRows,
    second: GivenRows,
    want: readonly number[]
  ): Uint8Array {
    return this.#run(this.#steps.reconstructSecond(shape, first, second, want))
  }

  /**
   * Which blocks to read to rebuild one lost row; undefined if it takes k whole rows. See PairCode.repair.
   * @throws EncoderError BAD_SHAPE, BAD_ROWS
   */
  planRepair(
    shape: Pick<SegmentShape, 'k' | 'n'>,
    lost: number,
    available: readonly number[]
  ): PairRepair | undefined {
    return this.#steps.planRepair(shape, lost, available)
  }

  /**
   * Rebuilds the blocks of one lost row.
   *
   * @param blocks - those that `repair` names, in its order
   * @throws EncoderError BAD_LENGTH
   */
  repair(repair: PairRepair, blocks: Pair, blockBytes: number): Pair {
    return this.#run(this.#steps.repair(repair, blocks, blockBytes))
  }

  #run<R>(steps: Generator<PairStep, R>): R {
    for (;;) {
      const { value, done } = steps.next()
      if (done === true) return value
      this.#backend.compute(...value)
    }
  }
}
