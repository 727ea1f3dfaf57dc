// The analysis of quorums, in a worker thread because it may take long and is bound by the processor.

import { Worker } from 'node:worker_threads'
import type { AnalysisOptions, FbaNode, NetworkAnalysis } from '../../fba/analysis/index.ts'

/** Input of the worker thread. */
export interface AnalysisTask {
  readonly nodes: readonly FbaNode[]
  readonly options: Omit<AnalysisOptions, 'clock'>
}

export interface AnalyzeInWorkerOptions extends Omit<AnalysisOptions, 'clock'> {
  /** Time after which open questions are reported as undecided. */
  readonly limitMillis: number
  /** Time beyond the limit after which the thread is killed. @default 5000 */
  readonly graceMillis?: number
  /** Kills the thread. */
  readonly signal?: AbortSignal
}

/** The thread did not answer: it was killed at its deadline, or it failed. */
export class QuorumAnalysisError extends Error {
  override readonly name = 'QuorumAnalysisError'
  readonly code: 'KILLED_AT_DEADLINE' | 'FAILED'

  constructor(code: QuorumAnalysisError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

// After compilation, this module and the worker's both end in .js.
const WORKER = new URL(
  `./quorum-analysis-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
  import.meta.url
)

/** A longer timer would fire at once. */
const LONGEST_TIMER_MILLIS = 2 ** 31 - 1

/**
 * Runs {@link analyzeNetwork} in its own thread.
 * @throws {QuorumAnalysisError} if the thread is killed at its deadline or fails; `cause` says why
 * @throws the signal's reason if it fires
 */
export const analyzeInWorker = async (
  nodes: readonly FbaNode[],
  { graceMillis = 5000, signal, ...options }: AnalyzeInWorkerOptions
): Promise<NetworkAnalysis> => {
  signal?.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<NetworkAnalysis>()
  const task: AnalysisTask = { nodes, options }
  const worker = new Worker(WORKER, { workerData: task, name: 'quorum-analysis' })
  const abort = (): void => reject(signal?.reason)
  const killMillis = Math.min(options.limitMillis + graceMillis, LONGEST_TIMER_MILLIS)
  const deadline = setTimeout(() => {
    reject(new QuorumAnalysisError('KILLED_AT_DEADLINE', `no answer within ${killMillis} ms`))
  }, killMillis)
  signal?.addEventListener('abort', abort, { once: true })
  worker.once('message', resolve)
  worker.once('error', (cause) =>
    reject(new QuorumAnalysisError('FAILED', `quorum analysis failed: ${String(cause)}`, { cause }))
  )
  worker.once('exit', (code) =>
    reject(new QuorumAnalysisError('FAILED', `quorum analysis ended with code ${code} and no answer`))
  )
  try {
    return await promise
  } finally {
    clearTimeout(deadline)
    signal?.removeEventListener('abort', abort)
    await worker.terminate()
  }
}
