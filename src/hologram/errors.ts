import type { Status } from '../../protocols/generated/object.js'

/** What each code says besides its message. */
export interface HologramErrorData {
  /** Nobody that answered knows the object (or this shard of it). */
  NOT_FOUND: { cid: string; asked?: number }
  /** Only the node that put an object may do this to it. */
  NOT_OWNED: { cid: string }
  /** Fewer live shards than the layer with the largest k needs. */
  NOT_ENOUGH_SHARDS: { needed: number; live: number; missing: number }
  /** Fewer peers lend storage than the code or the wanted durability asks for. */
  NOT_ENOUGH_PEERS: { needed: number; available: number }
  /** Fewer holders acknowledged than the wanted durability asks for; `reasons` are those of the others. */
  NOT_DURABLE: { acknowledged: number; required: number; reasons: string[] }
  /** The manifest is malformed or its parts contradict each other; `field` is the first that does. */
  BAD_MANIFEST: { field: string }
  /** k, n, margin or the block size cannot be: `parameter` is the one to change. */
  BAD_CODE_PARAMETERS: { parameter: string; value: unknown }
  /** Bytes that should be there are not what they should be: a block, a digest. */
  CORRUPT: { what: string; peer?: string; rows?: readonly number[] }
  /** A lease or record of another network. Hexadecimal ids, as long as they are known. */
  WRONG_NETWORK: { expected: string; found: string }
  /** A half-open byte range that does not lie within the object. */
  BAD_RANGE: { start: number; end: number; size: number }
  /** A lease is malformed, expired, too long, or not signed by its lessee. */
  BAD_LEASE: { reason: string }
  /** A placement record is malformed, from the future, or signed by nobody who may. */
  BAD_PLACEMENT: { reason: string }
  /** A peer broke the protocol: a malformed, oversize or unexpected message. */
  PROTOCOL: { reason: string; peer?: string }
  /** A peer answered with a status other than OK. */
  REMOTE: { status: Status; retryAfterMs: number; peer?: string }
  /** A peer cannot be dialled, or its stream broke. */
  UNREACHABLE: { peer?: string }
  /** A deadline passed. */
  TIMEOUT: { afterMs: number; what: string }
  /** Quota or disk is full. */
  QUOTA: { neededBytes?: number; freeBytes?: number }
  /** The caller's signal fired, or the node stops. */
  ABORTED: Record<never, never>
}

export type HologramErrorCode = keyof HologramErrorData

/** An error of this room: `code` says what to do about it, `data` carries the figures, the message is for a person. */
export class HologramError<C extends HologramErrorCode = HologramErrorCode> extends Error {
  readonly code: C
  readonly data: HologramErrorData[C]

  constructor(code: C, message: string, data: HologramErrorData[C], options?: ErrorOptions) {
    super(message, options)
    this.name = 'HologramError'
    this.code = code
    this.data = data
  }
}

/** Whether `error` is a HologramError with one of `codes` (any, when none is named). */
export function isHologramError<C extends HologramErrorCode = HologramErrorCode>(
  error: unknown,
  ...codes: C[]
): error is HologramError<C> {
  return error instanceof HologramError && (codes.length === 0 || codes.includes(error.code as C))
}
