import type { Clock } from './clock.ts'

/** A signal that fires at the deadline, or earlier with its parent. Dispose of it when the work has ended. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal
}

/**
 * `AbortSignal.any([parent, AbortSignal.timeout(ms)])` on a clock that tests can control. At the deadline the reason is a
 * DOMException named TimeoutError, as with `AbortSignal.timeout`.
 *
 * @example using deadline = deadlineIn(clock, 5_000, signal)
 *          await mesh.open(peer, protocol, deadline.signal)
 */
export function deadlineIn(clock: Clock, delayMs: number, parent?: AbortSignal): Deadline {
  const controller = new AbortController()
  const cancel = clock.after(delayMs, () => controller.abort(timeUp(delayMs)))
  const onParent = (): void => {
    cancel()
    controller.abort(parent?.reason)
  }
  if (parent?.aborted === true) onParent()
  else parent?.addEventListener('abort', onParent, { once: true })
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      cancel()
      parent?.removeEventListener('abort', onParent)
    }
  }
}

function timeUp(delayMs: number): DOMException {
  return new DOMException(`no end after ${delayMs} ms`, 'TimeoutError')
}
