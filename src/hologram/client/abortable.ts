/** Passes `source` on until `signal` fires, even while the source is making one wait. */
export async function* abortable<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]()
  const aborted = Promise.withResolvers<never>()
  // Nobody may be waiting when it fires.
  aborted.promise.catch(() => {})
  const onAbort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  let finished = false
  try {
    signal.throwIfAborted()
    for (;;) {
      const { value, done } = await Promise.race([iterator.next(), aborted.promise])
      if (done === true) {
        finished = true
        return
      }
      yield value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    // A source that hangs would hang here too: it is told to end, and not waited for.
    if (!finished) iterator.return?.().catch(() => {})
  }
}
