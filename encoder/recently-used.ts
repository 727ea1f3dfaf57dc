/** A map of limited size that makes missing values and forgets the one that was not used for longest. */
export class RecentlyUsed<V> {
  readonly #capacity: number
  readonly #values = new Map<string, V>()

  /** @param capacity - maximum values */
  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get(key: string, make: () => V): V {
    const value = this.#values.get(key) ?? make()
    this.#values.delete(key)
    this.#values.set(key, value)
    if (this.#values.size > this.#capacity) {
      const [oldest] = this.#values.keys()
      this.#values.delete(oldest)
    }
    return value
  }
}
