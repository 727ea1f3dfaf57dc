// The nodes and organisations that can be exchanged without changing the network: of all sets that differ by such
// exchanges, a search finds one and counts the others. Based on the symmetric clusters of Florian, Henningsen, Ndolo and
// Scheuermann, The Sum of Its Parts (2022), extended from single nodes to whole organisations.

import type { Bits } from './bits.ts'
import { addBit, emptyBits, hasBit, indicesOf, meets } from './bits.ts'
import type { Budget } from './budget.ts'
import type { TrustNetwork } from './network.ts'
import type { Requirement } from './requirement.ts'
import { requirementKey } from './requirement.ts'

/**
 * An organisation, or a node that belongs to none. Its nodes form classes; the nodes of a class can be exchanged with each
 * other.
 */
export interface Block {
  readonly classes: readonly (readonly number[])[]
}

/**
 * Groups of blocks. Any two blocks of a group can be exchanged completely, class by class; their classes have the same
 * number and sizes. The most trusted groups come first.
 */
export type Symmetry = readonly (readonly Block[])[]

/**
 * Takes the innermost inner quorum sets as organisations: disjoint sets, those that most nodes name first.
 * @returns node indices of each organisation, without nodes in none
 */
export function inferOrganisations(network: TrustNetwork): number[][] {
  const votes = new Map<string, { nodes: number[]; count: number }>()
  const collect = (requirement: Requirement): void => {
    for (const inner of requirement.inner) {
      if (inner.inner.length > 0) {
        collect(inner)
        continue
      }
      const nodes = indicesOf(inner.members)
      const vote = votes.get(nodes.join()) ?? { nodes, count: 0 }
      vote.count++
      votes.set(nodes.join(), vote)
    }
  }
  for (const requirement of network.requirementOf) {
    if (requirement >= 0) collect(network.requirements[requirement])
  }
  const taken = emptyBits(network.size)
  const organisations: number[][] = []
  for (const { nodes } of [...votes.values()].sort((a, b) => b.count - a.count)) {
    if (nodes.length < 2 || nodes.some((node) => hasBit(taken, node))) continue
    for (const node of nodes) addBit(taken, node)
    organisations.push(nodes)
  }
  return organisations
}

/**
 * Finds exchanges that map the network onto itself and organisations onto organisations. It may miss some: that costs time
 * in the searches but not exactness.
 * @param organisations disjoint sets of nodes; a node in none forms a block of its own
 * @throws {AnalysisLimitError}
 */
export function findSymmetry(
  network: TrustNetwork,
  organisations: readonly (readonly number[])[],
  budget: Budget
): Symmetry {
  const exchanges = new Exchanges(network, budget)
  const grouped = new Set(organisations.flat())
  const alone = Array.from({ length: network.size }, (_, node) => node).filter((node) => !grouped.has(node))
  const blocks = [...organisations, ...alone.map((node) => [node])]
    .filter((nodes) => nodes.length > 0)
    .map((nodes) => exchanges.classesOf(nodes))
  const groups = partition(
    blocks,
    (block) => exchanges.signatureOf(block),
    (a, b) => exchanges.areExchangeable(a.classes, b.classes)
  )
  const trust = (group: readonly Block[]): number =>
    Math.max(...group[0].classes.map(([node]) => exchanges.timesNamed[node]))
  return groups.sort((a, b) => trust(b) - trust(a))
}

/**
 * The part of `symmetry` that remains among `origin` (node indices; the result uses positions in it) if the nodes of
 * `marked` are distinguished from the others.
 */
export function restrictSymmetry(symmetry: Symmetry, origin: readonly number[], marked: Bits): Symmetry {
  const position = new Map(origin.map((node, index) => [node, index]))
  return symmetry.flatMap((group) => {
    const alike = new Map<string, Block[]>()
    for (const { classes } of group) {
      let key = ''
      const kept: number[][] = []
      for (const nodes of classes) {
        const left = nodes.filter((node) => position.has(node)).map((node) => position.get(node)!)
        key += `${left.length}/${nodes.filter((node) => hasBit(marked, node)).length} `
        if (left.length > 0) kept.push(left)
      }
      if (kept.length === 0) continue
      const blocks = alike.get(key)
      if (blocks === undefined) alike.set(key, [{ classes: kept }])
      else blocks.push({ classes: kept })
    }
    return [...alike.values()]
  })
}

