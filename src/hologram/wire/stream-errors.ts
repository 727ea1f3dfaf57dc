import { isFramingError } from '../../../protocols/framing/index.ts'
import { HologramError } from '../errors.ts'

/** What libp2p throws when the peer resets a stream, also while its protocol is still being agreed on, or when we have too many. */
const RESETS: ReadonlySet<string> = new Set([
  'StreamResetError',
  'UnexpectedEOFError',
  'TooManyOutboundProtocolStreamsError'
])

/**
 * Whether an error comes from a stream that was reset. A stream that is reset before the first answer was too many for the
 * peer, or for libp2p on its side: it may be opened again later, and says nothing about the peer.
 */
export function wasReset(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (RESETS.has(cause.name)) return true
  return false
}

/** A FramingError as the HologramError of the same code; any other error as it is, and so 'OVERLOADED', which only holders meet. */
export function fromFraming(error: unknown): unknown {
  if (!isFramingError(error, 'PROTOCOL', 'TIMEOUT', 'UNREACHABLE', 'ABORTED')) return error
  return new HologramError(error.code, error.message, error.data, { cause: error })
}
