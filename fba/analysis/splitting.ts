// Splitting sets: nodes whose lies can make the others agree on two different values.

import type { Bits } from './bits.ts'
import {
  bitsOf,
  countBits,
  difference,
  emptyBits,
  indicesOf,
  isEmpty,
  isSubset,
  union,
  withoutBit
} from './bits.ts'
import type { Budget } from './budget.ts'
import { trustComponents } from './components.ts'
import type { MonotoneProperty } from './minimal-sets.ts'
import type { TrustNetwork } from './network.ts'
import { findDisjointQuorums } from './quorums.ts'
import type { Symmetry } from './symmetry.ts'
import { restrictSymmetry } from './symmetry.ts'

/**
 * "Contains a splitting set". A set S splits if two disjoint quorums are left after S is deleted from the network, with
 * the nodes of S supporting both (Mazières, The Stellar Consensus Protocol, 2015, section 4, quorum intersection despite
 * S; Florian et al. 2022).
 *
 * A node of W serves a quorum better as a liar, which needs no support, than as a member. So some S inside W splits if
 *  1. W itself splits; or
 *  2. W without one of its nodes splits, and that node alone is one of the two quorums; or
 *  3. W without two of its nodes splits, and these two are the quorums.
 * @param symmetry of `network`
 */
export function containsSplittingSet(
  network: TrustNetwork,
  symmetry: Symmetry,
  budget: Budget
): MonotoneProperty {
  const components = trustComponents(network, network.all)
  const alone = components
    .filter((component) => countBits(component) === 1)
    .reduce(union, emptyBits(network.size))
  const together = components.filter((component) => countBits(component) > 1)
  /** True if deleting `liars` leaves two disjoint quorums. Deletion does not join components. */
  const splits = (liars: Bits): boolean => {
    const quorumIn = (nodes: Bits): Bits => network.greatestQuorum(difference(nodes, liars), liars)
    // One pass over all single-node components: usually the liars alone satisfy none of them.
    const quorums = indicesOf(quorumIn(alone))
      .map((node) => quorumIn(bitsOf(network.size, [node])))
      .concat(together.map(quorumIn))
      .filter((quorum) => !isEmpty(quorum))
    if (quorums.length !== 1) return quorums.length > 1
    const { network: rest, origin } = network.restrict(quorums[0], liars)
    return findDisjointQuorums(rest, restrictSymmetry(symmetry, origin, liars), budget) !== undefined
  }
  const holds = remembered((set) => {
    const honest = difference(network.all, set)
    const liars = indicesOf(set).filter((node) => network.isSatisfied(node, set))
    return (
      liars.some((liar) => !isEmpty(network.greatestQuorum(honest, withoutBit(set, liar)))) ||
      hasIndependentPair(network, liars, set) ||
      splits(set)
    )
  })
  // A liar on which no quorum can ever depend is not needed.
  const canBeNeeded = (liars: Bits): boolean => isSubset(liars, network.decisive(liars, network.all))
  return { holds, narrow: (committed, upper) => (canBeNeeded(committed) && holds(upper) ? upper : undefined) }
}

/** True if `set` satisfies two of `nodes`, each without the other. */
function hasIndependentPair(network: TrustNetwork, nodes: readonly number[], set: Bits): boolean {
  return nodes.some((a, index) => {
    const withoutA = withoutBit(set, a)
    return nodes
      .slice(index + 1)
      .some((b) => network.isSatisfied(b, withoutA) && network.isSatisfied(a, withoutBit(set, b)))
  })
}

/** Maximum cached answers: about 30 MB. */
const MAX_REMEMBERED = 2 ** 18

/** Caches answers: the search reaches most sets several times, and a look-up is much faster than an answer. */
function remembered(holds: (set: Bits) => boolean): (set: Bits) => boolean {
  const answers = new Map<string, boolean>()
  return (set) => {
    const key = set.join()
    const known = answers.get(key)
    if (known !== undefined) return known
    const answer = holds(set)
    if (answers.size === MAX_REMEMBERED) answers.clear()
    answers.set(key, answer)
    return answer
  }
}
