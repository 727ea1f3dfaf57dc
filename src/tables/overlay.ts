import type { Change } from './codec.ts'
import { compareKeys, type TableView } from './tree.ts'

/** A view with changes on top that are not decided yet. */
export class Overlay implements TableView {
  readonly #base: TableView
  readonly #changes = new Map<string, Uint8Array | undefined>()
  #bytes = 0
  #sorted: readonly Change[] | undefined

  constructor(base: TableView) {
    this.#base = base
  }

  get changes(): ReadonlyArray<Change> {
    return (this.#sorted ??= [...this.#changes].sort(([a], [b]) => compareKeys(a, b)))
  }

  get count(): number {
    return this.#changes.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get(key: string): Uint8Array | undefined {
    return this.#changes.has(key) ? this.#changes.get(key) : this.#base.get(key)
  }

  *range(
    from: { readonly atLeast?: string; readonly after?: string } = {}
  ): Iterable<readonly [key: string, value: Uint8Array]> {
    const start = from.after ?? from.atLeast ?? ''
    const changed = this.changes
      .filter(([key]) => compareKeys(key, start) >= 0 && key !== from.after)
      [Symbol.iterator]()
    let change = changed.next()
    for (const entry of this.#base.range(from)) {
      while (change.done !== true && compareKeys(change.value[0], entry[0]) < 0) {
        if (change.value[1] !== undefined) yield [change.value[0], change.value[1]]
        change = changed.next()
      }
      if (this.#changes.has(entry[0])) continue
      yield entry
    }
    while (change.done !== true) {
      if (change.value[1] !== undefined) yield [change.value[0], change.value[1]]
      change = changed.next()
    }
  }

  apply(changes: readonly Change[]): void {
    for (const [key, value] of changes) {
      this.#changes.set(key, value)
      this.#bytes += key.length + (value?.byteLength ?? 0)
    }
    if (changes.length > 0) this.#sorted = undefined
  }
}
