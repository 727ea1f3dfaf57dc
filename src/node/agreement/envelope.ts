// The wire form of SCP's envelopes, questions and answers (protocols/fba.proto).
import { ScpEnvelope, ScpReply, ScpRequest } from '../../../protocols/generated/fba.js'
import { fromHex, toHex } from '../../../fba/bytes.ts'
import { decodeQuorumSet, decodeStatement, encodeQuorumSet, encodeStatement } from '../../../fba/index.ts'
import type { Envelope } from '../../../fba/index.ts'
import { MAX_INLINE_VALUE_BYTES } from '../../agreement/index.ts'
import type { Question, Reply } from '../../agreement/index.ts'

/** A question contains its network id and at most 8 + 32 hashes. */
export const MAX_QUESTION_BYTES = 4 * 1024
/** Statements of a few slots of all validators, quorum sets, 32 reports or values, or one map. */
export const MAX_REPLY_BYTES = 4 * 1024 * 1024
/** Longest envelope that is sent by gossip. */
export const MAX_GOSSIP_BYTES = 60 * 1024

/** A delta is shorter than the two maps together. */
const MAX_MAP_DELTA_BYTES = 2 * 1024 * 1024
const MAX_SIGNATURE_BYTES = 128

/** An envelope as gossip carries it. */
export interface GossipEnvelope {
  readonly envelope: Envelope
  /** Bytes that the sender says belong to a value that the envelope names. */
  readonly value: Uint8Array | undefined
}

/** @param value - bytes of a value that the envelope names */
export const encodeEnvelope = ({ statement, signature }: Envelope, value?: Uint8Array): Uint8Array =>
  ScpEnvelope.encode({
    statement: encodeStatement(statement),
    signature: Uint8Array.from(signature),
    ...(value !== undefined && { value: Uint8Array.from(value) })
  })

/** @throws Error if the bytes are not an envelope, or the value with it is too long */
export const decodeEnvelope = (bytes: Uint8Array): GossipEnvelope => {
  const message = ScpEnvelope.decode(bytes)
  const { value } = message
  if (value !== undefined && value.byteLength > MAX_INLINE_VALUE_BYTES)
    throw new RangeError('a value is too long to come with an envelope')
  return { envelope: readEnvelope(message), value }
}

const readEnvelope = ({ statement, signature }: ScpEnvelope): Envelope => {
  if (signature.byteLength > MAX_SIGNATURE_BYTES) throw new RangeError('a signature is too long')
  return { statement: decodeStatement(statement), signature }
}

export const encodeQuestion = (networkId: Uint8Array, question: Question): Uint8Array =>
  ScpRequest.encode({
    network: Uint8Array.from(networkId),
    ...(question.fromSlot !== undefined && { fromSlot: BigInt(question.fromSlot) }),
    ...(question.proofOfSlot !== undefined && { proofOfSlot: BigInt(question.proofOfSlot) }),
    quorumSetHashes: (question.quorumSets ?? []).map(fromHex),
    payloadHashes: (question.payloads ?? []).map((hash) => Uint8Array.from(hash)),
    ...(question.map !== undefined && { mapHash: Uint8Array.from(question.map.wanted) }),
    ...(question.map?.have !== undefined && { knownMapHash: Uint8Array.from(question.map.have) })
  })

/** @throws Error if the bytes are not a question of this network */
export const decodeQuestion = (networkId: Uint8Array, bytes: Uint8Array): Question => {
  const request = ScpRequest.decode(bytes)
  if (!Buffer.from(request.network).equals(networkId)) throw new RangeError('a question of another network')
  return {
    ...(request.fromSlot !== undefined && { fromSlot: slotOf(request.fromSlot) }),
    ...(request.proofOfSlot !== undefined && { proofOfSlot: slotOf(request.proofOfSlot) }),
    quorumSets: request.quorumSetHashes.map(hash32).map(toHex),
    payloads: request.payloadHashes.map(hash32),
    ...(request.mapHash !== undefined && {
      map: {
        wanted: hash32(request.mapHash),
        ...(request.knownMapHash !== undefined && { have: hash32(request.knownMapHash) })
      }
    })
  }
}

/** Encodes as much of a reply as fits one message. */
export const encodeReply = (reply: Reply): Uint8Array => {
  let room = MAX_REPLY_BYTES - 1024
  const fits = <T extends { readonly byteLength: number }>(part: T): boolean => {
    room -= part.byteLength + 16
    return room >= 0
  }
  const mapDelta = reply.mapDelta && Uint8Array.from(reply.mapDelta)
  const hasDelta = mapDelta !== undefined && mapDelta.byteLength <= MAX_MAP_DELTA_BYTES && fits(mapDelta)
  const payloads = reply.payloads.map((bytes) => Uint8Array.from(bytes)).filter(fits)
  const quorumSets = reply.quorumSets.map(encodeQuorumSet).filter(fits)
  const envelopes = reply.envelopes
    .map(({ statement, signature }) => ({
      statement: encodeStatement(statement),
      signature: Uint8Array.from(signature)
    }))
    .filter(({ statement }) => fits(statement))
  return ScpReply.encode({
    ...{ currentSlot: BigInt(reply.currentSlot), envelopes, quorumSets, payloads },
    ...(hasDelta && { mapDelta })
  })
}

/** @throws Error if the bytes are not a reply */
export const decodeReply = (bytes: Uint8Array): Reply => {
  const reply = ScpReply.decode(bytes)
  if ((reply.mapDelta?.byteLength ?? 0) > MAX_MAP_DELTA_BYTES) throw new RangeError('a delta is too long')
  return {
    currentSlot: slotOf(reply.currentSlot),
    envelopes: reply.envelopes.map(readEnvelope),
    quorumSets: reply.quorumSets.map(decodeQuorumSet),
    payloads: reply.payloads,
    ...(reply.mapDelta !== undefined && { mapDelta: reply.mapDelta })
  }
}

const slotOf = (slot: bigint): number => {
  if (slot > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError('a slot beyond all numbers')
  return Number(slot)
}

const hash32 = (hash: Uint8Array): Uint8Array => {
  if (hash.byteLength !== 32) throw new RangeError('a hash has 32 bytes')
  return hash
}
