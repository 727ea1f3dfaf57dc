import type { SyncBackend } from './backends/backend.ts'
import { locateCorruption } from './consistency.ts'
import type { ConsistencyReport } from './consistency.ts'
import { PlanCache } from './plan.ts'
import { checkLength, checkShape, splitRows } from './shape.ts'
import type { SegmentShape } from './shape.ts'

/**
 * The code on the calling thread: makes rows from rows and keeps only plans. The rows of a segment are contiguous in one
 * buffer. Processes that must stay responsive use createSegmentCodec instead.
 */
export class RowCodec {
  readonly #backend: SyncBackend
  readonly #plans: PlanCache

  constructor(backend: SyncBackend, plans: PlanCache = new PlanCache()) {
    this.#backend = backend
    this.#plans = plans
  }

  /**
   * The parity rows of a segment, or the requested rows.
   *
   * @param data - k rows
   * @param rows - different rows of the code, in the order wanted; by default k to n-1
   * @throws EncoderError BAD_SHAPE, BAD_LENGTH, BAD_ROWS
   */
  encode(shape: SegmentShape, data: Uint8Array, rows?: readonly number[]): Uint8Array {
    checkShape(shape)
    checkLength(data, shape.k, shape.blockBytes)
    const plan = this.#plans.encode(shape.k, shape.n, rows)
    const made = new Uint8Array(plan.want.length * shape.blockBytes)
    this.#backend.compute(plan, splitRows(data, shape.blockBytes), splitRows(made, shape.blockBytes))
    return made
  }

  /**
   * Makes any rows from any k rows.
   *
   * @param have - exactly k different rows
   * @param blocks - those rows, in that order
   * @param want - different rows, in the order wanted
   * @throws EncoderError BAD_SHAPE, BAD_LENGTH, BAD_ROWS
   */
  reconstruct(
    shape: SegmentShape,
    have: readonly number[],
    blocks: Uint8Array,
    want: readonly number[]
  ): Uint8Array {
    checkShape(shape)
    const plan = this.#plans.reconstruct(shape.k, shape.n, have, want)
    checkLength(blocks, have.length, shape.blockBytes)
    const made = new Uint8Array(want.length * shape.blockBytes)
    this.#backend.compute(plan, splitRows(blocks, shape.blockBytes), splitRows(made, shape.blockBytes))
    return made
  }

  /**
   * Updates parity rows after a change of one data row, using only the change.
   *
   * @param dataRow - the data row that changed, 0 to k-1
   * @param delta - old row XOR new row
   * @param rows - the parity rows to change
   * @param parity - those rows, in that order; changed in place
   * @throws EncoderError BAD_SHAPE, BAD_LENGTH, BAD_ROWS
   */
  update(
    shape: SegmentShape,
    dataRow: number,
    delta: Uint8Array,
    rows: readonly number[],
    parity: Uint8Array
  ): void {
    checkShape(shape)
    checkLength(delta, 1, shape.blockBytes)
    checkLength(parity, rows.length, shape.blockBytes)
    const change = new Uint8Array(parity.length)
    const plan = this.#plans.update(shape.k, shape.n, dataRow, rows)
    this.#backend.compute(plan, [delta], splitRows(change, shape.blockBytes))
    for (let i = 0; i < parity.length; i++) parity[i] ^= change[i]
  }

  /**
   * Checks more than k rows against each other. `consistent` is true if all rows belong to one segment. Otherwise
   * `corrupt` names the wrong rows if there are enough others to identify them.
   *
   * @param have - more than k different rows
   * @param blocks - those rows, in that order
   * @throws EncoderError BAD_SHAPE, BAD_LENGTH, BAD_ROWS
   */
  check(shape: SegmentShape, have: readonly number[], blocks: Uint8Array): ConsistencyReport {
    checkShape(shape)
    const { k, n, blockBytes } = shape
    checkLength(blocks, have.length, blockBytes)
    const plan = this.#plans.check(k, n, have)
    const expected = new Uint8Array(plan.want.length * blockBytes)
    const rows = splitRows(blocks, blockBytes)
    this.#backend.compute(plan, rows.slice(0, k), splitRows(expected, blockBytes))
    const given = blocks.subarray(k * blockBytes)
    for (let i = 0; i < expected.length; i++) expected[i] ^= given[i]
    return locateCorruption(plan, splitRows(expected, blockBytes))
  }
}
