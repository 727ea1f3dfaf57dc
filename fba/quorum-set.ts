// Quorum sets: the rules of sane sets, the normal form and hash, and the predicates that the protocol needs.
// Follows draft-mazieres-dinrg-scp section 4.1 and, where they differ, stellar-core.

import { ByteWriter, toHex } from './bytes.ts'
import type { Hash, NodeId, QuorumSet } from './types.ts'

/** Levels of nesting, including the outermost. */
export const MAX_QUORUM_SET_DEPTH = 4
/** Distinct nodes in all levels. */
export const MAX_QUORUM_SET_NODES = 1000
export const MAX_NODE_ID_LENGTH = 128

export type QuorumSetProblem =
  'too-deep' | 'no-nodes' | 'too-many-nodes' | 'duplicate-node' | 'threshold-out-of-range' | 'bad-node-id'

/** A quorum set that no node may use. `detail` is the offending node, threshold or count. */
export class QuorumSetError extends Error {
  override readonly name = 'QuorumSetError'
  readonly code: QuorumSetProblem
  readonly detail: string

  constructor(code: QuorumSetProblem, detail: string) {
    super(`quorum set refused: ${code} (${detail})`)
    this.code = code
    this.detail = detail
  }
}

/** @returns the problem of `set`, or undefined if it is sane */
export function quorumSetProblem(set: QuorumSet): QuorumSetError | undefined {
  const seen = new Set<NodeId>()
  const problem = levelProblem(set, 1, seen)
  if (problem !== undefined) return problem
  return seen.size === 0 ? new QuorumSetError('no-nodes', '0') : undefined
}

/** @throws {QuorumSetError} if `set` is not sane */
export function assertSaneQuorumSet(set: QuorumSet): void {
  const problem = quorumSetProblem(set)
  if (problem !== undefined) throw problem
}

function levelProblem(set: QuorumSet, depth: number, seen: Set<NodeId>): QuorumSetError | undefined {
  if (depth > MAX_QUORUM_SET_DEPTH) return new QuorumSetError('too-deep', String(depth))
  const entries = entryCount(set)
  if (!Number.isInteger(set.threshold) || set.threshold < 1 || set.threshold > entries) {
    return new QuorumSetError('threshold-out-of-range', `${set.threshold} of ${entries}`)
  }
  for (const node of set.validators) {
    if (!isNodeId(node)) return new QuorumSetError('bad-node-id', JSON.stringify(node))
    if (seen.has(node)) return new QuorumSetError('duplicate-node', node)
    seen.add(node)
    if (seen.size > MAX_QUORUM_SET_NODES) return new QuorumSetError('too-many-nodes', String(seen.size))
  }
  for (const inner of set.innerSets) {
    const problem = levelProblem(inner, depth + 1, seen)
    if (problem !== undefined) return problem
  }
  return undefined
}

export function isNodeId(text: unknown): text is NodeId {
  return typeof text === 'string' && text.length <= MAX_NODE_ID_LENGTH && /^[\x21-\x7e]+$/.test(text)
}

/** True if half of the entries or fewer satisfy some level, so that two halves can disagree. */
export function hasMinorityThreshold(set: QuorumSet): boolean {
  return 2 * set.threshold <= entryCount(set) || set.innerSets.some(hasMinorityThreshold)
}

/**
 * The normal form of the same requirement: an inner set of a single node becomes a validator, an outer set that only wraps
 * one inner set is replaced by it, and entries are sorted (inner sets by their encoding).
 */
export function normalizeQuorumSet(set: QuorumSet): QuorumSet {
  const validators = [...set.validators]
  const innerSets: QuorumSet[] = []
  for (const inner of set.innerSets.map(normalizeQuorumSet)) {
    if (inner.threshold === 1 && inner.validators.length === 1 && inner.innerSets.length === 0) {
      validators.push(inner.validators[0])
    } else {
      innerSets.push(inner)
    }
  }
  if (set.threshold === 1 && validators.length === 0 && innerSets.length === 1) return innerSets[0]
  return { threshold: set.threshold, validators: validators.sort(), innerSets: sortByEncoding(innerSets) }
}

function sortByEncoding(sets: QuorumSet[]): QuorumSet[] {
  const keyed = sets.map((set) => ({ set, key: toHex(encodeQuorumSet(set)) }))
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ set }) => set)
}

/** Canonical bytes of `set` (docs/reference/protocols.md, "Quorum sets"). Does not normalise it: do that first. */
export function encodeQuorumSet(set: QuorumSet): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter()
  writeQuorumSet(writer, set)
  return writer.finish()
}

function writeQuorumSet(writer: ByteWriter, set: QuorumSet): void {
  writer.u32(set.threshold).u32(set.validators.length)
  for (const node of set.validators) writer.text(node)
  writer.u32(set.innerSets.length)
  for (const inner of set.innerSets) writeQuorumSet(writer, inner)
}

/** Hash of a quorum set in statements: the digest of its encoded normal form. */
export function quorumSetHash(set: QuorumSet, sha256: (bytes: Uint8Array) => Uint8Array): Hash {
  return toHex(sha256(encodeQuorumSet(normalizeQuorumSet(set))))
}

