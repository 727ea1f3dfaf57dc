import { untilAbort } from './until-abort.ts'

/** Passes `source` on until `signal` fires, also while the source has nothing to give. */
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
    // Tell the source to end and do not wait: a source that hangs would hang here too. Its failure comes too late to matter.
    if (!finished) iterator.return?.().catch(() => {})
  }
}
