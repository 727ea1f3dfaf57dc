// Splitting sets: nodes whose lies can make the others agree on two different things.

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
 * "Contains a splitting set". A set S splits when two disjoint quorums are left after S is deleted from the
 * network, its nodes supporting both (Mazières, The Stellar Consensus Protocol, 2015, section 4, quorum
 * intersection despite S; Florian et al. 2022).
 *
 * For a set W, some S inside W splits where one of three things is so, for a node of W serves a quorum better as
 * a liar, who needs no support, than as a member:
 *  1. W itself splits;
 *  2. W without one of its nodes does, and that node is one of the two quorums on its own;
 *  3. W without two of its nodes does, and they are the quorums.
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
  /** True where deleting `liars` leaves two disjoint quorums. Deletion joins no two components. */
  const splits = (liars: Bits): boolean => {
    const quorumIn = (nodes: Bits): Bits => network.greatestQuorum(difference(nodes, liars), liars)
    // One look at all who stand alone: mostly none of them can do with the liars only.
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
  // A liar on whom no quorum can come to depend is not missed.
  const canBeNeeded = (liars: Bits): boolean => isSubset(liars, network.decisive(liars, network.all))
  return { holds, narrow: (committed, upper) => (canBeNeeded(committed) && holds(upper) ? upper : undefined) }
}

/** True where two of `nodes` are each satisfied by `set` without the other. */
function hasIndependentPair(network: TrustNetwork, nodes: readonly number[], set: Bits): boolean {
  return nodes.some((a, index) => {
    const withoutA = withoutBit(set, a)
    return nodes
      .slice(index + 1)
      .some((b) => network.isSatisfied(b, withoutA) && network.isSatisfied(a, withoutBit(set, b)))
  })
}

/** Answers kept: some 30 MB of them. */
const MAX_REMEMBERED = 2 ** 18

/** The search comes to most sets by several ways, and an answer takes much longer than a look-up. */
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
