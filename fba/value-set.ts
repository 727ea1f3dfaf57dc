// A set of values in ascending order, as nominations list them.

import { compareBytes } from './bytes.ts'
import type { Value } from './types.ts'

export class ValueSet {
  readonly #values: Value[] = []

  get size(): number {
    return this.#values.length
  }

  has(value: Value): boolean {
    return this.#find(value).found
  }

  /** @returns whether `value` is new */
  add(value: Value): boolean {
    const { index, found } = this.#find(value)
    if (!found) this.#values.splice(index, 0, value)
    return !found
  }

  toArray(): Value[] {
    return [...this.#values]
  }

  #find(value: Value): { index: number; found: boolean } {
    let low = 0
    let high = this.#values.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareBytes(this.#values[middle], value) < 0) low = middle + 1
      else high = middle
    }
    return { index: low, found: low < this.#values.length && compareBytes(this.#values[low], value) === 0 }
  }
}
