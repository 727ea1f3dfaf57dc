import { Status } from '../../../../protocols/generated/object.js'
import type { Clock } from '../../../clock/index.ts'
import { isHologramError } from '../../errors.ts'
import { wasReset } from '../../wire/stream-errors.ts'

/** Pause before the second attempt when the busy side names no time; doubles with each. */
export const RETRY_MS = 100
const MAX_RETRY_MS = 1000

/**
 * Tries again while the other side is busy, for `timeoutMs` at most: it says so, or resets the stream before its first
 * answer. Right after a broken put, for instance, its holders are still closing the uploads that the next put resumes.
 */
export async function whenFree<R>(
  attempt: () => Promise<R>,
  { clock, timeoutMs, signal }: { clock: Clock; timeoutMs: number; signal?: AbortSignal }
): Promise<R> {
  const deadlineMs = clock.monotonicMs() + timeoutMs
  for (let pauseMs = RETRY_MS; ; pauseMs *= 2) {
    try {
      return await attempt()
    } catch (error) {
      const retryMs = retryAfterMs(error, pauseMs)
      if (retryMs === undefined || clock.monotonicMs() + retryMs > deadlineMs) throw error
      await clock.sleep(retryMs, signal)
    }
  }
}

/**
 * When to try again after `error`; undefined when another attempt cannot help.
 *
 * @param pauseMs - at least, and where the busy side names no time
 */
export function retryAfterMs(error: unknown, pauseMs: number): number | undefined {
  if (isHologramError(error, 'REMOTE') && error.data.status === Status.BUSY) {
    return Math.min(Math.max(error.data.retryAfterMs, pauseMs), MAX_RETRY_MS)
  }
  if (wasReset(error)) return Math.min(pauseMs, MAX_RETRY_MS)
  // StoreError is another room's class: its code is what the contract promises.
  return error instanceof Error && 'code' in error && error.code === 'UPLOAD_BUSY'
    ? Math.min(pauseMs, MAX_RETRY_MS)
    : undefined
}
