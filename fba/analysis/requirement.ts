// Quorum sets over node indices, and operations on them.

import type { NodeId, QuorumSet } from '../types.ts'
import type { Bits } from './bits.ts'
import { addBit, bitsOf, countCommon, emptyBits, hasBit, indicesOf, intersection, union } from './bits.ts'

/** A quorum set over node indices. Threshold 0 is always met. */
export interface Requirement {
  readonly threshold: number
  readonly members: Bits
  readonly inner: readonly Requirement[]
}

/**
 * A text that is equal for requirements that are equal up to order.
 * @param rename replaces each node before the comparison; by default by itself
 */
export function requirementKey(
  requirement: Requirement,
  rename: (node: number) => number = (n) => n
): string {
  const members = indicesOf(requirement.members).map(rename)
  const inner = requirement.inner.map((entry) => requirementKey(entry, rename))
  return `${requirement.threshold}(${members.sort((a, b) => a - b).join()}${inner.sort().join('')})`
}

/** Adds every node that `requirement` names to `into`. */
export function namedIn(requirement: Requirement, into: Bits): Bits {
  for (const node of indicesOf(requirement.members)) addBit(into, node)
  for (const inner of requirement.inner) namedIn(inner, into)
  return into
}

export function isMet(requirement: Requirement, support: Bits): boolean {
  let missing = requirement.threshold - countCommon(requirement.members, support)
  for (let index = 0; missing > 0 && index < requirement.inner.length; index++) {
    if (isMet(requirement.inner[index], support)) missing--
  }
  return missing <= 0
}

/** The fewest nodes of `available` that meet `requirement` together with `set`. It must not name a node twice. */
export function missing(requirement: Requirement, set: Bits, available: Bits): number {
  let entries = requirement.threshold - countCommon(requirement.members, set)
  if (entries <= 0) return 0
  const costs: number[] = []
  for (const inner of requirement.inner) {
    const cost = missing(inner, set, available)
    if (cost === 0) entries--
    else costs.push(cost)
  }
  if (entries <= 0) return 0
  const single = Math.min(entries, countCommon(requirement.members, available))
  if (single === entries) return entries
  if (entries - single > costs.length) return Infinity
  costs.sort((a, b) => a - b)
  return costs.slice(0, entries - single).reduce((sum, cost) => sum + cost, single)
}

export function compileRequirement(set: QuorumSet, indexOf: ReadonlyMap<NodeId, number>): Requirement {
  return {
    threshold: set.threshold,
    members: bitsOf(
      indexOf.size,
      set.validators.map((id) => indexOf.get(id)!)
    ),
    inner: set.innerSets.map((inner) => compileRequirement(inner, indexOf))
  }
}

/** `requirement` over the nodes of `indexOf`; entries that `helpers` meet count as met. Undefined if it cannot be met. */
export function reduceRequirement(
  requirement: Requirement,
  indexOf: ReadonlyMap<number, number>,
  helpers: Bits
): Requirement | undefined {
  let threshold = requirement.threshold
  const members = emptyBits(indexOf.size)
  const inner: Requirement[] = []
  let entries = 0
  for (const node of indicesOf(requirement.members)) {
    const index = indexOf.get(node)
    if (index !== undefined) {
      addBit(members, index)
      entries++
    } else if (hasBit(helpers, node)) {
      threshold--
    }
  }
  for (const before of requirement.inner) {
    const after = reduceRequirement(before, indexOf, helpers)
    if (after === undefined) continue
    if (after.threshold === 0) {
      threshold--
    } else {
      inner.push(after)
      entries++
    }
  }
  if (threshold <= 0) return { threshold: 0, members: emptyBits(indexOf.size), inner: [] }
  return threshold > entries ? undefined : { threshold, members, inner }
}

/**
 * The decisive nodes of `upper`: for some set between `committed` and `upper`, the requirement is met with the node but
 * not without it.
 * @returns these nodes, and possibly more of `upper`
 */
export function decisiveNodes(requirement: Requirement, committed: Bits, upper: Bits): Bits {
  const nothing = emptyBits(committed.length * 32)
  if (!isMet(requirement, upper)) return nothing
  const met = requirement.inner.filter((inner) => isMet(inner, committed))
  const spare = countCommon(requirement.members, committed) + met.length - requirement.threshold
  if (spare > 0) return nothing
  // Exactly met: only the entries that meet it now can be decisive.
  const [nodes, inner] = spare === 0 ? [committed, met] : [upper, requirement.inner]
  return inner
    .map((entry) => decisiveNodes(entry, committed, upper))
    .reduce(union, intersection(requirement.members, nodes))
}
