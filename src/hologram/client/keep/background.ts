/** Work that goes on after the operation that began it has answered, until the node stops. */
export class BackgroundTasks {
  readonly #running = new Set<Promise<void>>()
  readonly #stopping = new AbortController()

  /** Fires when the node stops. */
  get signal(): AbortSignal {
    return this.#stopping.signal
  }

  /** Starts `task`; its failure is its own affair: what must be known later it writes down itself. */
  run(task: (signal: AbortSignal) => Promise<unknown>): void {
    if (this.#stopping.signal.aborted) return
    const running: Promise<void> = task(this.#stopping.signal)
      .then(
        () => {},
        () => {}
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
