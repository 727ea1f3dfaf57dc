// Federated voting (draft-mazieres-dinrg-scp section 3.2): the latest statement of each node, and the local node's
// conclusions from them.

import type { Envelope, NodeId, QuorumSet, Statement } from './types.ts'
import { isQuorum, isVBlocking } from './quorum-set.ts'

export type StatementPredicate<S extends Statement> = (statement: S) => boolean

/** The quorum set of a statement's author, or undefined while it is unknown. */
export type QuorumSetOfStatement = (statement: Statement) => QuorumSet | undefined

/** The latest statement of each node in one slot and protocol. Keeps one per node, however many it sends. */
export class FederatedVoting<S extends Statement> {
  readonly #local: QuorumSet
  readonly #quorumSetOf: QuorumSetOfStatement
  readonly #latest = new Map<NodeId, Envelope<S>>()

  constructor(local: QuorumSet, quorumSetOf: QuorumSetOfStatement) {
    this.#local = local
    this.#quorumSetOf = quorumSetOf
  }

  get(node: NodeId): Envelope<S> | undefined {
    return this.#latest.get(node)
  }

  record(envelope: Envelope<S>): void {
    this.#latest.set(envelope.statement.nodeId, envelope)
  }

  clear(): void {
    this.#latest.clear()
  }

  envelopes(): Envelope<S>[] {
    return [...this.#latest.values()]
  }

  statements(): S[] {
    return this.envelopes().map((envelope) => envelope.statement)
  }

  /** True if a v-blocking set accepted it, or a quorum voted for or accepted it. */
  accepts(voted: StatementPredicate<S>, accepted: StatementPredicate<S>): boolean {
    return this.isVBlocking(accepted) || this.isQuorum((statement) => accepted(statement) || voted(statement))
  }

  /** True if a quorum accepted it, so that the local node confirms it. */
  ratifies(accepted: StatementPredicate<S>): boolean {
    return this.isQuorum(accepted)
  }

  isVBlocking(holds: StatementPredicate<S>): boolean {
    return isVBlocking(this.#local, this.#nodesWhere(holds))
  }

  isQuorum(holds: StatementPredicate<S>): boolean {
    return isQuorum(this.#local, this.#nodesWhere(holds), (node) => {
      const envelope = this.#latest.get(node)
      return envelope && this.#quorumSetOf(envelope.statement)
    })
  }

  #nodesWhere(holds: StatementPredicate<S>): Set<NodeId> {
    const nodes = new Set<NodeId>()
    for (const [node, { statement }] of this.#latest) {
      if (holds(statement)) nodes.add(node)
    }
    return nodes
  }
}
