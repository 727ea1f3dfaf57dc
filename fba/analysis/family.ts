// All minimal sets of a kind: found up to symmetry, counted in full, listed up to a limit.

import type { NodeId } from '../types.ts'
import type { Bits } from './bits.ts'
import { countBits, emptyBits, indicesOf } from './bits.ts'
import type { Budget } from './budget.ts'
import { AnalysisLimitError } from './budget.ts'
import type { MonotoneProperty } from './minimal-sets.ts'
import { visitMinimalSets } from './minimal-sets.ts'
import { addOrbit, blocksTouched, expandOrbit, orbitSize } from './orbit.ts'
import type { Symmetry } from './symmetry.ts'

/** All minimal sets of a kind. */
export interface SetFamily {
  /** False if a limit ended the search: there may be more sets than are counted here. */
  readonly complete: boolean
  readonly count: bigint
  /** The number of sets of each size, smallest first. */
  readonly sizes: readonly SizeCount[]
  /** Undefined if there is no set. */
  readonly fewestOrganisations: FewestOrganisations | undefined
  /**
   * The sets, smallest first. Each represents `alike` sets: those, including itself, into which exchanges of nodes or
   * organisations turn it. `alike` is always 1 if the family is small enough to be listed in full.
   */
  readonly sets: readonly ListedSet[]
}

export interface SizeCount {
  readonly size: number
  readonly count: bigint
}

export interface ListedSet {
  readonly members: readonly NodeId[]
  readonly alike: bigint
}

/** The fewest organisations that together contain a set of the family; a node in none counts as one. */
export interface FewestOrganisations {
  readonly count: number
  /** A set that this few organisations contain. */
  readonly example: readonly NodeId[]
}

export interface FamilyLimits {
  /** Maximum orbits; with more, the family is incomplete. */
  readonly maxOrbits: number
  /** A family of at most this many sets is listed in full; of a larger one, one set of each of this many orbits. */
  readonly listLimit: number
}

/** The scope of a search for a family. */
export interface FamilySearch {
  readonly ids: readonly NodeId[]
  readonly symmetry: Symmetry
  /** The nodes that sets may contain: complete classes of `symmetry`. */
  readonly universe: Bits
  readonly property: MonotoneProperty
}

export const NOTHING_FOUND: SetFamily = {
  complete: false,
  count: 0n,
  sizes: [],
  fewestOrganisations: undefined,
  sets: []
}

/** Finds the minimal sets with the property, within `budget`. `union` is the union of all found sets. */
export function collectFamily(
  search: FamilySearch,
  limits: FamilyLimits,
  budget: Budget
): { family: SetFamily; union: Bits } {
  const found: Bits[] = []
  const complete = runsToTheEnd(() =>
    visitMinimalSets(search.symmetry, search.universe, search.property, budget, (set) => {
      if (found.length === limits.maxOrbits) throw new AnalysisLimitError('sets')
      found.push(set)
    })
  )
  const { ids, symmetry } = search
  const union = emptyBits(ids.length)
  for (const set of found) addOrbit(symmetry, set, union)
  found.sort((a, b) => countBits(a) - countBits(b))
  const orbits = found.map((set) => ({ set, alike: orbitSize(symmetry, set) }))
  const count = orbits.reduce((sum, { alike }) => sum + alike, 0n)
  const listed =
    count <= limits.listLimit
      ? found.flatMap((set) =>
          [...expandOrbit(symmetry, set, ids.length)].map((each) => ({ set: each, alike: 1n }))
        )
      : orbits.slice(0, limits.listLimit)
  const named = (set: Bits): NodeId[] => indicesOf(set).map((node) => ids[node])
  const family: SetFamily = {
    complete,
    count,
    sizes: countSizes(orbits),
    fewestOrganisations: fewestOrganisations(symmetry, found, named),
    sets: listed.map(({ set, alike }) => ({ members: named(set), alike }))
  }
  return { family, union }
}

/** @returns false if a limit ended `work` */
function runsToTheEnd(work: () => void): boolean {
  try {
    work()
    return true
  } catch (error) {
    if (error instanceof AnalysisLimitError) return false
    throw error
  }
}

function countSizes(orbits: readonly { set: Bits; alike: bigint }[]): SizeCount[] {
  const sizes = new Map<number, bigint>()
  for (const { set, alike } of orbits) {
    const size = countBits(set)
    sizes.set(size, (sizes.get(size) ?? 0n) + alike)
  }
  return [...sizes].map(([size, count]) => ({ size, count }))
}

function fewestOrganisations(
  symmetry: Symmetry,
  found: readonly Bits[],
  named: (set: Bits) => NodeId[]
): FewestOrganisations | undefined {
  let fewest: FewestOrganisations | undefined
  for (const set of found) {
    const count = blocksTouched(symmetry, set)
    if (fewest === undefined || count < fewest.count) fewest = { count, example: named(set) }
  }
  return fewest
}
