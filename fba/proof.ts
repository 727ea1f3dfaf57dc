// Proof that a slot was decided: statements with which an observer, using its own quorum set, confirms the value that
// the network committed to. It need not trust the peer that sends them (stellar-core #2107).

import { acceptsCommit, commitBoundaries, highestInterval } from './ballot-rules.ts'
import { companionQuorumSetHash, isStatementSane } from './statement.ts'
import { FederatedVoting } from './federated-voting.ts'
import { quorumSetHash, quorumSetProblem, singletonQuorumSet } from './quorum-set.ts'
import type { BallotStatement, Envelope, Hash, QuorumSet, SlotIndex, Value } from './types.ts'

export interface ExternalizationProof {
  readonly slotIndex: SlotIndex
  readonly value: Value
  readonly envelopes: readonly Envelope<BallotStatement>[]
  /** Quorum sets of the CONFIRMs; an EXTERNALIZE counts with its author as the only member. */
  readonly quorumSets: readonly QuorumSet[]
}

export interface ProofVerifier {
  sha256(bytes: Uint8Array): Uint8Array
  verify(envelope: Envelope): boolean
}

/**
 * @param observer the observer's quorum set
 * @returns whether nodes that satisfy `observer` accepted to commit `proof.value` in a common interval, each of them in a
 * quorum of such nodes
 */
export function verifyExternalization(
  proof: ExternalizationProof,
  observer: QuorumSet,
  verifier: ProofVerifier
): boolean {
  const quorumSets = new Map<Hash, QuorumSet>()
  for (const set of proof.quorumSets) {
    if (quorumSetProblem(set) !== undefined) return false
    quorumSets.set(
      quorumSetHash(set, (bytes) => verifier.sha256(bytes)),
      set
    )
  }
  const voting = new FederatedVoting<BallotStatement>(observer, (statement) =>
    statement.type === 'externalize'
      ? singletonQuorumSet(statement.nodeId)
      : quorumSets.get(companionQuorumSetHash(statement))
  )
  for (const envelope of proof.envelopes) {
    const { statement } = envelope
    const isUsable = statement.slotIndex === proof.slotIndex && isStatementSane(statement)
    if (!isUsable || !verifier.verify(envelope)) return false
    voting.record(envelope)
  }
  const boundaries = commitBoundaries(proof.value, voting.statements())
  const interval = highestInterval(boundaries, (range) =>
    voting.ratifies((statement) => acceptsCommit(statement, proof.value, range))
  )
  return interval !== undefined
}
