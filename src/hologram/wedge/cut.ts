/** The fewest holders, or groups of holders, without which fewer than k different shards are left. */
export interface Cut {
  /** Their names, in alphabetical order; empty when fewer than k shards are there already. */
  readonly names: readonly string[]
  /** There is no smaller one. False where the search was given up: the cut loses the object, and a smaller one may exist. */
  readonly isExact: boolean
}

/** Sets that the search looks at before it is content with what it has. */
const MAX_STEPS = 50_000

interface Group {
  readonly name: string
  readonly shards: ReadonlySet<number>
}

/**
 * The weakest cut of an object. Where every shard has one holder it is any `spare + 1` holders of the most shards. Where holders
 * overlap, finding it is as hard as minimum k-union, so it is a search, with the cut of a greedy choice as its bound.
 *
 * @param holdings - which shards each host has; the same name may come several times, as a failure domain does
 */
export function weakestCut(
  k: number,
  holdings: ReadonlyArray<{ readonly name: string; readonly shards: readonly number[] }>
): Cut {
  const byName = new Map<string, Set<number>>()
  for (const { name, shards } of holdings) {
    const known = byName.get(name) ?? new Set()
    for (const shard of shards) known.add(shard)
    byName.set(name, known)
  }
  const groups = [...byName].map(([name, shards]): Group => ({ name, shards }))
  groups.sort((a, b) => b.shards.size - a.shards.size || (a.name < b.name ? -1 : 1))
  const copies = copiesOf(groups)
  if (copies.size < k) return { names: [], isExact: true }
  const search = new Search(groups, copies, copies.size - k + 1)
  return search.run()
}

const copiesOf = (groups: readonly Group[]): Map<number, number> => {
  const copies = new Map<number, number>()
  for (const { shards } of groups) for (const shard of shards) copies.set(shard, (copies.get(shard) ?? 0) + 1)
  return copies
}

/** Depth first over subsets of the groups, the ones with most shards first. */
class Search {
  readonly #groups: readonly Group[]
  readonly #copies: Map<number, number>
  /** Shards that must be lost. */
  readonly #target: number
  #best: readonly string[]
  #steps = 0
  readonly #taken: string[] = []

  constructor(groups: readonly Group[], copies: Map<number, number>, target: number) {
    this.#groups = groups
    this.#copies = new Map(copies)
    this.#target = target
    this.#best = greedy(groups, copies, target)
  }

  run(): Cut {
    this.#look(0, 0)
    return { names: [...this.#best].sort(), isExact: this.#steps <= MAX_STEPS }
  }

  #look(from: number, lost: number): void {
    if (lost >= this.#target) {
      this.#best = [...this.#taken]
      return
    }
    const left = this.#best.length - 1 - this.#taken.length
    // Even if the next ones lost all that they have, it would be too few.
    let most = lost
    for (let i = from; i < Math.min(this.#groups.length, from + left); i++)
      most += this.#groups[i].shards.size
    if (left <= 0 || most < this.#target) return
    for (let i = from; i < this.#groups.length; i++) {
      if (++this.#steps > MAX_STEPS) return
      const { name, shards } = this.#groups[i]
      this.#taken.push(name)
      this.#look(i + 1, lost + this.#remove(shards))
      this.#taken.pop()
      for (const shard of shards) this.#copies.set(shard, this.#copies.get(shard)! + 1)
      if (this.#taken.length + 1 >= this.#best.length) return
    }
  }

  /** @returns shards that nobody has any more */
  #remove(shards: ReadonlySet<number>): number {
    let lost = 0
    for (const shard of shards) {
      const copies = this.#copies.get(shard)! - 1
      this.#copies.set(shard, copies)
      if (copies === 0) lost++
    }
    return lost
  }
}

/** Takes the group whose loss loses most shards; with none, the one that holds most of what is left. */
function greedy(groups: readonly Group[], before: ReadonlyMap<number, number>, target: number): string[] {
  const copies = new Map(before)
  const left = new Set(groups)
  const taken: string[] = []
  for (let lost = 0; lost < target;) {
    let best: { group: Group; worth: number } | undefined
    for (const group of left) {
      const worth = [...group.shards].reduce((sum, shard) => sum + 1 / copies.get(shard)!, 0)
      if (best === undefined || worth > best.worth) best = { group, worth }
    }
    if (best === undefined) break
    left.delete(best.group)
    taken.push(best.group.name)
    for (const shard of best.group.shards) {
      copies.set(shard, copies.get(shard)! - 1)
      if (copies.get(shard) === 0) lost++
    }
  }
  return taken
}
