/** A binary heap of items by a number: the least first, and of equal ones that which was pushed first. */
export class MinHeap<T> {
  readonly #items: { readonly key: number; readonly order: number; readonly item: T }[] = []
  #pushed = 0

  get size(): number {
    return this.#items.length
  }

  push(key: number, item: T): void {
    const items = this.#items
    let index = items.length
    items.push({ key, order: this.#pushed++, item })
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!this.#isBefore(index, parent)) break
      this.#swap(index, parent)
      index = parent
    }
  }

  /** Removes the least. @returns undefined where the heap is empty */
  pop(): { readonly key: number; readonly item: T } | undefined {
    const items = this.#items
    const top = items[0]
    const last = items.pop()
    if (last !== undefined && items.length > 0) {
      items[0] = last
      for (let index = 0; ;) {
        const left = 2 * index + 1
        let least = index
        for (const child of [left, left + 1]) {
          if (child < items.length && this.#isBefore(child, least)) least = child
        }
        if (least === index) break
        this.#swap(index, least)
        index = least
      }
    }
    return top
  }

  #isBefore(a: number, b: number): boolean {
    const [left, right] = [this.#items[a], this.#items[b]]
    return left.key < right.key || (left.key === right.key && left.order < right.order)
  }

  #swap(a: number, b: number): void {
    const items = this.#items
    ;[items[a], items[b]] = [items[b], items[a]]
  }
}
