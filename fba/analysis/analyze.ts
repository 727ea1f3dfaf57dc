// The complete analysis of a network: quorum intersection, blocking sets, splitting sets and the top tier.

import type { NodeId } from '../types.ts'
import type { Bits } from './bits.ts'
import { bitsOf, difference, emptyBits, indicesOf, isEmpty, union } from './bits.ts'
import type { Clock } from './budget.ts'
import { AnalysisLimitError, Budget } from './budget.ts'
import { reliedUpon } from './components.ts'
import type { FamilyLimits, SetFamily } from './family.ts'
import { collectFamily, NOTHING_FOUND } from './family.ts'
import type { MonotoneProperty } from './minimal-sets.ts'
import type { FbaNode, TrustNetwork } from './network.ts'
import { compileNetwork } from './network.ts'
import { blocksQuorums, containsQuorum, findDisjointInCore, quorumComponents } from './quorums.ts'
import { containsSplittingSet } from './splitting.ts'
import type { Symmetry } from './symmetry.ts'
import { findSymmetry, inferOrganisations } from './symmetry.ts'

export interface AnalysisOptions {
  readonly clock: Clock
  /** Time limit of the whole analysis, milliseconds. @default Infinity */
  readonly limitMillis?: number
  /** Maximum steps of each search: a limit that does not depend on the machine. @default Infinity */
  readonly maxSteps?: number
  /** Maximum sets of each family, up to symmetry; with more, the family is incomplete. @default 100000 */
  readonly maxOrbits?: number
  /** A family of at most this many sets is listed in full. @default 1000 */
  readonly listLimit?: number
  /** Nodes to leave out. */
  readonly deleted?: readonly NodeId[]
  /** The nodes of each organisation: disjoint sets. @default the innermost inner quorum sets */
  readonly organisations?: readonly (readonly NodeId[])[]
}

/** Whether every two quorums share a node; 'no-quorum' for a network without quorums. */
export type IntersectionResult =
  | { readonly status: 'intersects' | 'no-quorum' | 'undecided' }
  | { readonly status: 'splits'; readonly quorums: readonly [readonly NodeId[], readonly NodeId[]] }

/** The effect of the deleted nodes' silence on the others. */
export interface DeletionEffect {
  readonly nodes: readonly NodeId[]
  readonly quorumRemains: boolean
  /** Nodes that were in a quorum and no longer can be. */
  readonly stalled: readonly NodeId[]
}

export interface NetworkAnalysis {
  /** Analysed nodes, including those that are only named, without the deleted ones. */
  readonly nodeCount: number
  /** Nodes whose quorum set is missing or not sane. */
  readonly dead: readonly NodeId[]
  readonly organisations: readonly (readonly NodeId[])[]
  readonly intersection: IntersectionResult
  readonly minimalQuorums: SetFamily
  /** Sets whose silence leaves no quorum. Only the empty set if the network has no quorum. */
  readonly minimalBlockingSets: SetFamily
  /**
   * Sets whose lies can make two nodes of the core, or two that the core relies on, agree on different values. Only the
   * empty set if they can disagree without lies; no set if there is no quorum.
   */
  readonly minimalSplittingSets: SetFamily
  /** Nodes in some minimal quorum; if not `complete`, only those found. */
  readonly topTier: { readonly complete: boolean; readonly members: readonly NodeId[] }
  readonly deletion: DeletionEffect | undefined
}

/**
 * Analyses a network. Results are exact: if a limit ends a search, its result says 'undecided' or `complete: false`.
 *
 * Deletion is that of Mazières (The Stellar Consensus Protocol, 2015, section 4): deleted nodes support any quorum and are
 * in none. So `intersection` and the families show how the others withstand their lies; `deletion` shows how the others
 * withstand their silence.
 * @throws {RangeError} for a node listed twice, a deleted node or member of an organisation that is not in the
 *   network, and a node in two organisations
 */
export function analyzeNetwork(nodes: readonly FbaNode[], options: AnalysisOptions): NetworkAnalysis {
  const whole = compileNetwork(nodes)
  const deleted = bitsOf(whole.size, indicesOfNodes(whole, options.deleted ?? []))
  const organisationsOfAll = organisationsIn(whole, options.organisations)
  const { network, origin } = whole.restrict(difference(whole.all, deleted), deleted)
  const organisations = placedIn(origin, organisationsOfAll)
  const named = (set: Bits): NodeId[] => indicesOf(set).map((node) => network.ids[node])
  const limits = { maxOrbits: options.maxOrbits ?? 100_000, listLimit: options.listLimit ?? 1000 }
  const time = new TimeShares(options)

  const components = quorumComponents(network)
  const core = new Core(network, components, organisations)
  const intersection = time.spend(1 / 2, (budget) => core.intersect(budget)) ?? { status: 'undecided' }
  const blocking = time.spend(1 / 3, (budget) => core.blockingSets(limits, budget))
  const splitting = time.spend(1 / 2, (budget) =>
    splittingSets(network, components, organisations, limits, budget)
  )
  const quorums = time.spend(1, (budget) => core.quorums(limits, budget))
  // Minimal quorums and minimal blocking sets have the same union (Florian et al. 2022).
  const tier = quorums?.family.complete
    ? quorums
    : blocking?.family.complete
      ? blocking
      : (quorums ?? blocking)

  return {
    nodeCount: network.size,
    dead: named(
      bitsOf(
        network.size,
        indicesOf(network.all).filter((node) => network.isDead(node))
      )
    ),
    organisations: organisations.map((members) => members.map((node) => network.ids[node])),
    intersection,
    minimalQuorums: quorums?.family ?? NOTHING_FOUND,
    minimalBlockingSets: blocking?.family ?? NOTHING_FOUND,
    minimalSplittingSets: splitting?.family ?? NOTHING_FOUND,
    topTier: {
      complete: tier?.family.complete ?? false,
      members: tier === undefined ? [] : core.named(tier.union)
    },
    deletion: isEmpty(deleted) ? undefined : deletionEffect(whole, deleted)
  }
}

