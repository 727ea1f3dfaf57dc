import { isFramingError } from '../../../protocols/framing/index.ts'
import { Status } from '../../../protocols/generated/object.js'
import { isHologramError } from '../errors.ts'
import { MAX_MESSAGE_BYTES } from '../../../protocols/limits.ts'

/** What the replies of all three protocols have in common. */
export interface ReplyHead {
  readonly status: Status
  /** For a person; at most 512 bytes. */
  readonly message: string
  readonly retryAfterMs: number
}

/** Thrown by a handler to answer with another status than OK. */
export class Refusal extends Error {
  readonly status: Exclude<Status, 'OK'>
  readonly retryAfterMs: number

  constructor(status: Exclude<Status, 'OK'>, message: string, retryAfterMs = 0) {
    super(message)
    this.name = 'Refusal'
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

export function refuse(message: string): Refusal {
  return new Refusal(Status.REFUSED, message)
}

export function notFound(): Refusal {
  return new Refusal(Status.NOT_FOUND, 'not held here')
}

/**
 * The reply that `error` calls for. What the peer did wrong it is told; what went wrong here it is not, beyond that it
 * may go elsewhere.
 */
export function replyHead(error: unknown, retryAfterMs: number): ReplyHead {
  if (error instanceof Refusal) return head(error.status, error.message, error.retryAfterMs)
  if (isHologramError(error, 'WRONG_NETWORK')) return head(Status.WRONG_NETWORK, error.message)
  if (isHologramError(error, 'BAD_MANIFEST', 'BAD_LEASE', 'BAD_PLACEMENT', 'PROTOCOL')) {
    return head(Status.REFUSED, error.message)
  }
  if (isFramingError(error, 'OVERLOADED'))
    return head(Status.BUSY, 'too many unfinished messages', retryAfterMs)
  switch (storeErrorCode(error)) {
    case 'QUOTA_EXCEEDED':
      return head(Status.QUOTA, 'the quota of this holder is full')
    case 'DISK_FULL':
      return head(Status.QUOTA, 'the disk of this holder is full')
    case 'UPLOAD_BUSY':
      return head(Status.BUSY, 'another upload of this shard is open', retryAfterMs)
    default:
      return head(Status.FAILED, 'the holder failed')
  }
}

/** Whether an error is this holder's own fault, and so belongs in its log. */
export function isOwnFault(error: unknown): boolean {
  return replyHead(error, 0).status === Status.FAILED
}

function head(status: Status, message: string, retryAfterMs = 0): ReplyHead {
  return { status, message: truncate(message), retryAfterMs }
}

/** Cut to what a reply may carry, between two characters. */
function truncate(message: string): string {
  const bytes = Buffer.from(message)
  if (bytes.byteLength <= MAX_MESSAGE_BYTES) return message
  let end = MAX_MESSAGE_BYTES
  while ((bytes[end] & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}

/** StoreError is another room's class: its code is what the contract promises. */
export function storeErrorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
