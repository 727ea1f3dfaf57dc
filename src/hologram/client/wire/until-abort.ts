/**
 * Awaits `work`, or rejects with the signal's reason as soon as it fires. Leaves no listener on the signal, unlike a race
 * against one lasting promise.
 */
export async function untilAbort<R>(work: Promise<R>, signal: AbortSignal): Promise<R> {
  if (signal.aborted) {
    // Nobody awaits the work any more; its rejection must not end the process.
    work.catch(() => {})
    throw signal.reason
  }
  const { promise, resolve, reject } = Promise.withResolvers<R>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  work.then(resolve, reject)
  try {
    return await promise
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
