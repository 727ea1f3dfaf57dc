// Column programs: the steps by which a kernel makes rows from rows, one tile of columns at a time. The program is
// written here once for each plan; the kernel (backends/wasm/rs8.c) only runs its steps.

import type { RowPlan } from '../plan.ts'

/**
 * A program over numbered slots. Slots 0 to k-1 are the rows given, the next ones the rows wanted, and the
 * `scratchSlots` after them hold one tile each.
 */
export interface ColumnProgram {
  /** Steps one after another: an opcode, then its operands. */
  readonly words: Uint16Array
  readonly rowSlots: number
  readonly scratchSlots: number
}

/** The numbers are those of `enum opcode` in backends/wasm/rs8.c. */
export const Opcode = { dot1: 1, dot2: 2, dot3: 3, dot4: 4 } as const

const DOT_OPCODES = [Opcode.dot1, Opcode.dot2, Opcode.dot3, Opcode.dot4] as const

/** Up to four target rows share one reading of the source rows: more would not stay in registers. */
const MOST_ROWS_A_STEP = DOT_OPCODES.length

/** The program of a plan. */
export function columnProgram(plan: RowPlan): ColumnProgram {
  return {
    words: Uint16Array.from(matrixSteps(plan)),
    rowSlots: plan.k + plan.want.length,
    scratchSlots: 0
  }
}

function matrixSteps({ k, want, matrix }: RowPlan): number[] {
  const words: number[] = []
  for (let first = 0; first < want.length; first += MOST_ROWS_A_STEP) {
    const rows = Array.from({ length: Math.min(MOST_ROWS_A_STEP, want.length - first) }, (_, i) => first + i)
    words.push(DOT_OPCODES[rows.length - 1], k, ...rows.map((row) => k + row))
    for (let source = 0; source < k; source++) {
      words.push(source, ...rows.map((row) => matrix[row * k + source]))
    }
  }
  return words
}
