export type StoreErrorCode =
  /** Storing this would exceed the quota. */
  | 'QUOTA_EXCEEDED'
  /** The disk has no room left above the floor, or the system reported ENOSPC. */
  | 'DISK_FULL'
  /** Another upload of the same shard is open. */
  | 'UPLOAD_BUSY'
  /** The disk no longer holds what was acknowledged. */
  | 'CORRUPT'
  /** Another process has the folder open. */
  | 'LOCKED'
  /** The folder was written by a newer version or another program. */
  | 'FORMAT_UNKNOWN'
  /** The store, upload or reader has been closed. */
  | 'CLOSED'
  /** The system refused a write for another reason; none of it was kept. */
  | 'WRITE_FAILED'
  /** The disk failed and the outcome of a write is unknown; reopening the store decides it. */
  | 'FAILED'

/** An operation that the store refuses or cannot do; `code` says why, `cause` is the system's error. */
export class StoreError extends Error {
  readonly code: StoreErrorCode

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreError'
    this.code = code
  }
}

/** The `code` of a system, LevelDB or store error, if it has one. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** Maps ENOSPC and similar errors to 'DISK_FULL'; returns all others unchanged. */
export function mapSystemError(error: unknown): unknown {
  const code = errorCode(error)
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error
  return new StoreError('DISK_FULL', 'The disk is full.', { cause: error })
}
