// The search used for all families: the minimal sets with a property that supersets inherit.

import type { Bits } from './bits.ts'
import { emptyBits, hasBit, removeBit, union, withBit, withoutBit } from './bits.ts'
import type { Budget } from './budget.ts'
import type { Symmetry } from './symmetry.ts'

/** A property of sets of nodes: if a set has it, all its supersets have it too. */
export interface MonotoneProperty {
  holds(set: Bits): boolean
  /**
   * Prunes the search where it can find nothing: at least where `upper` does not have the property.
   * @param committed nodes that are in; without others they do not have the property
   * @param upper `committed` and the undecided nodes
   * @returns a part of `upper` that contains every minimal set between the two, or undefined if there is none
   */
  narrow(committed: Bits, upper: Bits): Bits | undefined
}

/** A class of exchangeable nodes: the search decides only how many of them are in. */
interface Variable {
  readonly nodes: readonly number[]
  /** Variables of the same block up to this one, each with its counterpart in the previous block of the group. */
  readonly ties: readonly { own: number; before: number }[]
  /** First classes of the later blocks of the group, if this is a first class. */
  readonly followers: readonly (readonly number[])[]
}

/**
 * Visits one minimal set with `property` of each orbit: branch and bound over the classes of `symmetry`. A set takes the
 * first nodes of each class, and among exchangeable blocks it takes no less from an earlier one than from a later one (in
 * lexicographic order of the counts). Exactly one set of each orbit has this form.
 * @param visit called with each set; returns true to end the search
 * @throws {AnalysisLimitError} if `budget` is spent before the search is complete
 */
export function visitMinimalSets(
  symmetry: Symmetry,
  universe: Bits,
  property: MonotoneProperty,
  budget: Budget,
  visit: (set: Bits) => boolean | void
): void {
  const nothing = emptyBits(universe.length * 32)
  if (property.holds(nothing)) {
    visit(nothing)
    return
  }
  const start = property.narrow(nothing, universe)
  if (start === undefined) return
  const variables = variablesOf(symmetry)
  const counts = new Int32Array(variables.length)

  /** @returns whether `visit` ended the search */
  const search = (from: number, committed: Bits, upper: Bits): boolean => {
    let at = from
    while (at < variables.length && mostOf(variables[at], counts, upper) === 0) counts[at++] = 0
    if (at === variables.length) return false
    const variable = variables[at]
    const most = mostOf(variable, counts, upper)
    const others = withoutBits(upper, variable.nodes)
    let chosen = committed
    for (let count = 0; count <= most; count++) {
      budget.step()
      counts[at] = count
      if (count > 0) {
        chosen = withBit(chosen, variable.nodes[count - 1])
        if (property.holds(chosen)) return isMinimal(chosen, at) && visit(chosen) === true
      }
      const clamped = clamp(union(others, chosen), variable, count)
      const bounded = property.narrow(chosen, clamped)
      if (bounded !== undefined && search(at + 1, chosen, bounded)) return true
    }
    return false
  }
  // It is enough to remove one node of each class: the others are exchangeable with it.
  const isMinimal = (set: Bits, last: number): boolean => {
    for (let at = 0; at <= last; at++) {
      if (counts[at] === 0) continue
      budget.step()
      if (property.holds(withoutBit(set, variables[at].nodes[counts[at] - 1]))) return false
    }
    return true
  }
  search(0, nothing, start)
}

function variablesOf(symmetry: Symmetry): Variable[] {
  const variables: Variable[] = []
  for (const group of symmetry) {
    const perBlock = group[0].classes.length
    group.forEach((block, blockIndex) => {
      block.classes.forEach((nodes, classIndex) => {
        const start = variables.length - classIndex
        const ties = Array.from({ length: blockIndex === 0 ? 0 : classIndex + 1 }, (_, index) => ({
          own: start + index,
          before: start - perBlock + index
        }))
        const followers = classIndex === 0 ? group.slice(blockIndex + 1).map((later) => later.classes[0]) : []
        variables.push({ nodes, ties, followers })
      })
    })
  }
  return variables
}

/** Maximum nodes of a class: those left in `upper`, and only as many as keep the blocks in order. */
function mostOf({ nodes, ties }: Variable, counts: Int32Array, upper: Bits): number {
  let most = 0
  while (most < nodes.length && hasBit(upper, nodes[most])) most++
  for (const [index, { own, before }] of ties.entries()) {
    if (index === ties.length - 1) return Math.min(most, counts[before])
    if (counts[own] < counts[before]) break
  }
  return most
}

/** Removes nodes from `upper`: later blocks may not take more of their first class than this block did. */
function clamp(upper: Bits, { followers }: Variable, count: number): Bits {
  for (const nodes of followers) for (const node of nodes.slice(count)) removeBit(upper, node)
  return upper
}

function withoutBits(bits: Bits, indices: readonly number[]): Bits {
  const result = bits.slice()
  for (const index of indices) removeBit(result, index)
  return result
}
