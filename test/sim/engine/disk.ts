// A disk on the virtual clock: a write is durable when its sync is over, and a crash loses what is not.

import type { ScheduledEvent, VirtualClock } from './clock.ts'

export class SimDisk<T> {
  readonly #clock: VirtualClock
  readonly #syncMicros: number
  readonly #durable = new Map<string, T>()
  readonly #underWay = new Set<ScheduledEvent>()
  #idleAtMicros = 0

  constructor(clock: VirtualClock, syncMicros: number) {
    this.#clock = clock
    this.#syncMicros = syncMicros
  }

  /** Writes are synced one after the other, and `onDurable` runs in that order; at once where a sync takes no time. */
  write(key: string, content: T, onDurable: () => void = () => {}): void {
    if (this.#syncMicros === 0) {
      this.#durable.set(key, content)
      onDurable()
      return
    }
    const startMicros = Math.max(this.#idleAtMicros, this.#clock.nowMicros)
    this.#idleAtMicros = startMicros + this.#syncMicros
    const event = this.#clock.after(this.#idleAtMicros - this.#clock.nowMicros, () => {
      this.#underWay.delete(event)
      this.#durable.set(key, content)
      onDurable()
    })
    this.#underWay.add(event)
  }

  delete(key: string): void {
    this.#durable.delete(key)
  }

  /** Loses all writes that are not durable; nothing that waits for them runs. */
  crash(): void {
    for (const event of this.#underWay) event.cancel()
    this.#underWay.clear()
    this.#idleAtMicros = 0
  }

  entries(): [string, T][] {
    return [...this.#durable]
  }
}
