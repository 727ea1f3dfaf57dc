// Transactions, byte for byte (docs/reference/protocols.md, "Agreed slots"), and what is checked before one is kept.

import { ByteReader, ByteWriter, compareBytes, EncodingError, toHex } from '../../fba/bytes.ts'
import { FieldError } from './errors.ts'
import { FIELD_LIMITS } from './limits.ts'
import { isLabel, isOwner } from './name.ts'
import type {
  Change,
  Sha256,
  SignedTransaction,
  SlotKind,
  SlotValue,
  StoredValue,
  Transaction,
  Writers
} from './types.ts'

const VERSION = 1
const NONCE_BYTES = 16
const MAX_ID_CHARACTERS = 64
const MAX_SIGNATURE_BYTES = 128
const KINDS: readonly SlotKind[] = ['bytes', 'integer', 'set']
export const CHANGES: ReadonlyArray<Change['type']> = ['create', 'set', 'add', 'max', 'union', 'remove']
const UTF8 = new TextEncoder()
const WHAT = 'transaction'

const MIN_INTEGER = -(2n ** 63n)
const MAX_INTEGER = 2n ** 63n - 1n
export const fitsInteger = (value: bigint): boolean => value >= MIN_INTEGER && value <= MAX_INTEGER

/** Two's complement, big endian. */
export function writeInteger(writer: ByteWriter, value: bigint): ByteWriter {
  const bits = BigInt.asUintN(64, value)
  return writer.u32(Number(bits >> 32n)).u32(Number(bits & 0xffff_ffffn))
}

export function readInteger(reader: ByteReader): bigint {
  const high = BigInt(reader.u32())
  return BigInt.asIntN(64, (high << 32n) | BigInt(reader.u32()))
}

export function writeValue(writer: ByteWriter, value: SlotValue): ByteWriter {
  writer.u8(KINDS.indexOf(value.kind))
  switch (value.kind) {
    case 'bytes':
      return writer.bytes(value.bytes)
    case 'integer':
      return writeInteger(writer, value.integer)
    case 'set':
      return writeItems(writer, value.items)
  }
}

const REMOVED = 3

/** As in the state: a value, or a mark that the slot was removed. */
export function writeStoredValue(writer: ByteWriter, value: StoredValue): ByteWriter {
  return value.kind === 'removed' ? writer.u8(REMOVED) : writeValue(writer, value)
}

export function readStoredValue(reader: ByteReader): StoredValue {
  const kind = reader.u8()
  return kind === REMOVED ? { kind: 'removed' } : readValueOf(kind, reader)
}

export function readValue(reader: ByteReader): SlotValue {
  return readValueOf(reader.u8(), reader)
}

function readValueOf(index: number, reader: ByteReader): SlotValue {
  const kind = KINDS[index]
  switch (kind) {
    case 'bytes':
      return { kind, bytes: reader.bytes(FIELD_LIMITS.valueBytes) }
    case 'integer':
      return { kind, integer: readInteger(reader) }
    case 'set':
      return { kind, items: readItems(reader) }
    default:
      throw reader.error('unknown-type')
  }
}

function writeItems(writer: ByteWriter, items: readonly Uint8Array[]): ByteWriter {
  writer.u32(items.length)
  for (const item of items) writer.bytes(item)
  return writer
}

function readItems(reader: ByteReader): Uint8Array[] {
  const items = reader.list(FIELD_LIMITS.setItems, () => reader.bytes(FIELD_LIMITS.itemBytes))
  let bytes = 0
  for (const [i, item] of items.entries()) {
    if (i > 0 && compareBytes(items[i - 1], item) >= 0) throw reader.error('not-canonical')
    bytes += item.length
  }
  if (bytes > FIELD_LIMITS.valueBytes) throw reader.error('too-long')
  return items
}

export function writeWriters(writer: ByteWriter, writers: Writers): ByteWriter {
  if (writers === 'anyone') return writer.u8(1)
  writer.u8(0).u32(writers.length)
  for (const peer of writers) writer.text(peer)
  return writer
}

export function readWriters(reader: ByteReader): Writers {
  const anyone = reader.u8()
  if (anyone === 1) return 'anyone'
  if (anyone !== 0) throw reader.error('unknown-type')
  const peers = reader.list(FIELD_LIMITS.writers, () => readPeer(reader))
  if (peers.some((peer, i) => i > 0 && peers[i - 1] >= peer)) throw reader.error('not-canonical')
  return peers
}

export function readPeer(reader: ByteReader): string {
  const peer = reader.text(MAX_ID_CHARACTERS)
  if (!isOwner(peer)) throw reader.error('not-canonical')
  return peer
}

export function readLabel(reader: ByteReader): string {
  const label = reader.text(MAX_ID_CHARACTERS)
  if (!isLabel(label)) throw reader.error('not-canonical')
  return label
}

