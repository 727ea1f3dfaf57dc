// Everything that the protocol needs from the outside, and everything that it reports to it.

import type { Equivocation } from './evidence.ts'
import type { SlotRecord } from './persistence.ts'
import type { Ballot, Envelope, Hash, NodeId, QuorumSet, SlotIndex, Statement, Value } from './types.ts'

/**
 * What a node may do with a value. 'valid': vote for it. 'maybe-valid': count other nodes' statements about it, but
 * send none that names it, because data needed to judge it is still missing. 'invalid': drop the statement.
 *
 * Validity may depend only on the value, the slot and agreed history. It must not depend on anything that can differ
 * forever between honest nodes, nor on the time, since a vote cannot be withdrawn when a value expires.
 */
export type ValidationLevel = 'valid' | 'maybe-valid' | 'invalid'

export type TimerKind = 'nomination' | 'ballot'

/** Progress of a slot, for the operator. All of these are optional notifications. */
export interface ScpEvents {
  /** The node votes to nominate `value`. */
  nominating?(slotIndex: SlotIndex, value: Value): void
  /** The combination of all confirmed candidates changed. */
  compositeUpdated?(slotIndex: SlotIndex, composite: Value): void
  ballotStarted?(slotIndex: SlotIndex, ballot: Ballot): void
  preparedAccepted?(slotIndex: SlotIndex, ballot: Ballot): void
  preparedConfirmed?(slotIndex: SlotIndex, ballot: Ballot): void
  commitAccepted?(slotIndex: SlotIndex, ballot: Ballot): void
  /** A quorum is at this node's counter: the ballot timer runs from here. */
  heardFromQuorum?(slotIndex: SlotIndex, ballot: Ballot): void
  /** A node signed two statements that contradict each other. Once per node and slot. */
  equivocation?(evidence: Equivocation): void
}

export interface ScpDriver extends ScpEvents {
  /** SHA-256. */
  sha256(bytes: Uint8Array): Uint8Array

  /** Signs `signedBytes(networkId, statement)` with the local node's key. */
  sign(statement: Statement): Uint8Array

  /** Checks an envelope's signature against the key of `statement.nodeId`. */
  verify(envelope: Envelope): boolean

  /**
   * Makes `record`, its quorum sets and every payload that `envelope` refers to durable, and only then sends
   * `envelope` to the network. Sends several envelopes in the order given. A crash in between may lose the sending but
   * never the record: a node that forgets its statements can contradict itself.
   */
  emit(envelope: Envelope, record: SlotRecord): void

  /** @param nominating true for a proposed value, false for one that others already ballot on */
  validate(slotIndex: SlotIndex, value: Value, nominating: boolean): ValidationLevel

  /** A variation of an invalid value that this node could vote for, if there is one. */
  extractValid?(slotIndex: SlotIndex, value: Value): Value | undefined

  /** Combines all confirmed candidates (ascending) into one value. Must give the same value on every node. */
  combineCandidates(slotIndex: SlotIndex, candidates: readonly Value[]): Value

  /**
   * A quorum set by its hash. If it is not available, returns undefined; the driver then asks `holder` (or a few
   * random peers) for it and passes it to `Scp.receiveQuorumSet`.
   */
  findQuorumSet(hash: Hash, holder: NodeId): QuorumSet | undefined

  /** Share of the slices that contain `node`, out of 2^64 - 1. @default nodeWeight */
  nodeWeight?(node: NodeId, set: QuorumSet): bigint

  /** Calls `onFire` once after the delay. Replaces the slot's running timer of the same kind. */
  setTimer(slotIndex: SlotIndex, timer: TimerKind, delayMillis: number, onFire: () => void): void

  stopTimer(slotIndex: SlotIndex, timer: TimerKind): void

  /**
   * Maximum duration of a nomination round or a ballot. Must grow without bound, and let a quorum exchange four
   * messages. @default defaultTimeoutMillis
   */
  timeoutMillis?(timer: TimerKind, round: number): number

  /** Seconds since the earliest start of the slot, by a roughly synchronised clock; bounds ballot counters. */
  slotAgeSeconds(slotIndex: SlotIndex): number

  /** The slot is decided. Called exactly once per slot and run. */
  externalized(slotIndex: SlotIndex, value: Value): void
}

/** One second more for each round, as in stellar-core: 1 s, 2 s, 3 s. */
export function defaultTimeoutMillis(round: number): number {
  return round * 1000
}
