import { Counter } from 'prom-client'
import type { Registry } from 'prom-client'
import type { Logger } from './logger.ts'

/** Deadline of a stop. */
const STOP_DEADLINE_MS = 5_000

export interface RunUntilSignalInit {
  readonly logger: Logger
  /** Registry for the count of unhandled rejections. @default none */
  readonly metrics?: Registry
  /** @default process */
  readonly signals?: Pick<NodeJS.EventEmitter, 'on' | 'once' | 'off'>
  /** @default 5000 */
  readonly deadlineMs?: number
}

/**
 * Waits for SIGTERM or SIGINT, then stops `parts` one after another, within 5 seconds in total. A second signal ends the
 * wait. Until then, an unhandled rejection is logged and counted (`thhe_unhandled_rejections_total`): it is a defect, but
 * no reason to take the peer's shards offline. An uncaught exception is logged and ends the process.
 *
 * @returns the exit status: 0 after a clean stop, 1 if it was cut short or failed
 */
export const runUntilSignal = async (
  parts: ReadonlyArray<{ stop(): Promise<unknown> }>,
  { logger, metrics, signals = process, deadlineMs = STOP_DEADLINE_MS }: RunUntilSignalInit
): Promise<number> => {
  const stopWatching = watchFaults(signals, logger, metrics)
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
  stopWatching()
  if (cutShort === undefined) return 0
  logger.error('did not stop cleanly', { reason: cutShort })
  return 1
}

/** @returns a function that ends the watch */
const watchFaults = (
  source: Pick<NodeJS.EventEmitter, 'on' | 'off'>,
  logger: Logger,
  metrics: Registry | undefined
): (() => void) => {
  const counter =
    metrics &&
    new Counter({
      name: 'thhe_unhandled_rejections_total',
      help: 'Failures that no part of the node handled: each is a defect',
      registers: [metrics]
    })
  const onRejection = (reason: unknown): void => {
    counter?.inc()
    const stack = reason instanceof Error ? reason.stack : undefined
    logger.error('a failure was not handled; please report it', { error: reason, stack })
  }
  const onException = (error: Error): void =>
    logger.error('an exception was not caught and ends the node', { error, stack: error.stack })
  source.on('unhandledRejection', onRejection)
  source.on('uncaughtExceptionMonitor', onException)
  return () => {
    source.off('unhandledRejection', onRejection)
    source.off('uncaughtExceptionMonitor', onException)
  }
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
