import type { ProgramWriter } from './program.ts'

/** Rows to make, and the slots of all rows: where every way of making them starts. */
export interface RowTask {
  readonly k: number
  /** The rows given. */
  readonly have: readonly number[]
  /** Slot of each of them. */
  readonly sources: readonly number[]
  /** The rows to make, none of them given. */
  readonly want: readonly WantedRow[]
}

export interface WantedRow {
  readonly row: number
  readonly slot: number
  /** What each of the rows given is multiplied with to make this one. */
  readonly coefficients: Uint8Array
}

/** Writes the steps that make the wanted rows. */
export type Method = (writer: ProgramWriter, task: RowTask) => void
