/** A part that can be started and stopped. */
export interface Part {
  start(): void | Promise<void>
  stop(): void | Promise<void>
}

/** Started parts; they are stopped in reverse order. */
export class PartStack {
  readonly #started: Array<{ readonly name: string; readonly part: Pick<Part, 'stop'> }> = []

  /** Starts `part`. A part that fails to start will not be stopped. */
  async start(name: string, part: Part): Promise<void> {
    await part.start()
    this.add(name, part)
  }

  /** Adds a part that is already running. */
  add(name: string, part: Pick<Part, 'stop'>): void {
    this.#started.push({ name, part })
  }

  /** Stops all parts, last first. Goes on if a part fails to stop. */
  async stop(onError: (name: string, error: unknown) => void): Promise<void> {
    for (let last = this.#started.pop(); last !== undefined; last = this.#started.pop()) {
      try {
        await last.part.stop()
      } catch (error) {
        onError(last.name, error)
      }
    }
  }
}
