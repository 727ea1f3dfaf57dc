// The code rs8p: two segments of rs8, of which the second carries sums of the first one's blocks. Plans only.

import { EncoderError } from '../errors.ts'
import { multiply } from '../gf256.ts'
import { dataRows } from '../plan.ts'
import type { RowPlan } from '../plan.ts'
import { recoveryMatrix } from '../rs8/generator.ts'
import { MAX_ROWS, checkCode, checkRows, checkSurvivors, partnerRow } from '../shape.ts'
import { carryTable } from './carry.ts'
import type { CarryTable } from './carry.ts'

/** How to rebuild both blocks of one lost row of a pair from fewer than 2k blocks. */
export interface PairRepair {
  readonly lost: number
  /** Rows of which the block of the first segment is read. */
  readonly first: readonly number[]
  /** Rows of which the block of the second segment is read; more than k. */
  readonly second: readonly number[]
  /** Makes the lost row of the second segment and that of the first one, from `second` and then `first`. */
  readonly plan: RowPlan
}

/**
 * The code `rs8p` of one shape: piggybacked Reed-Solomon, with rs8 as its base code (K. V. Rashmi, N. B. Shah and
 * K. Ramchandran, "A piggybacking design framework for read-and download-efficient distributed storage codes", 2013;
 * K. V. Rashmi et al., "A hitchhiker's guide to fast and efficient data reconstruction in erasure-coded data centers",
 * SIGCOMM 2014).
 *
 * A pair is two segments of one shape. The first one is rs8, and so are the data rows and row k of the second. The parity
 * rows k+1 to n-1 of the second are rs8 plus the sum of some rows of the first (`carriedBy`). Any k rows restore the pair:
 * first the first segment, then the second without what it carries.
 *
 * Rows from n on, which are added later, carry nothing. So n is the number with which the object was put.
 */
export class PairCode {
  readonly k: number
  readonly n: number
  readonly #table: CarryTable

  /** @throws EncoderError BAD_SHAPE unless 1 <= k <= n <= 256 */
  constructor(k: number, n: number) {
    checkCode(k, n)
    this.k = k
    this.n = n
    this.#table = carryTable(k, n)
  }

  /** The rows of the first segment whose blocks are added to row `row` of the second, ascending. */
  carriedBy(row: number): readonly number[] {
    return this.#table.carried[row] ?? []
  }

  /** The row of the second segment that carries row `row` of the first; undefined if none does. */
  carrierOf(row: number): number | undefined {
    return this.#table.carriers[row]
  }

  /** The rows of the first segment that one of `rows` of the second carries, ascending. */
  carriedByAll(rows: readonly number[]): number[] {
    return [...new Set(rows.flatMap((row) => this.carriedBy(row)))].sort((a, b) => a - b)
  }

  /**
   * Makes rows of the second segment from its data rows and then the rows `carriedByAll(rows)` of the first.
   * @throws EncoderError BAD_ROWS
   */
  encodePlan(rows: readonly number[]): RowPlan {
    checkRows(rows, MAX_ROWS)
    const { k } = this
    const data = dataRows(k)
    const carried = this.carriedByAll(rows)
    const own = recoveryMatrix(k, data, rows)
    const matrix = assemble(rows.length, k + carried.length, (target, source) =>
      source < k
        ? own[target * k + source]
        : Number(this.carriedBy(rows[target]).includes(carried[source - k]))
    )
    return { k, have: [...data, ...carried.map(partnerRow)], want: [...rows], matrix }
  }

  /**
   * Makes rows of the second segment from any k rows of it and then any k rows of the first.
   * @throws EncoderError BAD_ROWS
   */
  decodePlan(first: readonly number[], second: readonly number[], want: readonly number[]): RowPlan {
    const { k } = this
    checkSurvivors(first, k, MAX_ROWS)
    checkSurvivors(second, k, MAX_ROWS)
    checkRows(want, MAX_ROWS)
    const own = recoveryMatrix(k, second, want)
    const carried = this.carriedByAll([...second, ...want])
    const restored = recoveryMatrix(k, first, carried)
    const sums = want.map((row, target) =>
      this.#carriedSums(row, second, own.subarray(target * k, (target + 1) * k), carried)
    )
    const matrix = assemble(want.length, 2 * k, (target, source) =>
      source < k
        ? own[target * k + source]
        : sums[target].reduce((sum, factor, i) => sum ^ multiply(factor, restored[i * k + source - k]), 0)
    )
    return { k, have: [...second, ...first.map(partnerRow)], want: [...want], matrix }
  }