/** The bytes that are signed and hashed, without the network. */
export function encodeTransaction({
  slot,
  author,
  nonce,
  expiresAtMs,
  change
}: Transaction): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter()
    .u8(VERSION)
    .text(slot.owner)
    .text(slot.label)
    .text(author)
    .raw(nonce)
    .u64(expiresAtMs)
    .u8(CHANGES.indexOf(change.type))
  switch (change.type) {
    case 'create':
      return writeValue(writeWriters(writer, change.writers), change.value).finish()
    case 'set':
      return writer.u64(change.expected).bytes(change.bytes).finish()
    case 'add':
      return writeInteger(writer, change.delta).finish()
    case 'max':
      return writeInteger(writer, change.integer).finish()
    case 'union':
      return writeItems(writer, change.items).finish()
    case 'remove':
      return writer.u64(change.expected).finish()
  }
}

function readChange(reader: ByteReader): Change {
  const type = CHANGES[reader.u8()]
  switch (type) {
    case 'create': {
      const writers = readWriters(reader)
      return { type, writers, value: readValue(reader) }
    }
    case 'set': {
      const expected = reader.u64()
      return { type, expected, bytes: reader.bytes(FIELD_LIMITS.valueBytes) }
    }
    case 'add':
      return { type, delta: readInteger(reader) }
    case 'max':
      return { type, integer: readInteger(reader) }
    case 'union': {
      const items = readItems(reader)
      if (items.length === 0) throw reader.error('not-canonical')
      return { type, items }
    }
    case 'remove':
      return { type, expected: reader.u64() }
    default:
      throw reader.error('unknown-type')
  }
}

/** @throws EncodingError for anything but what `encodeTransaction` writes */
export function decodeTransaction(bytes: Uint8Array): Transaction {
  const reader = new ByteReader(bytes, WHAT)
  if (reader.u8() !== VERSION) throw reader.error('unknown-type')
  const slot = { owner: readPeer(reader), label: readLabel(reader) }
  const author = readPeer(reader)
  const nonce = reader.raw(NONCE_BYTES).slice()
  const expiresAtMs = reader.u64()
  const change = readChange(reader)
  reader.end()
  if (change.type === 'create' && author !== slot.owner) throw reader.error('not-canonical')
  return { slot, author, nonce, expiresAtMs, change }
}

/** What an author signs: of one network, and of nothing else that the same key signs. */
export function signedTransactionBytes(networkId: Uint8Array, unsigned: Uint8Array): Uint8Array {
  return new ByteWriter().raw(UTF8.encode('thhe/field/transaction/1\0')).raw(networkId).raw(unsigned).finish()
}

export interface TransactionSigner {
  readonly networkId: Uint8Array
  readonly sha256: Sha256
  readonly sign: (bytes: Uint8Array) => Uint8Array
}

/** @throws FieldError 'BAD_SLOT_VALUE' for a change that is out of limits */
export function signTransaction(transaction: Transaction, signer: TransactionSigner): SignedTransaction {
  const unsigned = encodeTransaction(transaction)
  try {
    decodeTransaction(unsigned)
  } catch (cause) {
    throw new FieldError('BAD_SLOT_VALUE', problemOf(transaction), {}, { cause })
  }
  const signature = signer.sign(signedTransactionBytes(signer.networkId, unsigned))
  const bytes = new ByteWriter().bytes(unsigned).bytes(signature).finish()
  return { id: toHex(signer.sha256(unsigned)), transaction, bytes }
}

function problemOf({ slot, author, change }: Transaction): string {
  const { valueBytes, setItems, itemBytes, writers } = FIELD_LIMITS
  if (change.type === 'create' && author !== slot.owner) return 'A peer creates slots under its own id only.'
  return (
    `A value has at most ${valueBytes} bytes; a set at most ${setItems} items of ${itemBytes} bytes, ascending and ` +
    `different, and a union at least one; a slot names at most ${writers} writers, ascending and different.`
  )
}

export interface TransactionVerifier {
  readonly networkId: Uint8Array
  readonly sha256: Sha256
  readonly verify: (author: string, bytes: Uint8Array, signature: Uint8Array) => boolean
}

/** Reads a signed transaction without a look at its signature. @throws EncodingError */
export function openTransaction(
  bytes: Uint8Array,
  sha256: Sha256
): SignedTransaction & { readonly unsigned: Uint8Array; readonly signature: Uint8Array } {
  if (bytes.length > FIELD_LIMITS.transactionBytes) throw new EncodingError('too-long', WHAT)
  const reader = new ByteReader(bytes, WHAT)
  const unsigned = reader.bytes(FIELD_LIMITS.transactionBytes)
  const signature = reader.bytes(MAX_SIGNATURE_BYTES)
  reader.end()
  const transaction = decodeTransaction(unsigned)
  return { id: toHex(sha256(unsigned)), transaction, bytes, unsigned, signature }
}

/** @returns undefined for bytes that are no transaction of this network, or not signed by their author */
export function verifyTransaction(
  bytes: Uint8Array,
  { networkId, sha256, verify }: TransactionVerifier
): SignedTransaction | undefined {
  try {
    const { unsigned, signature, ...signed } = openTransaction(bytes, sha256)
    const isSigned = verify(signed.transaction.author, signedTransactionBytes(networkId, unsigned), signature)
    return isSigned ? signed : undefined
  } catch (error) {
    if (error instanceof EncodingError) return undefined
    throw error
  }
}
