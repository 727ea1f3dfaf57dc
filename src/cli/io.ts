import type { Readable, Writable } from 'node:stream'

/** A stream that may be a terminal. */
export type OutputStream = Writable & { readonly isTTY?: boolean; readonly columns?: number }

/** The world as a command sees it; a test gives it another. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  /** Results, nothing else: what a script reads. */
  readonly stdout: OutputStream
  /** Progress, summaries and errors: what a person reads. */
  readonly stderr: OutputStream
  readonly env: NodeJS.ProcessEnv
  /** Fires on Ctrl-C or SIGTERM, with an `Interrupted` as its reason. */
  readonly signal: AbortSignal
}

/** Why a command was broken off. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  readonly code = 'INTERRUPTED'
  override readonly cause: 'SIGINT' | 'SIGTERM' | 'SIGHUP'

  constructor(cause: Interrupted['cause']) {
    super(cause === 'SIGINT' ? 'Interrupted.' : `Ended by ${cause}.`)
    this.cause = cause
  }
}

/** Writes to a stream under backpressure. @throws the stream's own error, e.g. EPIPE when nobody reads any more */
export const writeTo = async (stream: Writable, bytes: Uint8Array | string): Promise<void> =>
  await new Promise((resolve, reject) => {
    stream.write(bytes, (error) => (error == null ? resolve() : reject(error)))
  })

/**
 * What `work` gives, or the signal's reason as soon as it fires. For calls of the system that nothing can break off, as
 * opening a named pipe that has no other end.
 */
export const orAborted = async <T>(signal: AbortSignal, work: Promise<T>): Promise<T> => {
  const aborted = Promise.withResolvers<never>()
  const onAbort = (): void => aborted.reject(signal.reason)
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
    aborted.promise.catch(() => {})
  }
}
