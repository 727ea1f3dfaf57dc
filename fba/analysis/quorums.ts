// Minimal quorums, minimal blocking sets, and disjoint quorums.

import type { Bits } from './bits.ts'
import {
  addBit,
  bitsOf,
  countBits,
  difference,
  emptyBits,
  hasBit,
  indicesOf,
  intersection,
  isEmpty,
  isSubset,
  meets,
  union,
  withoutBit
} from './bits.ts'
import type { Budget } from './budget.ts'
import { trustComponents } from './components.ts'
import type { MonotoneProperty } from './minimal-sets.ts'
import { visitMinimalSets } from './minimal-sets.ts'
import type { TrustNetwork } from './network.ts'
import type { Symmetry } from './symmetry.ts'
import { restrictSymmetry } from './symmetry.ts'

/**
 * The greatest quorum of each strongly connected component that has one. All minimal quorums lie in these. Any two of
 * these are disjoint quorums.
 */
export function quorumComponents(network: TrustNetwork): Bits[] {
  return trustComponents(network, network.greatestQuorum(network.all)).flatMap((component) => {
    // Most components are a single node that relies on others: skip the pass over all requirements.
    const [node, another] = indicesOf(component)
    if (another === undefined) return network.isSatisfied(node, component) ? [component] : []
    const quorum = network.greatestQuorum(component)
    return isEmpty(quorum) ? [] : [quorum]
  })
}

/**
 * "Contains a quorum": its minimal sets are the minimal quorums.
 * @param components of the network; a minimal quorum lies inside one of them
 */
export function containsQuorum(network: TrustNetwork, components: readonly Bits[]): MonotoneProperty {
  return {
    holds: (set) => !isEmpty(network.greatestQuorum(set)),
    narrow: (committed, upper) => {
      const home = components.find((component) => meets(component, committed))
      const quorum = network.greatestQuorum(home === undefined ? upper : intersection(upper, home))
      if (isEmpty(quorum) || !isSubset(committed, quorum)) return undefined
      // In a minimal quorum of several nodes, another node needs each of them.
      return isSubset(committed, network.decisive(committed, quorum)) ? quorum : undefined
    }
  }
}

/** "Meets every quorum": its minimal sets are the minimal blocking sets. */
export function blocksQuorums(network: TrustNetwork): MonotoneProperty {
  const quorumWithout = (set: Bits): Bits => network.greatestQuorum(difference(network.all, set))
  return {
    holds: (set) => isEmpty(quorumWithout(set)),
    narrow: (committed, upper) => {
      if (!isEmpty(quorumWithout(upper))) return undefined
      const passing = difference(network.all, upper)
      if (!indicesOf(committed).every((node) => canBeNeeded(network, node, committed, passing)))
        return undefined
      return union(committed, intersection(upper, quorumWithout(committed)))
    }
  }
}

/**
 * Whether `node` can be needed in a minimal blocking set with `committed` and without `passing`. It must stop a quorum
 * that the others do not stop and that is not a quorum without `node`: a node of it must need `node`.
 */
function canBeNeeded(network: TrustNetwork, node: number, committed: Bits, passing: Bits): boolean {
  const quorum = network.greatestQuorum(difference(network.all, withoutBit(committed, node)))
  if (!hasBit(quorum, node)) return false
  if (network.isSatisfied(node, bitsOf(network.size, [node]))) return true
  // The passing nodes with the same requirement as `node` are in every such quorum.
  const certain = intersection(passing, network.alikeTo(node))
  return hasBit(network.decisive(certain, quorum), node)
}

/** Two quorums without a common node. */
export type DisjointPair = readonly [Bits, Bits]

/**
 * Looks for two disjoint quorums: one in each of two components, or both in the only component with quorums. There the
 * smaller one has at most half of the nodes (Lachowski, Complexity of the quorum intersection property of the Federated
 * Byzantine Agreement System, 2019). So this visits minimal quorums up to that size, and prunes a branch as soon as the
 * remaining nodes contain no quorum.
 * @param symmetry of `network`
 * @returns undefined if every two quorums intersect, or if there is no quorum
 * @throws {AnalysisLimitError}
 */
export function findDisjointQuorums(
  network: TrustNetwork,
  symmetry: Symmetry,
  budget: Budget
): DisjointPair | undefined {
  const components = quorumComponents(network)
  if (components.length === 0) return undefined
  if (components.length > 1) return [components[0], components[1]]
  const { network: core, origin } = network.restrict(components[0])
  const coreSymmetry = restrictSymmetry(symmetry, origin, emptyBits(network.size))
  const pair = findDisjointInCore(core, coreSymmetry, budget)
  return pair?.map((quorum) => translate(quorum, origin, network.size)) as DisjointPair | undefined
}

/** Like {@link findDisjointQuorums}, for a network that is a single component and a quorum. */
export function findDisjointInCore(
  core: TrustNetwork,
  symmetry: Symmetry,
  budget: Budget
): DisjointPair | undefined {
  const quorums = containsQuorum(core, [core.all])
  const quorumApart = (set: Bits): Bits => core.greatestQuorum(difference(core.all, set))
  const half = Math.floor(core.size / 2)
  const smallerSide: MonotoneProperty = {
    holds: quorums.holds,
    narrow: (committed, upper) => {
      const undecided = difference(upper, committed)
      if (countBits(committed) + core.shortfall(committed, undecided) > half) return undefined
      return isEmpty(quorumApart(committed)) ? undefined : quorums.narrow(committed, upper)
    }
  }
  let found: DisjointPair | undefined
  visitMinimalSets(symmetry, core.all, smallerSide, budget, (quorum) => {
    const other = quorumApart(quorum)
    if (!isEmpty(other)) found = [quorum, other]
    return found !== undefined
  })
  return found
}

/** The nodes at the positions `set` of `origin`. */
export function translate(set: Bits, origin: readonly number[], size: number): Bits {
  const result = emptyBits(size)
  for (const index of indicesOf(set)) addBit(result, origin[index])
  return result
}
