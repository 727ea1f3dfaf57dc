import type { HologramLogger } from '../../logger.ts'
import type { ClientCounts } from '../counts.ts'

/** Work that goes on after the operation that began it has answered, until the node stops. */
export class BackgroundTasks {
  readonly #running = new Set<Promise<void>>()
  readonly #stopping = new AbortController()
  readonly #logger: HologramLogger
  readonly #counts: ClientCounts

  constructor({ logger, counts }: { logger: HologramLogger; counts: ClientCounts }) {
    this.#logger = logger
    this.#counts = counts
  }

  /** Fires when the node stops. */
  get signal(): AbortSignal {
    return this.#stopping.signal
  }

  /**
   * Starts `task`. Its failure is logged and counted, and ends nothing else.
   *
   * @param what - in words, with the fields that go with it in the log
   */
  run(
    task: (signal: AbortSignal) => Promise<unknown>,
    what: string,
    fields: Readonly<Record<string, unknown>> = {}
  ): void {
    const { signal } = this.#stopping
    if (signal.aborted) return
    const running: Promise<void> = task(signal)
      .then(
        () => {},
        (error: unknown) => {
          if (signal.aborted) return
          this.#counts.backgroundFailures++
          this.#logger.warn(`${what} failed`, { ...fields, error })
        }
      )
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** Tells every task to end and waits until each has. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the node stops'))
    await Promise.all(this.#running)
  }
}
