// The definitions, applied to every subset: the oracle for the analysis of small networks.

import type { FbaNode } from '../../../../fba/analysis/network.ts'
import { isQuorumSlice, quorumSetNodes } from '../../../../fba/quorum-set.ts'
import type { NodeId } from '../../../../fba/types.ts'

/** A set of nodes: bit i is node i. */
type Mask = number

export class BruteForce {
  readonly #nodes: readonly FbaNode[]
  readonly #deleted: Mask
  /** For each node, whether each set of nodes contains one of its slices. */
  readonly #satisfied: boolean[][]

  /** @param nodes all that any of them names; at most 10 or so */
  constructor(nodes: readonly FbaNode[], deleted: readonly NodeId[] = []) {
    this.#nodes = nodes
    this.#deleted = this.#mask(deleted)
    const subsets = this.#subsets(this.#all).map((mask) => new Set(this.#ids(mask)))
    this.#satisfied = nodes.map(({ quorumSet }) =>
      subsets.map((subset) => quorumSet !== undefined && isQuorumSlice(quorumSet, subset))
    )
  }

  /** Quorums among the nodes outside `liars`, whose members and the deleted nodes support any of them. */
  #quorums(liars: Mask = 0): Mask[] {
    const support = liars | this.#deleted
    return this.#subsets(this.#all & ~support).filter(
      (set) =>
        set !== 0 && this.#nodes.every((_, node) => !has(set, node) || this.#satisfied[node][set | support])
    )
  }

  minimalQuorums(): NodeId[][] {
    return this.#named(minimal(this.#quorums()))
  }

  minimalBlockingSets(): NodeId[][] {
    const quorums = this.#quorums()
    const candidates = this.#subsets(this.#all & ~this.#deleted)
    return this.#named(minimal(candidates.filter((set) => quorums.every((quorum) => (quorum & set) !== 0))))
  }

  hasDisjointQuorums(liars: Mask = 0): boolean {
    const quorums = minimal(this.#quorums(liars))
    return quorums.some((a) => quorums.some((b) => (a & b) === 0))
  }

  minimalSplittingSets(): NodeId[][] {
    return this.#named(minimal(this.#subsets(this.#all).filter((set) => this.hasDisjointQuorums(set))))
  }

  /** The minimal quorums' nodes, those they name, those these name, and so on. */
  topTierAndAllItReliesOn(): FbaNode[] {
    const reached = new Set(this.minimalQuorums().flat())
    for (const id of reached) {
      const { quorumSet } = this.#nodes.find((node) => node.id === id)!
      if (quorumSet !== undefined) quorumSetNodes(quorumSet, reached)
    }
    return this.#nodes.filter(({ id }) => reached.has(id))
  }

  get #all(): Mask {
    return (1 << this.#nodes.length) - 1
  }

  #subsets(of: Mask): Mask[] {
    return Array.from({ length: this.#all + 1 }, (_, mask) => mask).filter((mask) => (mask & ~of) === 0)
  }

  #mask(ids: readonly NodeId[]): Mask {
    return ids.reduce((mask, id) => mask | (1 << this.#nodes.findIndex((node) => node.id === id)), 0)
  }

  #ids(mask: Mask): NodeId[] {
    return this.#nodes.filter((_, node) => has(mask, node)).map(({ id }) => id)
  }

  #named(masks: readonly Mask[]): NodeId[][] {
    return masks.map((mask) => this.#ids(mask))
  }
}

function has(mask: Mask, node: number): boolean {
  return ((mask >>> node) & 1) === 1
}

/** Those of `sets` of which no other is a part. */
function minimal(sets: readonly Mask[]): Mask[] {
  return sets.filter((set) => !sets.some((other) => other !== set && (other & ~set) === 0))
}