/** The nodes of all minimal quorums: the union of the greatest quorums of all components that have one. */
class Core {
  readonly #network: TrustNetwork
  readonly #components: readonly Bits[]
  readonly #organisations: readonly (readonly number[])[]
  #symmetry: Symmetry | undefined

  constructor(
    network: TrustNetwork,
    components: readonly Bits[],
    organisations: readonly (readonly number[])[]
  ) {
    const nodes = components.reduce(union, emptyBits(network.size))
    const { network: core, origin } = network.restrict(nodes)
    this.#network = core
    this.#components = placedIn(origin, components.map(indicesOf)).map((nodes) => bitsOf(core.size, nodes))
    this.#organisations = placedIn(origin, organisations)
  }

  intersect(budget: Budget): IntersectionResult {
    if (this.#components.length === 0) return { status: 'no-quorum' }
    const apart =
      this.#components.length > 1
        ? this.#components
        : findDisjointInCore(this.#network, this.#symmetryWithin(budget), budget)
    if (apart === undefined) return { status: 'intersects' }
    return { status: 'splits', quorums: [this.named(apart[0]), this.named(apart[1])] }
  }

  quorums(limits: FamilyLimits, budget: Budget): ReturnType<typeof collectFamily> {
    return this.#collect(containsQuorum(this.#network, this.#components), limits, budget)
  }

  blockingSets(limits: FamilyLimits, budget: Budget): ReturnType<typeof collectFamily> {
    return this.#collect(blocksQuorums(this.#network), limits, budget)
  }

  named(set: Bits): NodeId[] {
    return indicesOf(set).map((node) => this.#network.ids[node])
  }

  #collect(
    property: MonotoneProperty,
    limits: FamilyLimits,
    budget: Budget
  ): ReturnType<typeof collectFamily> {
    const { ids, all } = this.#network
    const symmetry = this.#symmetryWithin(budget)
    return collectFamily({ ids, symmetry, universe: all, property }, limits, budget)
  }

  #symmetryWithin(budget: Budget): Symmetry {
    this.#symmetry ??= findSymmetry(this.#network, this.#organisations, budget)
    return this.#symmetry
  }
}

/**
 * The splitting sets of the core: the nodes in `components` and all that they rely on. Nodes on which the core does not
 * rely can be misled by those that they trust, but cannot help to split the core.
 */
function splittingSets(
  network: TrustNetwork,
  components: readonly Bits[],
  organisations: readonly (readonly number[])[],
  limits: FamilyLimits,
  budget: Budget
): ReturnType<typeof collectFamily> {
  const core = components.reduce(union, emptyBits(network.size))
  const { network: view, origin } = network.restrict(reliedUpon(network, core))
  const symmetry = findSymmetry(view, placedIn(origin, organisations), budget)
  const property = containsSplittingSet(view, symmetry, budget)
  return collectFamily({ ids: view.ids, symmetry, universe: view.namedByOthers(), property }, limits, budget)
}

function deletionEffect(network: TrustNetwork, deleted: Bits): DeletionEffect {
  const before = network.greatestQuorum(network.all)
  const after = network.greatestQuorum(difference(network.all, deleted))
  const named = (set: Bits): NodeId[] => indicesOf(set).map((node) => network.ids[node])
  return {
    nodes: named(deleted),
    quorumRemains: !isEmpty(after),
    stalled: named(difference(difference(before, after), deleted))
  }
}

function organisationsIn(network: TrustNetwork, given: AnalysisOptions['organisations']): number[][] {
  if (given === undefined) return inferOrganisations(network)
  const organisations = given.map((members) => indicesOfNodes(network, members))
  const all = organisations.flat()
  const twice = all.find((node, index) => all.indexOf(node) !== index)
  if (twice !== undefined) throw new RangeError(`node ${network.ids[twice]} is in two organisations`)
  return organisations
}

function indicesOfNodes(network: TrustNetwork, ids: readonly NodeId[]): number[] {
  return ids.map((id) => {
    const index = network.ids.indexOf(id)
    if (index < 0) throw new RangeError(`no node ${id} in this network`)
    return index
  })
}

/** Maps sets of nodes to positions in `origin`; drops nodes that are not in it. */
function placedIn(origin: readonly number[], sets: readonly (readonly number[])[]): number[][] {
  const position = new Map(origin.map((node, index) => [node, index]))
  return sets
    .map((nodes) => nodes.filter((node) => position.has(node)).map((node) => position.get(node)!))
    .filter((nodes) => nodes.length > 0)
}

/** Gives each search its share of the remaining time, so that a hard one does not starve the next. */
class TimeShares {
  readonly #options: AnalysisOptions
  readonly #endMillis: number

  constructor(options: AnalysisOptions) {
    this.#options = options
    this.#endMillis = options.clock.nowMillis() + (options.limitMillis ?? Infinity)
  }

  /** @returns the result of `work`, or undefined if it reached its limit */
  spend<T>(share: number, work: (budget: Budget) => T): T | undefined {
    const { clock, maxSteps } = this.#options
    const nowMillis = clock.nowMillis()
    const deadlineMillis = nowMillis + (this.#endMillis - nowMillis) * share
    try {
      return work(new Budget(clock, deadlineMillis, maxSteps))
    } catch (error) {
      if (error instanceof AnalysisLimitError) return undefined
      throw error
    }
  }
}
