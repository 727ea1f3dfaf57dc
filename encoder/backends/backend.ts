import { EncoderError } from '../errors.ts'
import type { RowPlan } from '../plan.ts'

/** All backends, slowest and most reliable first. */
export const BACKEND_NAMES = ['scalar', 'wasm', 'webgpu', 'tfjs'] as const
export type BackendName = (typeof BACKEND_NAMES)[number]

/** Whether the backend's work is done by a device that one thread serves. */
export const isOnGpu = (name: BackendName): boolean => name === 'webgpu' || name === 'tfjs'

/**
 * Computes rows from rows. All backends give the same bytes for the same plan; `scalar` is the oracle. A backend has no
 * state between calls that callers can observe.
 */
export interface Backend {
  readonly name: BackendName
  /** What it runs on, for people: the type of SIMD, the GPU's name. */
  readonly detail: string
  /**
   * Makes the rows of `plan` from `sources` (in the order of plan.have) and writes them to `targets` (in the order of
   * plan.want). All rows must have the same length; targets must not overlap sources.
   * @throws EncoderError BAD_ROWS, BAD_LENGTH (see checkBuffers), BACKEND_FAILED
   */
  compute(plan: RowPlan, sources: readonly Uint8Array[], targets: readonly Uint8Array[]): void | Promise<void>
  /**
   * `compute`, and the leaf hashes of all rows where that costs the processor nothing. Absent where it has no advantage.
   *
   * @param leaves - gets 32 bytes for each row, those of the sources first
   * @returns false if it does not hash rows of this length; nothing was done then
   * @throws EncoderError like compute
   */
  computeHashed?(
    plan: RowPlan,
    sources: readonly Uint8Array[],
    targets: readonly Uint8Array[],
    leaves: Uint8Array
  ): Promise<boolean>
  /** Frees what the backend holds outside the JavaScript heap. Calls in progress fail; the thread may end when it resolves. */
  close(): void | Promise<void>
}

/** A backend whose `compute` is synchronous. */
export interface SyncBackend extends Backend {
  compute(plan: RowPlan, sources: readonly Uint8Array[], targets: readonly Uint8Array[]): void
}

/**
 * Checks that the rows fit the plan.
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
