// Rows of the second segment of a pair, made from its data: rows of rs8, and sums of rows of the first segment.

import type { RowPlan } from '../plan.ts'
import { MAX_ROWS } from '../shape.ts'
import type { Method } from './task.ts'

/** Whether a plan makes rows from the data rows of a segment and adds rows of the other segment of the pair. */
export function carriesSums({ k, have, matrix }: RowPlan): boolean {
  if (have.length <= k) return false
  const isEncoding = have.every((row, i) => (i < k ? row < k : row >= MAX_ROWS))
  return isEncoding && matrix.every((value, i) => i % have.length < k || value <= 1)
}

/** Makes the rows by a method for one segment, then adds to each what it carries. */
export function thenAddCarried(method: Method): Method {
  return (writer, { k, have, sources, want }) => {
    method(writer, {
      k,
      have: have.slice(0, k),
      sources: sources.slice(0, k),
      want: want.map((row) => ({ ...row, coefficients: row.coefficients.subarray(0, k) }))
    })
    for (const { slot, coefficients } of want) {
      const carried = sources.filter((_, i) => i >= k && coefficients[i] === 1)
      if (carried.length > 0) writer.add(slot, carried)
    }
  }
}
