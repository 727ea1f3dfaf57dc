import { isHologramError } from '../hologram/index.ts'
import { S3Error } from './errors.ts'

/** What a client is told about a failure of the mesh. Anything else is an InternalError, and goes to the log. */
export const toS3Error = (error: unknown): S3Error => {
  if (error instanceof S3Error) return error
  if (isHologramError(error, 'QUOTA')) {
    return new S3Error('ServiceUnavailable', `The mesh has no space left: ${error.message}`)
  }
  if (isHologramError(error, 'NOT_FOUND', 'NOT_ENOUGH_SHARDS')) {
    return new S3Error('ServiceUnavailable', `The bytes cannot be read now: ${error.message}`)
  }
  if (
    isHologramError(error, 'NOT_ENOUGH_PEERS', 'NOT_DURABLE', 'UNREACHABLE', 'TIMEOUT', 'REMOTE', 'ABORTED')
  ) {
    return new S3Error('ServiceUnavailable', error.message)
  }
  const code = (error as { code?: unknown } | undefined)?.code
  if (code === 'NO_MAJORITY' || code === 'UNDECIDED' || code === 'UNAVAILABLE') {
    return new S3Error('ServiceUnavailable', (error as Error).message)
  }
  return new S3Error('InternalError', 'We encountered an internal error. Please try again.')
}
