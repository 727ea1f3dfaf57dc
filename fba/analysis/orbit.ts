// Size and members of an orbit: all sets into which exchanges turn a given set.

import type { Bits } from './bits.ts'
import { addBit, emptyBits, hasBit } from './bits.ts'
import type { Block, Symmetry } from './symmetry.ts'

/** The number of nodes of each class of a block in `members`. */
function countsIn(block: Block, members: Bits): number[] {
  return block.classes.map((nodes) => nodes.filter((node) => hasBit(members, node)).length)
}

/** Number of sets in the orbit of `members`. */
export function orbitSize(symmetry: Symmetry, members: Bits): bigint {
  let size = 1n
  for (const group of symmetry) {
    const repeats = new Map<string, bigint>()
    group.forEach((block, index) => {
      const counts = countsIn(block, members)
      block.classes.forEach((nodes, at) => (size *= binomial(nodes.length, counts[at])))
      // A multinomial coefficient, one block at a time: (index + 1) / repeat.
      const repeat = (repeats.get(counts.join()) ?? 0n) + 1n
      repeats.set(counts.join(), repeat)
      size = (size * BigInt(index + 1)) / repeat
    })
  }
  return size
}

/** Number of blocks with a node in `members`: the same for the whole orbit. */
export function blocksTouched(symmetry: Symmetry, members: Bits): number {
  return symmetry.flat().filter((block) => countsIn(block, members).some((count) => count > 0)).length
}

/** Union of all sets in the orbit of `members`, added to `into`. */
export function addOrbit(symmetry: Symmetry, members: Bits, into: Bits): void {
  for (const group of symmetry) {
    group[0].classes.forEach((_, at) => {
      if (!group.some((block) => countsIn(block, members)[at] > 0)) return
      for (const block of group) for (const node of block.classes[at]) addBit(into, node)
    })
  }
}

/**
 * All sets in the orbit of `members`, each once.
 * @param size number of nodes in the network
 */
export function* expandOrbit(symmetry: Symmetry, members: Bits, size: number): Generator<Bits> {
  const perGroup = symmetry.map((group) => {
    const counts = group.map((block) => countsIn(block, members))
    return [...arrangements(counts)].flatMap((arranged) => [
      ...choices(
        group.flatMap((block, index) => block.classes.map((nodes, at) => subsets(nodes, arranged[index][at])))
      )
    ])
  })
  for (const nodes of choices(perGroup)) {
    const set = emptyBits(size)
    for (const node of nodes) addBit(set, node)
    yield set
  }
}

/** All ways to take one entry of every list, concatenated. */
function* choices(lists: readonly (readonly (readonly number[])[])[], from = 0): Generator<number[]> {
  if (from === lists.length) {
    yield []
    return
  }
  for (const rest of choices(lists, from + 1)) for (const entry of lists[from]) yield [...entry, ...rest]
}

/** All subsets of `nodes` with `count` members. */
function subsets(nodes: readonly number[], count: number): number[][] {
  if (count === 0) return [[]]
  return nodes.flatMap((node, index) =>
    subsets(nodes.slice(index + 1), count - 1).map((rest) => [node, ...rest])
  )
}

/** Distinct orders of `items`. */
function* arrangements(items: readonly number[][]): Generator<number[][]> {
  if (items.length === 0) {
    yield []
    return
  }
  const tried = new Set<string>()
  for (const [index, item] of items.entries()) {
    if (tried.has(item.join())) continue
    tried.add(item.join())
    for (const rest of arrangements(items.toSpliced(index, 1))) yield [item, ...rest]
  }
}

function binomial(n: number, k: number): bigint {
  let result = 1n
  for (let index = 1; index <= k; index++) result = (result * BigInt(n - k + index)) / BigInt(index)
  return result
}
