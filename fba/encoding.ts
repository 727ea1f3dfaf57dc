// Canonical bytes of statements, envelopes and quorum sets: these bytes are signed, hashed, stored and sent.
// docs/reference/protocols.md, "Signed bytes", specifies them to the byte. Decoding accepts only these bytes.

import { ByteReader, ByteWriter, fromHex, toHex } from './bytes.ts'
import { MAX_NOMINATION_VALUES, MAX_SIGNATURE_BYTES, MAX_STATEMENT_BYTES, MAX_VALUE_BYTES } from './limits.ts'
import { MAX_NODE_ID_LENGTH, MAX_QUORUM_SET_DEPTH, MAX_QUORUM_SET_NODES } from './quorum-set.ts'
import type { Ballot, Envelope, QuorumSet, Statement } from './types.ts'

const SIGNING_DOMAIN = 'thhe/scp/1'
const MAX_QUORUM_SET_ENTRIES = MAX_QUORUM_SET_NODES

const TYPE_CODE = { nominate: 0, prepare: 1, confirm: 2, externalize: 3 } as const

/** The bytes that the author of `statement` signs: the domain, the network and the statement. */
export function signedBytes(networkId: Uint8Array, statement: Statement): Uint8Array<ArrayBuffer> {
  return new ByteWriter().text(SIGNING_DOMAIN).bytes(networkId).raw(encodeStatement(statement)).finish()
}

export function encodeStatement(statement: Statement): Uint8Array<ArrayBuffer> {
  const quorumSetHash =
    statement.type === 'externalize' ? statement.commitQuorumSetHash : statement.quorumSetHash
  const writer = new ByteWriter()
    .u8(TYPE_CODE[statement.type])
    .text(statement.nodeId)
    .u64(statement.slotIndex)
    .raw(fromHex(quorumSetHash))
  writePledge(writer, statement)
  return writer.finish()
}

function writePledge(writer: ByteWriter, statement: Statement): void {
  switch (statement.type) {
    case 'nominate':
      for (const values of [statement.votes, statement.accepted]) {
        writer.u32(values.length)
        for (const value of values) writer.bytes(value)
      }
      break
    case 'prepare':
      writeBallot(writer, statement.ballot)
      writeOptionalBallot(writer, statement.prepared)
      writeOptionalBallot(writer, statement.preparedPrime)
      writer.u32(statement.commitCounter).u32(statement.highCounter)
      break
    case 'confirm':
      writeBallot(writer, statement.ballot)
      writer.u32(statement.preparedCounter).u32(statement.commitCounter).u32(statement.highCounter)
      break
    case 'externalize':
      writeBallot(writer, statement.commit)
      writer.u32(statement.highCounter)
  }
}

function writeBallot(writer: ByteWriter, ballot: Ballot): void {
  writer.u32(ballot.counter).bytes(ballot.value)
}

function writeOptionalBallot(writer: ByteWriter, ballot: Ballot | undefined): void {
  writer.u8(ballot === undefined ? 0 : 1)
  if (ballot !== undefined) writeBallot(writer, ballot)
}

/**
 * Checks only the form; `isStatementSane` checks the rules.
 * @throws {EncodingError} if `bytes` is not the canonical encoding of a statement within the limits
 */
export function decodeStatement(bytes: Uint8Array): Statement {
  const reader = new ByteReader(bytes, 'statement')
  if (bytes.length > MAX_STATEMENT_BYTES) throw reader.error('too-long')
  const type = reader.u8()
  const author = { nodeId: reader.text(MAX_NODE_ID_LENGTH), slotIndex: reader.u64() }
  const statement = readPledge(reader, type, author, toHex(reader.raw(32)))
  reader.end()
  return statement
}

function readPledge(
  reader: ByteReader,
  type: number,
  author: { nodeId: string; slotIndex: number },
  quorumSetHash: string
): Statement {
  const readValue = () => reader.bytes(MAX_VALUE_BYTES)
  switch (type) {
    case TYPE_CODE.nominate:
      return {
        type: 'nominate',
        ...author,
        quorumSetHash,
        votes: reader.list(MAX_NOMINATION_VALUES, readValue),
        accepted: reader.list(MAX_NOMINATION_VALUES, readValue)
      }
    case TYPE_CODE.prepare:
      return {
        type: 'prepare',
        ...author,
        quorumSetHash,
        ballot: readBallot(reader),
        prepared: readOptionalBallot(reader),
        preparedPrime: readOptionalBallot(reader),
        commitCounter: reader.u32(),
        highCounter: reader.u32()
      }
    case TYPE_CODE.confirm:
      return {
        type: 'confirm',
        ...author,
        quorumSetHash,
        ballot: readBallot(reader),
        preparedCounter: reader.u32(),
        commitCounter: reader.u32(),
        highCounter: reader.u32()
      }
    case TYPE_CODE.externalize:
      return {
        type: 'externalize',
        ...author,
        commit: readBallot(reader),
        highCounter: reader.u32(),
        commitQuorumSetHash: quorumSetHash
      }
    default:
      throw reader.error('unknown-type')
  }
}

function readBallot(reader: ByteReader): Ballot {
  return { counter: reader.u32(), value: reader.bytes(MAX_VALUE_BYTES) }
}

function readOptionalBallot(reader: ByteReader): Ballot | undefined {
  const present = reader.u8()
  if (present > 1) throw reader.error('not-canonical')
  return present === 1 ? readBallot(reader) : undefined
}

export function encodeEnvelope(envelope: Envelope): Uint8Array<ArrayBuffer> {
  return new ByteWriter().bytes(encodeStatement(envelope.statement)).bytes(envelope.signature).finish()
}

/** @throws {EncodingError} as {@link decodeStatement} */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const reader = new ByteReader(bytes, 'envelope')
  const statement = decodeStatement(reader.raw(reader.count(MAX_STATEMENT_BYTES)))
  const signature = reader.bytes(MAX_SIGNATURE_BYTES)
  reader.end()
  return { statement, signature }
}

/**
 * Reads what `encodeQuorumSet` wrote; `assertSaneQuorumSet` checks the rules.
 * @throws {EncodingError} if the form is wrong, too deep or too long
 */
export function decodeQuorumSet(bytes: Uint8Array): QuorumSet {
  const reader = new ByteReader(bytes, 'quorum set')
  const set = readQuorumSet(reader, 1)
  reader.end()
  return set
}

function readQuorumSet(reader: ByteReader, depth: number): QuorumSet {
  if (depth > MAX_QUORUM_SET_DEPTH) throw reader.error('too-long')
  return {
    threshold: reader.u32(),
    validators: reader.list(MAX_QUORUM_SET_ENTRIES, () => reader.text(MAX_NODE_ID_LENGTH)),
    innerSets: reader.list(MAX_QUORUM_SET_ENTRIES, () => readQuorumSet(reader, depth + 1))
  }
}
