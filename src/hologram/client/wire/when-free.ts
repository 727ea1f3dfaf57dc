import { Status } from '../../../../protocols/generated/object.js'
import type { Clock } from '../../../clock/index.ts'
import { isHologramError } from '../../errors.ts'

/** Pause between two attempts when the busy side names no time. */
const RETRY_MS = 100
const MAX_RETRY_MS = 1000

/**
 * Tries again while the other side is busy, for `timeoutMs` at most. Right after a broken put, for instance, its holders
 * are still closing the uploads that the next put resumes.
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

/** Undefined when another attempt cannot help. */
function retryAfterMs(error: unknown): number | undefined {
  if (isHologramError(error, 'REMOTE') && error.data.status === Status.BUSY) {
    return Math.min(Math.max(error.data.retryAfterMs, RETRY_MS), MAX_RETRY_MS)
  }
  // StoreError is another room's class: its code is what the contract promises.
  return error instanceof Error && 'code' in error && error.code === 'UPLOAD_BUSY' ? RETRY_MS : undefined
}
