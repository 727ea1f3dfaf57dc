// The matrix form: every wanted row is a sum of products.

import { MAX_DOT_ROWS } from './program.ts'
import type { ProgramWriter } from './program.ts'
import type { RowTask, WantedRow } from './task.ts'

/** Makes the rows by the matrix of the plan. */
export function byMatrix(writer: ProgramWriter, { sources, want }: RowTask): void {
  for (const rows of evenGroups(want, MAX_DOT_ROWS)) {
    writer.dot(
      sources,
      rows.map(({ slot }) => slot),
      rows.map(({ coefficients }) => coefficients)
    )
  }
}

/** Consecutive groups of at most `most` rows, as few and as equal as possible. */
function evenGroups(rows: readonly WantedRow[], most: number): WantedRow[][] {
  const count = Math.ceil(rows.length / most)
  const start = (group: number) => Math.floor((group * rows.length) / count)
  return Array.from({ length: count }, (_, group) => rows.slice(start(group), start(group + 1)))
}
