// Virtual time: events in the order of their microsecond, and of their scheduling within it.

export interface ScheduledEvent {
  readonly atMicros: number
  cancel(): void
}

interface Entry {
  atMicros: number
  sequence: number
  run: (() => void) | undefined
}

export class VirtualClock {
  #nowMicros = 0
  #sequence = 0
  #ran = 0
  readonly #heap: Entry[] = []

  get nowMicros(): number {
    return this.#nowMicros
  }

  /** Events that have run since the beginning. */
  get ran(): number {
    return this.#ran
  }

  /** Runs `run` after `delayMicros`, 0 included, but never at once. */
  after(delayMicros: number, run: () => void): ScheduledEvent {
    const atMicros = this.#nowMicros + Math.max(0, Math.round(delayMicros))
    const entry: Entry = { atMicros, sequence: this.#sequence++, run }
    this.#push(entry)
    return { atMicros, cancel: () => (entry.run = undefined) }
  }

  /**
   * Runs events until none is left, `untilMicros` is passed, or `stop`: a number of events, or a condition.
   *
   * @returns events that ran
   */
  run(untilMicros: number, stop: number | (() => boolean) = Infinity): number {
    let ran = 0
    const isDone = typeof stop === 'number' ? () => ran >= stop : stop
    while (this.#heap.length > 0 && this.#heap[0].atMicros <= untilMicros && !isDone()) {
      const entry = this.#pop()
      if (entry.run === undefined) continue
      this.#nowMicros = entry.atMicros
      entry.run()
      ran++
      this.#ran++
    }
    return ran
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let index = heap.push(entry) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (isBefore(heap[parent], entry)) break
      heap[index] = heap[parent]
      index = parent
    }
    heap[index] = entry
  }

  #pop(): Entry {
    const heap = this.#heap
    const top = heap[0]
    const last = heap.pop()!
    if (heap.length === 0) return top
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++
      if (isBefore(last, heap[child])) break
      heap[index] = heap[child]
      index = child
    }
    heap[index] = last
    return top
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMicros < b.atMicros || (a.atMicros === b.atMicros && a.sequence < b.sequence)
}
