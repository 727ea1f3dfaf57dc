// Transactions on their way to everybody: whole where they are small, by id where they are long.

import { ByteReader, ByteWriter, fromHex, toHex } from '../../fba/bytes.ts'
import { FIELD_LIMITS, HASH_BYTES } from './limits.ts'

const VERSION = 1
/** Of one gossip message. */
const MAX_TRANSACTIONS = 512
const MAX_ANNOUNCED = 512
/** Longest message, and longest transaction that is sent whole. */
export const MAX_GOSSIP_TRANSACTION_BYTES = 48 * 1024

export interface TransactionGossip {
  readonly transactions: readonly Uint8Array[]
  /** Ids, hexadecimal, of transactions that whoever hears of them asks for. */
  readonly announced: readonly string[]
}

/**
 * As many messages as it takes.
 *
 * @param attempt - differs from that of other calls: gossip drops a message with the same bytes as one of the last minutes,
 *   so that nothing could be sent again
 */
export function encodeTransactions(
  { transactions, announced }: TransactionGossip,
  attempt: number
): Uint8Array[] {
  const messages: Uint8Array[] = []
  let group: Uint8Array[] = []
  let bytes = 0
  const flush = (ids: readonly string[] = []): void => {
    if (group.length === 0 && ids.length === 0) return
    const writer = new ByteWriter()
      .u8(VERSION)
      .u32(attempt >>> 0)
      .u32(group.length)
    for (const one of group) writer.bytes(one)
    writer.u32(ids.length)
    for (const id of ids) writer.raw(fromHex(id))
    messages.push(writer.finish())
    ;[group, bytes] = [[], 0]
  }
  for (const one of transactions) {
    const isFull = group.length === MAX_TRANSACTIONS || bytes + one.length > MAX_GOSSIP_TRANSACTION_BYTES
    if (isFull) flush()
    group.push(one)
    bytes += one.length + 4
  }
  flush()
  for (let at = 0; at < announced.length; at += MAX_ANNOUNCED) flush(announced.slice(at, at + MAX_ANNOUNCED))
  return messages
}

/** @throws EncodingError */
export function decodeTransactions(bytes: Uint8Array): TransactionGossip {
  const reader = new ByteReader(bytes, 'transactions')
  if (reader.u8() !== VERSION) throw reader.error('unknown-type')
  reader.u32()
  const transactions = reader.list(MAX_TRANSACTIONS, () => reader.bytes(FIELD_LIMITS.transactionBytes))
  const announced = reader.list(MAX_ANNOUNCED, () => toHex(reader.raw(HASH_BYTES)))
  reader.end()
  return { transactions, announced }
}
