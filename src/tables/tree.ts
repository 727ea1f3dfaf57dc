import sortedBtree from 'sorted-btree'
import type { Change } from './codec.ts'

/** What a table holds at one moment, in the order of the keys' UTF-8 bytes. Synchronous: it may change after an await. */
export interface TableView {
  get: (key: string) => Uint8Array | undefined
  range: (from?: {
    readonly atLeast?: string
    readonly after?: string
  }) => Iterable<readonly [key: string, value: Uint8Array]>
}

type Btree = InstanceType<typeof sortedBtree.default<string, Uint8Array>>

/** Entries of a table in memory. Copies share what they have in common. */
export class Tree implements TableView {
  readonly #entries: Btree

  constructor(entries: Btree = new sortedBtree.default<string, Uint8Array>(undefined, compareKeys)) {
    this.#entries = entries
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): Uint8Array | undefined {
    return this.#entries.get(key)
  }

  *range({ atLeast, after }: { atLeast?: string; after?: string } = {}): Iterable<
    readonly [key: string, value: Uint8Array]
  > {
    for (const entry of this.#entries.entries(after ?? atLeast)) if (entry[0] !== after) yield entry
  }

  apply(changes: Iterable<Change>): void {
    for (const [key, value] of changes) {
      if (value === undefined) this.#entries.delete(key)
      else this.#entries.set(key, value)
    }
  }

  copy(): Tree {
    return new Tree(this.#entries.clone())
  }
}

/** Order of the UTF-8 bytes of two texts, which is that of their code points. */
export const compareKeys = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

/** UTF-16 puts surrogates, which stand for the highest code points, before U+E000. */
const rank = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800)
