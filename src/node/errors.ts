export type { HologramErrorCode } from '../hologram/errors.ts'
export type { StoreErrorCode } from '../store/errors.ts'

export type NodeErrorCode =
  /** Another process has the data folder open; `data.pid` is it. */
  | 'DATA_FOLDER_IN_USE'
  /** The key or token file can be read by others than its owner. */
  | 'UNSAFE_FILE_MODE'
  | 'BAD_KEY_FILE'
  /** The data folder belongs to another network than the one asked for. */
  | 'OTHER_NETWORK'
  | 'BAD_NETWORK_FILE'
  | 'CANNOT_LISTEN'
  /** The data folder cannot be made or written. */
  | 'BAD_DATA_FOLDER'
  /** No direct connection could be made in time. */
  | 'UNREACHABLE'
  /** The DHT has too few peers that took a provider record. */
  | 'NOT_PROVIDED'
  /** Started twice, or used after it was stopped. */
  | 'BAD_STATE'

/** Why a node cannot do what it was asked; the message says what to do about it. */
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
