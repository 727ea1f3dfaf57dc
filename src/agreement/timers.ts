import type { Cancel, Clock } from '../clock/index.ts'

/** Timers by name. One that is set again begins anew; after `stop` none fires and none can be set. */
export class Timers {
  readonly #clock: Pick<Clock, 'after'>
  readonly #running = new Map<string, Cancel>()
  #isStopped = false

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock
  }

  has(name: string): boolean {
    return this.#running.has(name)
  }

  set(name: string, delayMs: number, run: () => void): void {
    this.cancel(name)
    if (this.#isStopped) return
    this.#running.set(
      name,
      this.#clock.after(delayMs, () => {
        this.#running.delete(name)
        run()
      })
    )
  }

  cancel(name: string): void {
    this.#running.get(name)?.()
    this.#running.delete(name)
  }

  stop(): void {
    this.#isStopped = true
    for (const name of this.#running.keys()) this.cancel(name)
  }
}
