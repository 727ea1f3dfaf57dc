// All minimal sets of a kind: found up to symmetry, counted in full, listed as far as a person would read.

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
  /** False when a limit ended the search: then there may be more sets than are counted here. */
  readonly complete: boolean
  readonly count: bigint
  /** How many sets there are of each size, smallest first. */
  readonly sizes: readonly SizeCount[]
  /** Undefined when there is no set. */
  readonly fewestOrganisations: FewestOrganisations | undefined
  /**
   * The sets, smallest first. Each stands for `alike` sets, itself included, that exchanges of nodes or
   * organisations turn it into; 1 throughout when the family is small enough to be listed in full.
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

/** The fewest organisations that hold a set of the family between them; a node in none counts as one. */
export interface FewestOrganisations {
  readonly count: number
  /** A set that so few hold. */
  readonly example: readonly NodeId[]
}

export interface FamilyLimits {
  /** Orbits kept; more leave the family incomplete. */
  readonly maxOrbits: number
  /** A family of no more sets is listed in full; of a larger one so many orbits are, by one set each. */
  readonly listLimit: number
}

/** Where a family is looked for. */
export interface FamilySearch {
  readonly ids: readonly NodeId[]
  readonly symmetry: Symmetry
  /** The nodes that a set may have: whole classes of `symmetry`. */
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

/** Finds the minimal sets with the property, as far as `budget` goes. `union` is that of all found. */
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

/** @returns false where a limit ended `work` */
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
