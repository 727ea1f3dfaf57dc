// The durable record of a slot: enough to continue after a crash without contradiction, and to prove the outcome to
// nodes that lag. Restore it before anything is nominated or received.

import { ByteReader, ByteWriter, EncodingError } from './bytes.ts'
import { decodeEnvelope, decodeQuorumSet, encodeEnvelope } from './encoding.ts'
import { MAX_QUORUM_NODES, MAX_SIGNATURE_BYTES, MAX_STATEMENT_BYTES } from './limits.ts'
import { encodeQuorumSet } from './quorum-set.ts'
import type { BallotStatement, Envelope, NominateStatement, QuorumSet, SlotIndex } from './types.ts'

export interface SlotRecord {
  readonly slotIndex: SlotIndex
  /** The local quorum set in force for this slot. */
  readonly quorumSet: QuorumSet
  /** Nomination rounds begun: a restart continues there, with the leaders of all of them. */
  readonly nominationRound: number
  /** This node's latest sent nomination. */
  readonly nomination: Envelope<NominateStatement> | undefined
  /** This node's latest sent ballot statement. */
  readonly ballot: Envelope<BallotStatement> | undefined
  /** After the decision: the statements of other nodes that led to it. */
  readonly proof: readonly Envelope<BallotStatement>[]
  /** Quorum sets that the statements in `proof` refer to. */
  readonly proofQuorumSets: readonly QuorumSet[]
}

const FORMAT_VERSION = 1
const MAX_ENVELOPE_BYTES = MAX_STATEMENT_BYTES + MAX_SIGNATURE_BYTES + 8
const MAX_QUORUM_SET_BYTES = 1024 * 1024

/** Bytes for storage; version 1. */
export function encodeSlotRecord(record: SlotRecord): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter()
    .u8(FORMAT_VERSION)
    .u64(record.slotIndex)
    .bytes(encodeQuorumSet(record.quorumSet))
    .u32(record.nominationRound)
  for (const envelopes of [optional(record.nomination), optional(record.ballot), record.proof]) {
    writer.u32(envelopes.length)
    for (const envelope of envelopes) writer.bytes(encodeEnvelope(envelope))
  }
  writer.u32(record.proofQuorumSets.length)
  for (const set of record.proofQuorumSets) writer.bytes(encodeQuorumSet(set))
  return writer.finish()
}

function optional<T>(item: T | undefined): T[] {
  return item === undefined ? [] : [item]
}

/** @throws {EncodingError} if `bytes` is not what {@link encodeSlotRecord} writes */
export function decodeSlotRecord(bytes: Uint8Array): SlotRecord {
  const reader = new ByteReader(bytes, 'slot record')
  if (reader.u8() !== FORMAT_VERSION) throw reader.error('unknown-type')
  const readEnvelopes = (limit: number) =>
    reader.list(limit, () => decodeEnvelope(reader.bytes(MAX_ENVELOPE_BYTES)))
  const readQuorumSet = () => decodeQuorumSet(reader.bytes(MAX_QUORUM_SET_BYTES))
  const record: SlotRecord = {
    slotIndex: reader.u64(),
    quorumSet: readQuorumSet(),
    nominationRound: reader.u32(),
    nomination: readEnvelopes(1).map(asNomination)[0],
    ballot: readEnvelopes(1).map(asBallot)[0],
    proof: readEnvelopes(MAX_QUORUM_NODES).map(asBallot),
    proofQuorumSets: reader.list(MAX_QUORUM_NODES, readQuorumSet)
  }
  reader.end()
  return record
}

function asNomination(envelope: Envelope): Envelope<NominateStatement> {
  const { statement, signature } = envelope
  if (statement.type !== 'nominate') throw new EncodingError('unknown-type', 'nomination')
  return { statement, signature }
}

function asBallot(envelope: Envelope): Envelope<BallotStatement> {
  const { statement, signature } = envelope
  if (statement.type === 'nominate') throw new EncodingError('unknown-type', 'ballot statement')
  return { statement, signature }
}
