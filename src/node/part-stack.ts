/** A part that is started, and stopped again. */
export interface Part {
  start(): void | Promise<void>
  stop(): void | Promise<void>
}

/** Parts in the order of their starting, to be stopped in the opposite one. */
export class PartStack {
  readonly #started: Array<{ readonly name: string; readonly part: Pick<Part, 'stop'> }> = []

  /** Starts `part`; one that fails to is not stopped. */
  async start(name: string, part: Part): Promise<void> {
    await part.start()
    this.add(name, part)
  }

  /** Takes in what runs already. */
  add(name: string, part: Pick<Part, 'stop'>): void {
    this.#started.push({ name, part })
  }

  /** Stops all, last first; one that fails to does not keep the others from it. */
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
