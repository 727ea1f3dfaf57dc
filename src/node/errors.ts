export type { HologramErrorCode } from '../hologram/errors.ts'
export type { StoreErrorCode } from '../store/errors.ts'

export type NodeErrorCode =
  /** Another process has the data folder open; `data.pid` is its pid. */
  | 'DATA_FOLDER_IN_USE'
  /** Users other than the owner can read the key or token file. */
  | 'UNSAFE_FILE_MODE'
  | 'BAD_KEY_FILE'
  /** The data folder belongs to a different network than the requested one. */
  | 'OTHER_NETWORK'
  | 'BAD_NETWORK_FILE'
  | 'CANNOT_LISTEN'
  /** The data folder cannot be created or written. */
  | 'BAD_DATA_FOLDER'
  /** No direct connection could be made in time. */
  | 'UNREACHABLE'
  /** Too few peers of the DHT accepted a provider record. */
  | 'NOT_PROVIDED'
  /** Started twice, or used after it was stopped. */
  | 'BAD_STATE'

/** Why a node cannot do what was requested; the message says what to do. */
export class NodeError extends Error {
  override readonly name = 'NodeError'
  readonly code: NodeErrorCode
  readonly data: Readonly<Record<string, unknown>>

  constructor(
    code: NodeErrorCode,
    message: string,
    data: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions
  ) {
    super(message, options)
    this.code = code
    this.data = data
  }
}

/** The code of a system error ('ENOENT'), or undefined for any other error. */
export const systemCode = (error: unknown): string | undefined =>
  error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
