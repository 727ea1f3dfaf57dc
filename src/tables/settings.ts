export interface TableLogger {
  debug: (message: string, fields?: Readonly<Record<string, unknown>>) => void
  warn: (message: string, fields?: Readonly<Record<string, unknown>>) => void
}

export interface TableSettings {
  /**
   * Peers that must be in sight that may keep the table, so that one of which nothing is kept counts as empty and can be begun.
   * Infinity: it is an error.
   */
  readonly createKeepers: number
  /** The secret of the table has just been made: nobody can have begun it elsewhere. */
  readonly isNew: boolean
  /** A view is at most this old, unless the caller says otherwise. */
  readonly maxAgeMs: number
  /** A change that has not been decided by then fails with 'UNAVAILABLE'. */
  readonly decideTimeoutMs: number
  /** Between two attempts to become the writer; longer by chance, and with each attempt. */
  readonly backoffMs: number
  /** Changes in one log object, and their bytes. */
  readonly maxBatchChanges: number
  readonly maxBatchBytes: number
  /** With this many log objects after the root, they are merged in the background. */
  readonly mergeAfter: number
  /** Merged log objects are written into the pages when they have this share of the pages' bytes. */
  readonly checkpointShare: number
  /** Bytes that a page should have. */
  readonly pageBytes: number
  /** Objects that are no longer a part of the table are freed after this time. */
  readonly garbageGraceMs: number
}

export const DEFAULT_TABLE_SETTINGS: TableSettings = {
  createKeepers: Infinity,
  isNew: false,
  maxAgeMs: 1_000,
  decideTimeoutMs: 30_000,
  backoffMs: 40,
  maxBatchChanges: 4_096,
  maxBatchBytes: 2 ** 20,
  mergeAfter: 16,
  checkpointShare: 0.25,
  pageBytes: 2 ** 18,
  garbageGraceMs: 60_000
}
