import { isFramingError } from '../../../protocols/framing/index.ts'
import { HologramError } from '../errors.ts'

/** A FramingError as the HologramError of the same code; any other error as it is, and so 'OVERLOADED', which only holders meet. */
export function fromFraming(error: unknown): unknown {
  if (!isFramingError(error, 'PROTOCOL', 'TIMEOUT', 'UNREACHABLE', 'ABORTED')) return error
  return new HologramError(error.code, error.message, error.data, { cause: error })
}