/** The set with only `node`, which counts as the node's own after it has externalized. */
export function singletonQuorumSet(node: NodeId): QuorumSet {
  return { threshold: 1, validators: [node], innerSets: [] }
}

/** Every node named in `set`, once. */
export function quorumSetNodes(set: QuorumSet, into = new Set<NodeId>()): Set<NodeId> {
  for (const node of set.validators) into.add(node)
  for (const inner of set.innerSets) quorumSetNodes(inner, into)
  return into
}

/** True if `nodes` satisfy `set`: they contain one of its slices. */
export function isQuorumSlice(set: QuorumSet, nodes: ReadonlySet<NodeId>): boolean {
  return holdsEntries(set, nodes, set.threshold, isQuorumSlice)
}

/** True if `nodes` intersects every slice of `set`: without them it cannot be satisfied. */
export function isVBlocking(set: QuorumSet, nodes: ReadonlySet<NodeId>): boolean {
  return holdsEntries(set, nodes, entryCount(set) - set.threshold + 1, isVBlocking)
}

function holdsEntries(
  set: QuorumSet,
  nodes: ReadonlySet<NodeId>,
  needed: number,
  innerHolds: (inner: QuorumSet, nodes: ReadonlySet<NodeId>) => boolean
): boolean {
  let missing = needed
  for (const node of set.validators) {
    if (nodes.has(node) && --missing === 0) return true
  }
  for (const inner of set.innerSets) {
    if (innerHolds(inner, nodes) && --missing === 0) return true
  }
  return missing <= 0
}

/**
 * A smallest set of nodes out of `candidates` that blocks `set`; its size is the number of failures that stop `set`.
 * @returns the nodes; empty if those outside `candidates` already block it
 */
export function findClosestVBlocking(set: QuorumSet, candidates: ReadonlySet<NodeId>): NodeId[] {
  let missing = entryCount(set) - set.threshold + 1
  const waysToFailAnEntry: NodeId[][] = []
  for (const node of set.validators) {
    if (candidates.has(node)) waysToFailAnEntry.push([node])
    else missing--
  }
  for (const inner of set.innerSets) {
    const blocking = findClosestVBlocking(inner, candidates)
    if (blocking.length > 0) waysToFailAnEntry.push(blocking)
    else missing--
  }
  if (missing <= 0) return []
  return waysToFailAnEntry
    .sort((a, b) => a.length - b.length)
    .slice(0, missing)
    .flat()
}

/** The quorum set of a node, or undefined if it is unknown: the node then supports nothing. */
export type QuorumSetOf = (node: NodeId) => QuorumSet | undefined

/**
 * The greatest quorum inside `nodes`: repeatedly removes nodes whose quorum set the rest does not satisfy. Empty if there
 * is no quorum.
 */
export function greatestQuorum(nodes: Iterable<NodeId>, quorumSetOf: QuorumSetOf): Set<NodeId> {
  let remaining = new Set(nodes)
  for (;;) {
    const satisfied = satisfiedNodes(remaining, quorumSetOf)
    if (satisfied.size === remaining.size) return satisfied
    remaining = satisfied
  }
}

/** Those of `nodes` whose quorum set `nodes` satisfies. Evaluates a shared set once. */
function satisfiedNodes(nodes: ReadonlySet<NodeId>, quorumSetOf: QuorumSetOf): Set<NodeId> {
  const verdicts = new Map<QuorumSet, boolean>()
  const satisfied = new Set<NodeId>()
  for (const node of nodes) {
    const set = quorumSetOf(node)
    if (set === undefined) continue
    let verdict = verdicts.get(set)
    if (verdict === undefined) verdicts.set(set, (verdict = isQuorumSlice(set, nodes)))
    if (verdict) satisfied.add(node)
  }
  return satisfied
}

/** True if `nodes` contains a quorum that satisfies `local`, the local node's quorum set. */
export function isQuorum(local: QuorumSet, nodes: Iterable<NodeId>, quorumSetOf: QuorumSetOf): boolean {
  const all = nodes instanceof Set ? (nodes as Set<NodeId>) : new Set(nodes)
  // If all nodes together do not satisfy it, no quorum among them does.
  return isQuorumSlice(local, all) && isQuorumSlice(local, greatestQuorum(all, quorumSetOf))
}

/** Weight of a node on which every slice depends: 2^64 - 1. */
export const FULL_WEIGHT = 2n ** 64n - 1n

/**
 * Share of the slices of `set` that contain `node`, out of {@link FULL_WEIGHT}: the product of threshold / entries over
 * the levels, rounded up. The first occurrence of the node counts.
 */
export function nodeWeight(node: NodeId, set: QuorumSet): bigint {
  if (set.validators.includes(node)) return scaleByShare(FULL_WEIGHT, set)
  for (const inner of set.innerSets) {
    const weight = nodeWeight(node, inner)
    if (weight > 0n) return scaleByShare(weight, set)
  }
  return 0n
}

function scaleByShare(weight: bigint, set: QuorumSet): bigint {
  const entries = BigInt(entryCount(set))
  return (weight * BigInt(set.threshold) + entries - 1n) / entries
}

function entryCount(set: QuorumSet): number {
  return set.validators.length + set.innerSets.length
}
