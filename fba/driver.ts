// Everything the protocol needs from outside, and everything it tells the outside.

import type { Equivocation } from './evidence.ts'
import type { SlotRecord } from './persistence.ts'
import type { Ballot, Envelope, Hash, NodeId, QuorumSet, SlotIndex, Statement, Value } from './types.ts'

/**
 * What a node may do with a value. 'valid': vote for it. 'maybe-valid': count what others say of it, but send
 * nothing that names it, because something needed to judge it is not here yet. 'invalid': drop the statement.
 *
 * Validity may depend on the value, the slot and agreed history only: never on anything that can differ
 * between honest nodes for ever, nor on the time, since a vote cannot be withdrawn when a value expires.
 */
export type ValidationLevel = 'valid' | 'maybe-valid' | 'invalid'

export type TimerKind = 'nomination' | 'ballot'

/** Where a slot stands, for the operator. None of these needs an answer. */
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
  /** A node signed two statements that no honest node signs together. Once per node and slot. */
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
   * Makes `record`, the quorum sets in it and every payload that `envelope` refers to durable, and only then
   * sends `envelope` to the network; several are sent in the order given. A crash in between must lose the
   * sending, never the record: a node that forgets what it said can contradict itself.
   */
  emit(envelope: Envelope, record: SlotRecord): void

  /** @param nominating whether the value is proposed, rather than balloted on by others already */
  validate(slotIndex: SlotIndex, value: Value, nominating: boolean): ValidationLevel

  /** A variation of a value that is not valid which this node could vote for, if there is one. */
  extractValid?(slotIndex: SlotIndex, value: Value): Value | undefined

  /** One value out of all confirmed candidates, ascending; the same on every node for the same candidates. */
  combineCandidates(slotIndex: SlotIndex, candidates: readonly Value[]): Value

  /**
   * A quorum set by its hash. Where it is not at hand: undefined, and the driver asks `holder` (or a few
   * random peers) for it and hands it to `Scp.receiveQuorumSet`.
   */
  findQuorumSet(hash: Hash, holder: NodeId): QuorumSet | undefined

  /** Share of slices that `node` is in, of 2^64 - 1. @default nodeWeight */
  nodeWeight?(node: NodeId, set: QuorumSet): bigint

  /** Calls `onFire` once after the delay; replaces the slot's running timer of that kind. */
  setTimer(slotIndex: SlotIndex, timer: TimerKind, delayMillis: number, onFire: () => void): void

  stopTimer(slotIndex: SlotIndex, timer: TimerKind): void

  /**
   * How long a round of nomination or a ballot may take. Grows without bound, and lets a quorum exchange
   * four messages. @default defaultTimeoutMillis
   */
  timeoutMillis?(timer: TimerKind, round: number): number

  /** Seconds since the slot could have begun, by a clock the network shares roughly; bounds counters. */
  slotAgeSeconds(slotIndex: SlotIndex): number

  /** The slot is decided. Exactly once per slot and run. */
  externalized(slotIndex: SlotIndex, value: Value): void
}

/** One second for each round, as stellar-core: 1 s, 2 s, 3 s. */
export function defaultTimeoutMillis(round: number): number {
  return round * 1000
}
