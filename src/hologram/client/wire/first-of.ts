import type { Cancel, Clock } from '../../../clock/index.ts'

export interface FirstOfOptions {
  /** Candidates asked at once at first. */
  readonly parallel: number
  /** Asks one more candidate when none has answered for this long. */
  readonly hedgeMs: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * Asks candidates until one gives an answer, and cancels the others: `parallel` at first, one more whenever one fails
 * or nothing has come for `hedgeMs`. Undefined when all have failed.
 *
 * @throws the signal's reason
 */
export async function firstOf<C, R>(
  candidates: readonly C[],
  ask: (candidate: C, signal: AbortSignal) => Promise<R>,
  { parallel, hedgeMs, clock, signal }: FirstOfOptions
): Promise<R | undefined> {
  signal.throwIfAborted()
  const others = new AbortController()
  const result = Promise.withResolvers<R | undefined>()
  const queue = [...candidates]
  let running = 0
  let cancelHedge: Cancel | undefined
  const start = (): void => {
    cancelHedge?.()
    if (others.signal.aborted) return
    const candidate = queue.shift()
    if (candidate !== undefined) {
      running++
      ask(candidate, others.signal).then(result.resolve, () => {
        running--
        start()
      })
    }
    if (running === 0) result.resolve(undefined)
    else if (queue.length > 0) cancelHedge = clock.after(hedgeMs, start)
  }
  const onAbort = (): void => result.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    for (let i = 0; i < Math.max(1, parallel); i++) start()
    return await result.promise
  } finally {
    cancelHedge?.()
    signal.removeEventListener('abort', onAbort)
    others.abort(new Error('another peer answered first'))
  }
}
