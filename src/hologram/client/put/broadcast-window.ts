/** One reader's place in a `BroadcastWindow`. */
export interface WindowReader<T> {
  /** Index of the item that `next` gives next. */
  readonly position: number
  /** The next item in order; undefined once the window has ended and everything was read. */
  next: () => Promise<T | undefined>
  /** Stops holding the window back. Idempotent; a pending `next` resolves undefined. */
  leave: () => void
}

/**
 * A bounded sequence that every reader sees in full, each at its own pace. The writer waits while the slowest reader is
 * `capacity` items behind; readers never wait for each other. Items that all have read stay until their room is needed, so
 * a reader that joins early still gets the sequence from its first item.
 */
export class BroadcastWindow<T> {
  readonly capacity: number
  readonly #items: T[] = []
  readonly #readers = new Set<Reader<T>>()
  #first = 0
  #ended = false
  #error: Error | undefined
  #move = Promise.withResolvers<void>()

  constructor(capacity: number) {
    if (!Number.isSafeInteger(capacity) || capacity < 1) throw new RangeError('capacity: at least 1')
    this.capacity = capacity
  }

  /** Items written so far. */
  get written(): number {
    return this.#first + this.#items.length
  }

  get failed(): boolean {
    return this.#error !== undefined
  }

  /** Adds an item; false when the slowest reader has left no room for it. */
  tryWrite(item: T): boolean {
    if (this.#items.length >= this.capacity && !this.#evict()) return false
    this.#items.push(item)
    this.#wakeReaders()
    return true
  }

  /** Resolves when a reader has moved or left since the call: `tryWrite` may succeed now. */
  async moved(): Promise<void> {
    return this.#move.promise
  }

  /** The readers that hold the oldest item back. */
  laggards(): Array<WindowReader<T>> {
    return [...this.#readers].filter((reader) => reader.position === this.#first)
  }

  /** No more items will come. */
  end(): void {
    this.#ended = true
    this.#wakeReaders()
  }

  /** Every reader's `next` rejects with `error`, at once. */
  fail(error: Error): void {
    this.#error ??= error
    this.#wakeReaders()
  }

  /** A reader that starts at the item with index `position`; undefined when that one is gone, or is not to come next. */
  join(position = 0): WindowReader<T> | undefined {
    if (position < this.#first || position > this.written) return undefined
    const reader = new Reader<T>(position, {
      state: () => ({ written: this.written, ended: this.#ended, error: this.#error }),
      item: (position) => this.#items[position - this.#first],
      moved: () => this.#announceMove(),
      left: () => this.#readers.delete(reader)
    })
    this.#readers.add(reader)
    return reader
  }

  /** Gives up the oldest item when every reader has passed it. */
  #evict(): boolean {
    for (const reader of this.#readers) if (reader.position === this.#first) return false
    this.#items.shift()
    this.#first++
    return true
  }

  #announceMove(): void {
    const move = this.#move
    this.#move = Promise.withResolvers()
    move.resolve()
  }

  #wakeReaders(): void {
    for (const reader of this.#readers) reader.wake()
  }
}

/** What a reader asks of its window. */
interface ReaderWindow<T> {
  state: () => { written: number; ended: boolean; error: Error | undefined }
  item: (position: number) => T
  moved: () => void
  left: () => void
}

class Reader<T> implements WindowReader<T> {
  readonly #window: ReaderWindow<T>
  #position: number
  #left = false
  #wake: (() => void) | undefined

  constructor(position: number, window: ReaderWindow<T>) {
    this.#position = position
    this.#window = window
  }

  get position(): number {
    return this.#position
  }

  async next(): Promise<T | undefined> {
    for (;;) {
      const { written, ended, error } = this.#window.state()
      if (error !== undefined) throw error
      if (this.#left) return undefined
      if (this.#position < written) break
      if (ended) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const item = this.#window.item(this.#position)
    this.#position++
    this.#window.moved()
    return item
  }

  leave(): void {
    if (this.#left) return
    this.#left = true
    this.#window.left()
    this.wake()
    this.#window.moved()
  }

  wake(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}
