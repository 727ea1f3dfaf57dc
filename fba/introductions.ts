// The nodes that are heard, and who introduced each of them. A node that the local quorum sets name is direct. All others
// were introduced: direct nodes reach them through their own quorum sets and those of the nodes behind them.

import { MAX_INTRODUCED_SET_NODES, MAX_INTRODUCERS, MAX_QUORUM_NODES } from './limits.ts'
import { quorumSetNodes } from './quorum-set.ts'
import type { NodeId, QuorumSet } from './types.ts'

export interface Introduction {
  /** Direct nodes that reach this node, nearest first; at most MAX_INTRODUCERS. */
  readonly introducers: ReadonlySet<NodeId>
  /** 1 if a direct node names this node, 2 if a node at distance 1 does, and so on. */
  readonly distance: number
}

export interface TransitiveQuorum {
  readonly members: ReadonlySet<NodeId>
  /** The introduction of every member that is not direct. */
  readonly introductions: ReadonlyMap<NodeId, Introduction>
  /** Members whose sets are not followed, because their introducers have reached the limit for introduced sets. */
  readonly unfollowed: readonly NodeId[]
}

export interface TransitiveQuorumInit {
  readonly localNode: NodeId
  /** Quorum sets of the local node. */
  readonly roots: readonly QuorumSet[]
  /** A node's quorum set, or undefined while it is unknown. */
  readonly setOf: (node: NodeId) => QuorumSet | undefined
}

/** Searches breadth first, so that a distant node cannot crowd out a near one by naming thousands. */
export function transitiveQuorum({ localNode, roots, setOf }: TransitiveQuorumInit): TransitiveQuorum {
  const members = new Set<NodeId>([localNode])
  for (const root of roots) quorumSetNodes(root, members)
  const introductions = new Map<NodeId, { readonly introducers: Set<NodeId>; readonly distance: number }>()
  const namedThrough = new Map<NodeId, number>()
  const unfollowed: NodeId[] = []
  for (const node of members) {
    const set = setOf(node)
    if (set === undefined) continue
    const named = quorumSetNodes(set)
    const introduction = introductions.get(node)
    if (introduction !== undefined && !chargeSet(namedThrough, introduction.introducers, named.size)) {
      unfollowed.push(node)
      continue
    }
    const sponsors = introduction?.introducers ?? [node]
    for (const other of named) {
      const known = introductions.get(other)
      if (known !== undefined) addSome(known.introducers, sponsors)
      else if (!members.has(other) && members.size < MAX_QUORUM_NODES) {
        members.add(other)
        introductions.set(other, {
          introducers: new Set(sponsors),
          distance: (introduction?.distance ?? 0) + 1
        })
      }
    }
  }
  return { members, introductions, unfollowed }
}

function addSome(into: Set<NodeId>, nodes: Iterable<NodeId>): void {
  for (const node of nodes) {
    if (into.size >= MAX_INTRODUCERS) return
    into.add(node)
  }
}

/** Charges `size` nodes to the introducer with the most room. @returns false if none has enough */
function chargeSet(used: Map<NodeId, number>, introducers: ReadonlySet<NodeId>, size: number): boolean {
  const introducer = leastLoaded(introducers, (node) => used.get(node) ?? 0)
  const total = (used.get(introducer) ?? 0) + size
  if (total > MAX_INTRODUCED_SET_NODES) return false
  used.set(introducer, total)
  return true
}

/** The first of `nodes` with the smallest load. `nodes` must not be empty. */
export function leastLoaded(nodes: ReadonlySet<NodeId>, loadOf: (node: NodeId) => number): NodeId {
  return [...nodes].reduce((best, other) => (loadOf(other) < loadOf(best) ? other : best))
}
