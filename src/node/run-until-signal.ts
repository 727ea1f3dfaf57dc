import type { Logger } from './logger.ts'

/** A stop that takes longer is cut short. */
const STOP_DEADLINE_MS = 5_000

export interface RunUntilSignalInit {
  readonly logger: Logger
  /** @default process */
  readonly signals?: Pick<NodeJS.EventEmitter, 'once' | 'off'>
  /** @default 5000 */
  readonly deadlineMs?: number
}

/**
 * Waits for SIGTERM or SIGINT, then stops `parts` one after another, within 5 seconds in all; a second signal does
 * not wait.
 *
 * @returns the exit status: 0 after a clean stop, 1 when it was cut short or failed
 */
export const runUntilSignal = async (
  parts: ReadonlyArray<{ stop(): Promise<unknown> }>,
  { logger, signals = process, deadlineMs = STOP_DEADLINE_MS }: RunUntilSignalInit
): Promise<number> => {
  const first = await nextSignal(signals).promise
  logger.info('stopping', { signal: first })
  const second = nextSignal(signals)
  const deadline = Promise.withResolvers<string>()
  const timer = setTimeout(() => deadline.resolve(`it took longer than ${deadlineMs} ms`), deadlineMs)
  const cutShort = await Promise.race([
    stopAll(parts),
    deadline.promise,
    second.promise.then((signal) => `another ${signal} came`)
  ])
  clearTimeout(timer)
  second.cancel()
  if (cutShort === undefined) return 0
  logger.error('did not stop cleanly', { reason: cutShort })
  return 1
}

/** @returns why it failed, if it did */
const stopAll = async (parts: ReadonlyArray<{ stop(): Promise<unknown> }>): Promise<string | undefined> => {
  try {
    for (const part of parts) await part.stop()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

const nextSignal = (
  source: Pick<NodeJS.EventEmitter, 'once' | 'off'>
): { promise: Promise<string>; cancel: () => void } => {
  const { promise, resolve } = Promise.withResolvers<string>()
  const onTerm = (): void => settle('SIGTERM')
  const onInt = (): void => settle('SIGINT')
  const cancel = (): void => {
    source.off('SIGTERM', onTerm)
    source.off('SIGINT', onInt)
  }
  const settle = (signal: string): void => {
    cancel()
    resolve(signal)
  }
  source.once('SIGTERM', onTerm)
  source.once('SIGINT', onInt)
  return { promise, cancel }
}
