import type { Clock } from '../../clock/index.ts'

/** Where the times of the user's puts and gets go. */
export interface OperationSink {
  observe: (operation: 'put' | 'get' | 'first-byte', outcome: 'ok' | 'failed', ms: number) => void
}

/** The user gave up: that says nothing of the node. */
const isUsersOwn = (signal: AbortSignal | undefined): boolean => signal?.aborted === true

/** Runs a put and reports how long it took. */
export async function timedPut<T>(
  { clock, sink }: { clock: Clock; sink: OperationSink | undefined },
  signal: AbortSignal | undefined,
  put: () => Promise<T>
): Promise<T> {
  const startedMs = clock.monotonicMs()
  try {
    const result = await put()
    sink?.observe('put', 'ok', clock.monotonicMs() - startedMs)
    return result
  } catch (error) {
    if (!isUsersOwn(signal)) sink?.observe('put', 'failed', clock.monotonicMs() - startedMs)
    throw error
  }
}

/**
 * Passes the bytes of a get on and reports when the first came and how long all took. The time in which the reader does not
 * ask for more is its own and does not count.
 *
 * @param startedMs - when the get was asked for, on the monotonic clock
 */
export async function* timedGet(
  { clock, sink }: { clock: Clock; sink: OperationSink | undefined },
  signal: AbortSignal | undefined,
  startedMs: number,
  bytes: AsyncIterable<Uint8Array>
): AsyncGenerator<Uint8Array> {
  let readersMs = 0
  let isFirst = true
  const spentMs = (): number => clock.monotonicMs() - startedMs - readersMs
  try {
    for await (const piece of bytes) {
      if (isFirst) sink?.observe('first-byte', 'ok', spentMs())
      isFirst = false
      const givenMs = clock.monotonicMs()
      yield piece
      readersMs += clock.monotonicMs() - givenMs
    }
  } catch (error) {
    if (!isUsersOwn(signal)) sink?.observe('get', 'failed', spentMs())
    throw error
  }
  sink?.observe('get', 'ok', spentMs())
}
