import { untilAbort } from './until-abort.ts'

/** Passes `source` on until `signal` fires, even while the source is making one wait. */
export async function* abortable<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]()
  let finished = false
  try {
    signal.throwIfAborted()
    for (;;) {
      const { value, done } = await untilAbort(iterator.next(), signal)
      finished = done === true
      if (finished) return
      yield value
    }
  } finally {
    // A source that hangs would hang here too: it is told to end, and not waited for.
    if (!finished) iterator.return?.().catch(() => {})
  }
}
