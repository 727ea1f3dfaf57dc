import { Status } from '../../../../protocols/generated/object.js'
import type { Clock } from '../../../clock/index.ts'
import { isHologramError } from '../../errors.ts'

/** Between two attempts, when who is busy names no time. */
const RETRY_MS = 100
const MAX_RETRY_MS = 1000

/**
 * Tries again while the other side is busy, for `timeoutMs` at most: right after a broken put its holders are still
 * closing the uploads that the next one resumes.
 */
export async function whenFree<R>(
  attempt: () => Promise<R>,
  { clock, timeoutMs, signal }: { clock: Clock; timeoutMs: number; signal: AbortSignal }
): Promise<R> {
  const deadlineMs = clock.monotonicMs() + timeoutMs
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const retryMs = retryAfterMs(error)
      if (retryMs === undefined || clock.monotonicMs() + retryMs > deadlineMs) throw error
      await clock.sleep(retryMs, signal)
    }
  }
}

/** Undefined when trying again is of no use. */
function retryAfterMs(error: unknown): number | undefined {
  if (isHologramError(error, 'REMOTE') && error.data.status === Status.BUSY) {
    return Math.min(Math.max(error.data.retryAfterMs, RETRY_MS), MAX_RETRY_MS)
  }
  // StoreError is another room's class: its code is what the contract promises.
  return error instanceof Error && 'code' in error && error.code === 'UPLOAD_BUSY' ? RETRY_MS : undefined
}
