// Proof of what a slot held after a round: the next round's decision names that state by its hash.

import { ByteReader, ByteWriter, compareBytes, EncodingError } from '../../fba/bytes.ts'
import {
  decodeEnvelope,
  decodeQuorumSet,
  encodeEnvelope,
  encodeQuorumSet,
  MAX_QUORUM_NODES,
  verifyExternalization
} from '../../fba/index.ts'
import type {
  BallotStatement,
  Envelope,
  ExternalizationProof,
  ProofVerifier,
  QuorumSet
} from '../../fba/index.ts'
import { FIELD_LIMITS } from './limits.ts'
import { slotId } from './name.ts'
import type { SlotName } from './name.ts'
import { decodeRoundValue } from './round-value.ts'
import { bucketOf, decodeBucket, decodeHeader, isEmptyBucket, liveEntry } from './state.ts'
import type { SlotEntry, StoredEntry } from './state.ts'
import { readLabel, readPeer } from './transaction.ts'

export interface SlotProof {
  /** That round `decision.slotIndex` was decided, by statements of validators. */
  readonly decision: ExternalizationProof
  /** Header of the state before that round. */
  readonly header: Uint8Array
  /** The bucket of the slot in that state; empty when no slot is in it. */
  readonly bucket: Uint8Array
}

/** What a proof shows. */
export interface ProvenSlot {
  /** The round after which the slot was so. */
  readonly round: number
  readonly closedAtMs: number
  /** Undefined: there was no such slot. */
  readonly entry: SlotEntry | undefined
  /** As `entry`, also of a slot that was removed. */
  readonly stored: StoredEntry | undefined
}

/**
 * @param observer - whom the reader believes: his own quorum set
 * @returns undefined when the proof shows nothing
 */
export function verifySlotProof(
  name: SlotName,
  { decision, header: headerBytes, bucket }: SlotProof,
  observer: QuorumSet,
  verifier: ProofVerifier
): ProvenSlot | undefined {
  const sha256 = (bytes: Uint8Array): Uint8Array => verifier.sha256(bytes)
  try {
    if (!verifyExternalization(decision, observer, verifier)) return undefined
    const { previous } = decodeRoundValue(decision.value)
    if (compareBytes(previous, sha256(headerBytes)) !== 0) return undefined
    const header = decodeHeader(headerBytes)
    if (header.round !== decision.slotIndex - 1) return undefined
    const id = slotId(name, sha256)
    const hash = header.buckets[bucketOf(id)]
    const { round, closedAtMs } = header
    if (isEmptyBucket(hash)) return { round, closedAtMs, entry: undefined, stored: undefined }
    if (compareBytes(hash, sha256(bucket)) !== 0) return undefined
    const stored = decodeBucket(bucket, bucketOf(id), sha256).get(id)
    return { round, closedAtMs, entry: liveEntry(stored), stored }
  } catch (error) {
    if (error instanceof EncodingError) return undefined
    throw error
  }
}

const VERSION = 1
const WHAT = 'proof of a slot'
const MAX_VALUE_BYTES = 128
const MAX_ENVELOPE_BYTES = 4096
const MAX_QUORUM_SET_BYTES = 1024 * 1024
const MAX_HEADER_BYTES = 128 * 1024

/** As it is kept in a file: with the name of the slot. */
export function encodeSlotProof(
  name: SlotName,
  { decision, header, bucket }: SlotProof
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u8(VERSION).text(name.owner).text(name.label)
  writer.u64(decision.slotIndex).bytes(decision.value).u32(decision.envelopes.length)
  for (const envelope of decision.envelopes) writer.bytes(encodeEnvelope(envelope))
  writer.u32(decision.quorumSets.length)
  for (const set of decision.quorumSets) writer.bytes(encodeQuorumSet(set))
  return writer.bytes(header).bytes(bucket).finish()
}

/** @throws EncodingError */
export function decodeSlotProof(bytes: Uint8Array): { readonly name: SlotName; readonly proof: SlotProof } {
  const reader = new ByteReader(bytes, WHAT)
  if (reader.u8() !== VERSION) throw reader.error('unknown-type')
  const name = { owner: readPeer(reader), label: readLabel(reader) }
  const decision: ExternalizationProof = {
    slotIndex: reader.u64(),
    value: reader.bytes(MAX_VALUE_BYTES),
    envelopes: reader.list(MAX_QUORUM_NODES, () =>
      ballotOf(decodeEnvelope(reader.bytes(MAX_ENVELOPE_BYTES)))
    ),
    quorumSets: reader.list(MAX_QUORUM_NODES, () => decodeQuorumSet(reader.bytes(MAX_QUORUM_SET_BYTES)))
  }
  const header = reader.bytes(MAX_HEADER_BYTES)
  const bucket = reader.bytes(FIELD_LIMITS.bucketBytes)
  reader.end()
  return { name, proof: { decision, header, bucket } }
}

function ballotOf({ statement, signature }: Envelope): Envelope<BallotStatement> {
  if (statement.type === 'nominate') throw new EncodingError('unknown-type', WHAT)
  return { statement, signature }
}
