// Quorum sets of the network: the known sets by hash, and the nodes on which the local node depends through them. Holds
// one set per hash, so that nodes with the same set are evaluated once.

import type { ScpDriver } from './driver.ts'
import type { Introduction, TransitiveQuorum } from './introductions.ts'
import { transitiveQuorum } from './introductions.ts'
import { MAX_FETCHES_PER_NODE, MAX_UNUSED_QUORUM_SETS } from './limits.ts'
import {
  assertSaneQuorumSet,
  normalizeQuorumSet,
  quorumSetHash,
  quorumSetNodes,
  quorumSetProblem,
  singletonQuorumSet
} from './quorum-set.ts'
import { companionQuorumSetHash } from './statement.ts'
import type { Hash, NodeId, QuorumSet, Statement } from './types.ts'

export class QuorumRegistry {
  readonly #driver: ScpDriver
  readonly #known = new Map<Hash, QuorumSet>()
  readonly #singletons = new Map<NodeId, QuorumSet>()
  /** Requested hashes, and the nodes whose statements wait for them. */
  readonly #wanted = new Map<Hash, Set<NodeId>>()
  /** The set that each node of the transitive quorum used last. */
  readonly #current = new Map<NodeId, Hash>()
  /** Local sets: the one for future slots, and those of current slots. */
  readonly #roots = new Set<Hash>()
  readonly #localNode: NodeId
  #quorum: TransitiveQuorum = { members: new Set(), introductions: new Map(), unfollowed: [] }
  #sizeInUse = 0

  constructor(driver: ScpDriver, localNode: NodeId) {
    this.#driver = driver
    this.#localNode = localNode
  }

  /**
   * Hears the nodes of `set` from now on, as long as a slot uses it.
   * @throws {QuorumSetError} if `set` is not sane. @returns its hash
   */
  addLocal(set: QuorumSet): Hash {
    assertSaneQuorumSet(set)
    const hash = this.add(set)
    this.#roots.add(hash)
    this.#recomputeMembers()
    return hash
  }

  /** Keeps a sane set, in normal form. @returns its hash */
  add(set: QuorumSet): Hash {
    const normal = normalizeQuorumSet(set)
    const hash = quorumSetHash(normal, (bytes) => this.#driver.sha256(bytes))
    if (!this.#known.has(hash)) this.#known.set(hash, normal)
    return hash
  }

  get(hash: Hash): QuorumSet | undefined {
    return this.#known.get(hash)
  }

  /** The quorum set of a statement's author: only itself after it has externalized. */
  ofStatement(statement: Statement): QuorumSet | undefined {
    if (statement.type !== 'externalize') return this.#known.get(statement.quorumSetHash)
    let singleton = this.#singletons.get(statement.nodeId)
    if (singleton === undefined) {
      singleton = singletonQuorumSet(statement.nodeId)
      this.#singletons.set(statement.nodeId, singleton)
    }
    return singleton
  }

  /** True if `node` can be reached from the local quorum set through the quorum sets of nodes. */
  isInQuorum(node: NodeId): boolean {
    return this.#quorum.members.has(node)
  }

  get members(): ReadonlySet<NodeId> {
    return this.#quorum.members
  }

  /** The introduction of `node`, or undefined for a node that the local quorum sets name. */
  introductionOf(node: NodeId): Introduction | undefined {
    return this.#quorum.introductions.get(node)
  }

  /** Nodes in the quorum set of `statement`, or 0 if the set is kept anyway: it is ours or a direct node uses it. */
  extraSetNodes(statement: Statement): number {
    const hash = companionQuorumSetHash(statement)
    const set = this.#known.get(hash)
    if (set === undefined || this.#roots.has(hash)) return 0
    for (const [node, current] of this.#current) {
      if (current === hash && !this.#quorum.introductions.has(node)) return 0
    }
    return quorumSetNodes(set).size
  }

  /** Keeps `set` if it is sane and was requested. @returns its hash, or undefined */
  acceptWanted(set: QuorumSet): Hash | undefined {
    if (quorumSetProblem(set) !== undefined) return undefined
    const hash = quorumSetHash(set, (bytes) => this.#driver.sha256(bytes))
    return this.#wanted.has(hash) ? this.add(set) : undefined
  }

  /**
   * Makes the quorum set of `statement` available; asks the driver for it if needed.
   * @returns 'known', 'insane' if no node may use it, 'wanted' while it is fetched, or 'refused' if its author has too
   * many pending fetches
   */
  require(statement: Statement): 'known' | 'insane' | 'wanted' | 'refused' {
    const hash = companionQuorumSetHash(statement)
    if (this.#known.has(hash) || statement.type === 'externalize') return 'known'
    if (!this.#mayFetchFor(statement.nodeId, hash)) return 'refused'
    const found = this.#driver.findQuorumSet(hash, statement.nodeId)
    if (found !== undefined) return this.accept(found) === hash ? 'known' : 'insane'
    const waiting = this.#wanted.get(hash)
    if (waiting === undefined) this.#wanted.set(hash, new Set([statement.nodeId]))
    else waiting.add(statement.nodeId)
    return 'wanted'
  }

  #mayFetchFor(node: NodeId, hash: Hash): boolean {
    let fetches = 0
    for (const [wanted, nodes] of this.#wanted) {
      if (wanted !== hash && nodes.has(node)) fetches++
    }
    return fetches < MAX_FETCHES_PER_NODE
  }

  /** Keeps `set` if it is sane. @returns its hash, or undefined */
  accept(set: QuorumSet): Hash | undefined {
    return quorumSetProblem(set) === undefined ? this.add(set) : undefined
  }

  /** From now on waits only for the sets with these hashes. */
  retainWanted(hashes: ReadonlySet<Hash>): void {
    for (const hash of this.#wanted.keys()) {
      if (!hashes.has(hash)) this.#wanted.delete(hash)
    }
  }

  /** Records the set that a node uses now, and updates the members of the quorum. */
  noteUse(statement: Statement): void {
    const hash = companionQuorumSetHash(statement)
    if (this.#current.get(statement.nodeId) === hash || !this.#known.has(hash)) return
    this.#current.set(statement.nodeId, hash)
    this.#recomputeMembers()
  }

  /** True if so many sets have arrived since the last `retain` that the unused ones should be dropped. */
  get isCrowded(): boolean {
    return this.#known.size > this.#sizeInUse + MAX_UNUSED_QUORUM_SETS
  }

  /** Drops unreferenced sets, and the nodes known only through them. */
  retain(isUsed: (hash: Hash) => boolean): void {
    for (const root of this.#roots) {
      if (!isUsed(root)) this.#roots.delete(root)
    }
    this.#recomputeMembers()
    const current = new Set(this.#current.values())
    for (const hash of this.#known.keys()) {
      if (!current.has(hash) && !isUsed(hash)) this.#known.delete(hash)
    }
    this.#sizeInUse = this.#known.size
  }

  #recomputeMembers(): void {
    this.#quorum = transitiveQuorum({
      localNode: this.#localNode,
      roots: [...this.#roots].map((root) => this.#known.get(root)!),
      setOf: (node) => this.#known.get(this.#current.get(node) ?? '')
    })
    for (const node of this.#quorum.unfollowed) this.#current.delete(node)
    for (const map of [this.#current, this.#singletons]) {
      for (const node of map.keys()) {
        if (!this.#quorum.members.has(node)) map.delete(node)
      }
    }
  }
}