class Exchanges {
  readonly timesNamed: Int32Array
  readonly #network: TrustNetwork
  readonly #budget: Budget
  /** For each requirement, a number that all equal requirements share. */
  readonly #identity: number[]
  readonly #identityOfKey = new Map<string, number>()
  readonly #named: Bits[]
  readonly #holders: number[][]
  readonly #shapes: string[]

  constructor(network: TrustNetwork, budget: Budget) {
    this.#network = network
    this.#budget = budget
    this.#identity = network.requirements.map((requirement, index) => {
      const key = requirementKey(requirement)
      const identity = this.#identityOfKey.get(key) ?? index
      this.#identityOfKey.set(key, identity)
      return identity
    })
    this.#shapes = network.requirements.map((requirement) => requirementKey(requirement, () => 0))
    this.#named = network.requirements.map(() => emptyBits(network.size))
    this.#holders = network.requirements.map(() => [])
    this.timesNamed = new Int32Array(network.size)
    network.requirementOf.forEach((requirement, node) => {
      if (requirement < 0) return
      this.#holders[requirement].push(node)
      this.#named[requirement] = network.trustedBy(node)
      for (const named of indicesOf(network.trustedBy(node))) this.timesNamed[named]++
    })
  }

  /** `nodes` in classes of exchangeable nodes, in an order that is the same for exchangeable blocks. */
  classesOf(nodes: readonly number[]): Block {
    const classes = partition(
      nodes,
      (node) => this.#nodeSignature(node),
      (a, b) => this.#isExchange([[a, b]])
    )
    const order = (nodes: readonly number[]): string => `${this.#nodeSignature(nodes[0])} x${nodes.length}`
    return { classes: classes.sort((a, b) => (order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0)) }
  }

  signatureOf({ classes }: Block): string {
    return classes.map((nodes) => `${this.#nodeSignature(nodes[0])} x${nodes.length}`).join('; ')
  }

  areExchangeable(a: Block['classes'], b: Block['classes']): boolean {
    return this.#isExchange(
      a.flatMap((nodes, index) => nodes.map((node, at) => [node, b[index][at]] as const))
    )
  }

  /** Equal for exchangeable nodes, and cheap to compute. */
  #nodeSignature(node: number): string {
    const requirement = this.#network.requirementOf[node]
    return `${requirement < 0 ? 'dead' : this.#shapes[requirement]} named ${this.timesNamed[node]}`
  }

  /** True if swapping the nodes of each pair maps each node's requirement to that of the node in its new place. */
  #isExchange(pairs: readonly (readonly [number, number])[]): boolean {
    this.#budget.step()
    const { requirementOf, size } = this.#network
    const target = new Map<number, number>()
    const moved = emptyBits(size)
    for (const [a, b] of pairs) {
      target.set(a, b).set(b, a)
      addBit(moved, a)
      addBit(moved, b)
    }
    const rename = (node: number): number => target.get(node) ?? node
    const images = new Map<number, number | undefined>()
    const imageOf = (requirement: number): number | undefined => {
      if (!meets(this.#named[requirement], moved)) return this.#identity[requirement]
      if (!images.has(requirement)) {
        const key = requirementKey(this.#network.requirements[requirement], rename)
        images.set(requirement, this.#identityOfKey.get(key))
      }
      return images.get(requirement)
    }
    const fits = (node: number): boolean => {
      const before = requirementOf[node]
      const after = requirementOf[rename(node)]
      return before < 0 || after < 0 ? before === after : imageOf(before) === this.#identity[after]
    }
    return (
      pairs.every(([a, b]) => fits(a) && fits(b)) &&
      this.#holders.every((holders, index) => !meets(this.#named[index], moved) || holders.every(fits))
    )
  }
}

/** Sorts `items` into classes of an equivalence; only items of equal `signature` are compared. */
function partition<T>(
  items: readonly T[],
  signature: (item: T) => string,
  areEquivalent: (a: T, b: T) => boolean
): T[][] {
  const bySignature = new Map<string, T[][]>()
  for (const item of items) {
    const key = signature(item)
    const classes = bySignature.get(key) ?? []
    bySignature.set(key, classes)
    const home = classes.find(([first]) => areEquivalent(first, item))
    if (home === undefined) classes.push([item])
    else home.push(item)
  }
  return [...bySignature.values()].flat()
}