  /**
   * The cheapest way to rebuild one row that is lost while those of `available` can be read.
   *
   * @returns undefined if it takes 2k blocks: no row carries the lost one, or not enough helpers are there. Then any k rows
   *   rebuild it (`decodePlan`, and rs8 for the first segment).
   * @throws EncoderError BAD_ROWS
   */
  repair(lost: number, available: Iterable<number>): PairRepair | undefined {
    checkRows([lost], MAX_ROWS)
    const there = new Set(available)
    there.delete(lost)
    checkRows([...there], MAX_ROWS)
    const { k } = this
    const carrier = this.carrierOf(lost)
    if (carrier === undefined || !there.has(carrier)) return undefined
    const first = new Set([...this.carriedBy(carrier), ...this.carriedBy(lost)].filter((row) => row !== lost))
    if (![...first].every((row) => there.has(row))) return undefined
    const extra = (row: number): number => this.carriedBy(row).filter((each) => !first.has(each)).length
    const helpers = [...there]
      .filter((row) => row !== carrier && this.carriedBy(row).every((each) => there.has(each)))
      .sort((a, b) => extra(a) - extra(b) || a - b)
      .slice(0, k)
    for (const row of this.carriedByAll(helpers)) first.add(row)
    if (helpers.length < k || k + 1 + first.size >= 2 * k) return undefined
    const firstRows = [...first].sort((a, b) => a - b)
    return {
      lost,
      first: firstRows,
      second: [...helpers, carrier],
      plan: this.#repairPlan(lost, carrier, helpers, firstRows)
    }
  }

  /** Of row `lost`: its block of the second segment is decoded; its block of the first is what its carrier has too much. */
  #repairPlan(lost: number, carrier: number, helpers: readonly number[], first: readonly number[]): RowPlan {
    const { k } = this
    const own = recoveryMatrix(k, helpers, [lost, carrier])
    const sums = [lost, carrier].map((row, target) =>
      this.#carriedSums(row, helpers, own.subarray(target * k, (target + 1) * k), first)
    )
    const matrix = assemble(2, k + 1 + first.length, (target, source) => {
      if (source < k) return own[target * k + source]
      return source === k ? target : sums[target][source - k - 1]
    })
    return {
      k,
      have: [...helpers, carrier, ...first.map(partnerRow)],
      want: [lost, partnerRow(lost)],
      matrix
    }
  }

  /**
   * The factors of the first segment's rows `carried` in row `row` of the second, made by `factors` from its rows `have`: what
   * the made row carries, and what must be taken off the given rows.
   */
  #carriedSums(
    row: number,
    have: readonly number[],
    factors: Uint8Array,
    carried: readonly number[]
  ): Uint8Array {
    return Uint8Array.from(carried, (each) =>
      have.reduce(
        (sum, given, i) => (this.carriedBy(given).includes(each) ? sum ^ factors[i] : sum),
        Number(this.carriedBy(row).includes(each))
      )
    )
  }
}

function assemble(
  targets: number,
  sources: number,
  coefficient: (target: number, source: number) => number
): Uint8Array {
  const matrix = new Uint8Array(targets * sources)
  for (let i = 0; i < matrix.length; i++) matrix[i] = coefficient(Math.floor(i / sources), i % sources)
  return matrix
}

/**
 * Blocks that are read to rebuild one lost row, as a share of the 2k blocks of a pair that rs8 reads: for each row, with all
 * others there.
 */
export function repairShares(code: PairCode): number[] {
  const rows = Array.from({ length: code.n }, (_, row) => row)
  if (code.n === code.k) {
    throw new EncoderError('BAD_SHAPE', 'A code without parity rebuilds nothing.', { k: code.k, n: code.n })
  }
  return rows.map((lost) => {
    const repair = code.repair(lost, rows)
    return repair === undefined ? 1 : (repair.first.length + repair.second.length) / (2 * code.k)
  })
}
