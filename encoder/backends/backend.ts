import { EncoderError } from '../errors.ts'
import type { RowPlan } from '../plan.ts'

/** The backends that there are, slowest and surest first. */
export const BACKEND_NAMES = ['scalar', 'wasm', 'webgpu', 'tfjs'] as const
export type BackendName = (typeof BACKEND_NAMES)[number]

/**
 * What computes rows from rows. All backends give the same bytes for the same plan; `scalar` is the oracle.
 * A backend holds no state between calls that a caller could see.
 */
export interface Backend {
  readonly name: BackendName
  /** What it runs on, for people: the kind of SIMD, the GPU's name. */
  readonly detail: string
  /**
   * Makes the rows of `plan` out of `sources` (in the order of plan.have) and writes them to `targets` (in
   * the order of plan.want). All rows are equally long; targets overlap no source.
   * @throws EncoderError BAD_ROWS, BAD_LENGTH (see checkBuffers), BACKEND_FAILED
   */
  compute(plan: RowPlan, sources: readonly Uint8Array[], targets: readonly Uint8Array[]): void | Promise<void>
  /** Frees what the backend holds outside the JavaScript heap. */
  close(): void
}

/** A backend that is done when `compute` returns. */
export interface SyncBackend extends Backend {
  compute(plan: RowPlan, sources: readonly Uint8Array[], targets: readonly Uint8Array[]): void
}

/**
 * Refuses rows that do not fit the plan.
 * @throws EncoderError BAD_ROWS for a wrong number of rows, BAD_LENGTH for rows of unequal length
 */
export function checkBuffers(
  plan: RowPlan,
  sources: readonly Uint8Array[],
  targets: readonly Uint8Array[]
): void {
  if (sources.length !== plan.have.length || targets.length !== plan.want.length) {
    throw new EncoderError(
      'BAD_ROWS',
      `The plan makes ${plan.want.length} rows from ${plan.have.length}; ` +
        `given were ${targets.length} and ${sources.length}.`,
      { sources: sources.length, targets: targets.length }
    )
  }
  for (const row of sources) checkRowLength(row, sources[0].length)
  for (const row of targets) checkRowLength(row, sources[0].length)
}

function checkRowLength(row: Uint8Array, blockBytes: number): void {
  if (row.length !== blockBytes) {
    throw new EncoderError('BAD_LENGTH', `A row has ${row.length} bytes where others have ${blockBytes}.`, {
      expected: blockBytes,
      actual: row.length
    })
  }
}
