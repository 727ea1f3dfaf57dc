import type { ProgramWriter } from './program.ts'

/** Rows to make, and the slots of all rows: the input of every method. */
export interface RowTask {
  readonly k: number
  /** The given rows. */
  readonly have: readonly number[]
  /** Slot of each of them. */
  readonly sources: readonly number[]
  /** The rows to make, none of them given. */
  readonly want: readonly WantedRow[]
}

export interface WantedRow {
  readonly row: number
  readonly slot: number
  /** Coefficients of the given rows in this row. */
  readonly coefficients: Uint8Array
}

/** Writes the steps that make the wanted rows. */
export type Method = (writer: ProgramWriter, task: RowTask) => void
