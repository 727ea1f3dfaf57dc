import { EncoderError } from './errors.ts'
import { RecentlyUsed } from './recently-used.ts'
import { recoveryMatrix } from './rs8/generator.ts'
import { checkCode, checkRows, checkSurvivors } from './shape.ts'

/** A code that a manifest may name. Families produce different bytes on disk, so names are never reused. */
export interface CodeFamily {
  readonly name: string
  /** Number of the family in messages between threads; manifests contain the name. */
  readonly id: number
  /** Plans how to make the rows `want` from the rows `have`; both must be valid. */
  plan(k: number, have: readonly number[], want: readonly number[]): RowPlan
}

/**
 * How to make some rows from k others. It belongs to the code, not to a backend: the matrix defines the result. A backend
 * that knows a faster method for the same bytes uses the row numbers.
 */
export interface RowPlan {
  /** Data rows of the code. */
  readonly k: number
  /**
   * The given rows, in order: k rows, or the one row whose change is given. In a pair of segments, `partnerRow(r)` stands
   * for row r of the first one; such rows come last.
   */
  readonly have: readonly number[]
  /** The rows to make, in the order in which they are written. */
  readonly want: readonly number[]
  /** want.length rows of have.length coefficients in GF(2^8), contiguous. */
  readonly matrix: Uint8Array
}

/** Systematic Reed-Solomon over GF(2^8) with polynomial 0x11D at the points of the Cantor basis. */
export const rs8: CodeFamily = {
  name: 'rs8',
  id: 1,
  plan: (k, have, want) => ({ k, have, want, matrix: recoveryMatrix(k, have, want) })
}

/** A least-recently-used cache of plans: making a plan costs k^2 steps. */
export class PlanCache {
  readonly #family: CodeFamily
  readonly #plans: RecentlyUsed<RowPlan>

  /** @param capacity - maximum plans; the largest takes about 50 KiB */
  constructor(family: CodeFamily = rs8, capacity = 64) {
    this.#family = family
    this.#plans = new RecentlyUsed(capacity)
  }

  /**
   * Plan to make `rows` from the data rows.
   * @throws EncoderError BAD_SHAPE, BAD_ROWS
   */
  encode(k: number, n: number, rows: readonly number[] = parityRows(k, n)): RowPlan {
    checkCode(k, n)
    checkRows(rows, n)
    return this.#planned(k, dataRows(k), rows)
  }

  /**
   * Plan to make the rows `want` from the k different rows `have`.
   * @throws EncoderError BAD_SHAPE, BAD_ROWS
   */
  reconstruct(k: number, n: number, have: readonly number[], want: readonly number[]): RowPlan {
    checkCode(k, n)
    checkSurvivors(have, k, n)
    checkRows(want, n)
    return this.#planned(k, have, want)
  }

  /**
   * Plan to make the changes of parity rows from the change of one data row, its only source. The matrix is the data row's
   * column of the encoding matrix.
   * @throws EncoderError BAD_SHAPE, BAD_ROWS
   */
  update(k: number, n: number, dataRow: number, rows: readonly number[]): RowPlan {
    const { matrix } = this.encode(k, n, rows)
    checkRows([dataRow], k)
    return this.#plans.get(`${k} change:${dataRow}:${rows.join()}`, () => ({
      k,
      have: [dataRow],
      want: [...rows],
      matrix: Uint8Array.from(rows, (_, i) => matrix[i * k + dataRow])
    }))
  }

  /**
   * Plan to make the rows of `have` after the first k from those first k, to compare them.
   * @throws EncoderError BAD_SHAPE, BAD_ROWS
   */
  check(k: number, n: number, have: readonly number[]): RowPlan {
    checkCode(k, n)
    checkRows(have, n)
    if (have.length <= k) {
      throw new EncoderError('BAD_ROWS', `Only more than ${k} rows can be checked against each other.`, {
        k,
        have
      })
    }
    return this.#planned(k, have.slice(0, k), have.slice(k))
  }

  #planned(k: number, have: readonly number[], want: readonly number[]): RowPlan {
    const key = `${k}:${have.join()}:${want.join()}`
    return this.#plans.get(key, () => this.#family.plan(k, [...have], [...want]))
  }
}

/** Rows 0 to k-1. */
export function dataRows(k: number): number[] {
  return Array.from({ length: k }, (_, row) => row)
}

/** Rows k to n-1. */
export function parityRows(k: number, n: number): number[] {
  return Array.from({ length: n - k }, (_, i) => k + i)
}
