// A network of nodes and their quorum sets, compiled to bit sets. All analysis is based on one operation: the greatest
// quorum inside a set of nodes.

import { quorumSetNodes, quorumSetProblem } from '../quorum-set.ts'
import type { NodeId, QuorumSet } from '../types.ts'
import type { Bits } from './bits.ts'
import { addBit, allBits, emptyBits, indicesOf, intersection, meets, union } from './bits.ts'
import type { Requirement } from './requirement.ts'
import {
  compileRequirement,
  decisiveNodes,
  isMet,
  missing,
  namedIn,
  reduceRequirement,
  requirementKey
} from './requirement.ts'

/**
 * A node as the analysis sees it. A node whose quorum set is missing or not sane is dead: it is not in any quorum and
 * satisfies no other node. It may still be among the nodes whose lies split the network.
 */
export interface FbaNode {
  readonly id: NodeId
  /** Name for people. */
  readonly name?: string
  readonly quorumSet?: QuorumSet
}

/** `requirementOf` of a dead node. */
const DEAD = -1

/**
 * Nodes 0 to size - 1 and their requirements. Nodes with the same requirement share it, so that one pass over the distinct
 * requirements decides for all of them.
 */
export class TrustNetwork {
  readonly ids: readonly NodeId[]
  readonly size: number
  readonly all: Bits
  readonly requirements: readonly Requirement[]
  /** Index into `requirements` for each node, or -1 for a dead one. */
  readonly requirementOf: readonly number[]
  readonly #holders: readonly Bits[]
  readonly #named: readonly Bits[]
  readonly #live: Bits

  constructor(
    ids: readonly NodeId[],
    requirements: readonly Requirement[],
    requirementOf: readonly number[]
  ) {
    this.ids = ids
    this.size = ids.length
    this.all = allBits(this.size)
    this.requirements = requirements
    this.requirementOf = requirementOf
    this.#live = emptyBits(this.size)
    this.#holders = requirements.map(() => emptyBits(this.size))
    this.#named = requirements.map((requirement) => namedIn(requirement, emptyBits(this.size)))
    requirementOf.forEach((requirement, node) => {
      if (requirement === DEAD) return
      addBit(this.#live, node)
      addBit(this.#holders[requirement], node)
    })
  }

  isDead(node: number): boolean {
    return this.requirementOf[node] === DEAD
  }

  /** True if `support` contains a slice of `node`. */
  isSatisfied(node: number, support: Bits): boolean {
    const requirement = this.requirementOf[node]
    return requirement !== DEAD && isMet(this.requirements[requirement], support)
  }

  /** Nodes with the same requirement as `node`, including itself: if one of them is satisfied, all are. */
  alikeTo(node: number): Bits {
    const requirement = this.requirementOf[node]
    return requirement === DEAD ? emptyBits(this.size) : this.#holders[requirement]
  }

  /** Nodes that `node`'s quorum set names. */
  trustedBy(node: number): Bits {
    const requirement = this.requirementOf[node]
    return requirement === DEAD ? emptyBits(this.size) : this.#named[requirement]
  }

  /** Nodes that the quorum set of some other node names. */
  namedByOthers(): Bits {
    const named = emptyBits(this.size)
    for (let node = 0; node < this.size; node++) {
      for (const other of indicesOf(this.trustedBy(node))) if (other !== node) addBit(named, other)
    }
    return named
  }

  /**
   * The greatest quorum inside `within`: repeatedly removes nodes that the rest does not satisfy.
   * @param helpers deleted nodes outside `within` (in the sense of Mazières, The Stellar Consensus Protocol, 2015,
   *   section 4): they support every quorum and are in none
   */
  greatestQuorum(within: Bits, helpers?: Bits): Bits {
    const quorum = intersection(within, this.#live)
    const support = helpers === undefined ? quorum : union(quorum, helpers)
    for (let peeled = true; peeled;) {
      peeled = false
      for (let index = 0; index < this.requirements.length; index++) {
        const holders = this.#holders[index]
        if (!meets(holders, quorum) || isMet(this.requirements[index], support)) continue
        for (let word = 0; word < quorum.length; word++) {
          const gone = holders[word] & quorum[word]
          quorum[word] &= ~gone
          support[word] &= ~gone
        }
        peeled = true
      }
    }
    return quorum
  }

  /**
   * Lower bound on the nodes of `available` that must join `set` to make it a quorum: the most that one of its nodes
   * misses. Infinity if a node cannot be satisfied.
   */
  shortfall(set: Bits, available: Bits): number {
    let most = 0
    for (let index = 0; index < this.requirements.length; index++) {
      if (meets(this.#holders[index], set))
        most = Math.max(most, missing(this.requirements[index], set, available))
    }
    return most
  }

  /** Nodes of `upper` that some set between `committed` and `upper` may need: see `decisiveNodes`. */
  decisive(committed: Bits, upper: Bits): Bits {
    return this.requirements
      .filter((_, index) => meets(this.#holders[index], upper))
      .map((requirement) => decisiveNodes(requirement, committed, upper))
      .reduce(union, emptyBits(this.size))
  }

  /**
   * The network of only `nodes`: all others are silent, except `helpers`, which support everything.
   * @returns the smaller network, and the index here of each of its nodes
   */
  restrict(nodes: Bits, helpers: Bits = emptyBits(this.size)): { network: TrustNetwork; origin: number[] } {
    const origin = indicesOf(nodes)
    const indexOf = new Map(origin.map((node, index) => [node, index]))
    const requirements: Requirement[] = []
    const renumbered = new Map<number, number>()
    const requirementOf = origin.map((node) => {
      const before = this.requirementOf[node]
      if (before === DEAD) return DEAD
      let after = renumbered.get(before)
      if (after === undefined) {
        const reduced = reduceRequirement(this.requirements[before], indexOf, helpers)
        after = reduced === undefined ? DEAD : requirements.push(reduced) - 1
        renumbered.set(before, after)
      }
      return after
    })
    const ids = origin.map((node) => this.ids[node])
    return { network: new TrustNetwork(ids, requirements, requirementOf), origin }
  }
}

/**
 * Compiles `nodes`. Adds nodes that only quorum sets name, as dead nodes.
 * @throws {RangeError} if two nodes have the same id
 */
export function compileNetwork(nodes: readonly FbaNode[]): TrustNetwork {
  const indexOf = new Map<NodeId, number>()
  for (const { id } of nodes) {
    if (indexOf.has(id)) throw new RangeError(`node ${id} is listed twice`)
    indexOf.set(id, indexOf.size)
  }
  const sane = nodes.map(({ quorumSet }) =>
    quorumSet !== undefined && quorumSetProblem(quorumSet) === undefined ? quorumSet : undefined
  )
  for (const set of sane) {
    if (set === undefined) continue
    for (const id of quorumSetNodes(set)) if (!indexOf.has(id)) indexOf.set(id, indexOf.size)
  }
  const requirements: Requirement[] = []
  const known = new Map<string, number>()
  const requirementOf = [...indexOf.values()].map((node) => {
    const set = sane[node]
    if (set === undefined) return DEAD
    const requirement = compileRequirement(set, indexOf)
    const key = requirementKey(requirement)
    const index = known.get(key) ?? requirements.push(requirement) - 1
    known.set(key, index)
    return index
  })
  return new TrustNetwork([...indexOf.keys()], requirements, requirementOf)
}
