// What one round agrees on: a hash of the state before it and a hash of the batch of transactions. Its length depends on
// neither, so neither do the statements of the validators.

import { ByteReader, ByteWriter, compareBytes, EncodingError, fromHex, toHex } from '../../fba/bytes.ts'
import { FIELD_LIMITS, HASH_BYTES } from './limits.ts'
import type { Sha256 } from './types.ts'

const VERSION = 1
/** Of every value. */
export const ROUND_VALUE_BYTES = 1 + 8 + 2 * HASH_BYTES

export interface RoundValue {
  /** Milliseconds since the Unix epoch, by its proposer's clock; grows from round to round. */
  readonly closedAtMs: number
  /** SHA-256 of the header of the state before the round. */
  readonly previous: Uint8Array
  /** SHA-256 of the batch. */
  readonly batch: Uint8Array
}

export function encodeRoundValue({ closedAtMs, previous, batch }: RoundValue): Uint8Array<ArrayBuffer> {
  return new ByteWriter().u8(VERSION).u64(closedAtMs).raw(previous).raw(batch).finish()
}

/** @throws EncodingError */
export function decodeRoundValue(bytes: Uint8Array): RoundValue {
  const reader = new ByteReader(bytes, 'round value')
  if (reader.u8() !== VERSION) throw reader.error('unknown-type')
  const closedAtMs = reader.u64()
  const previous = reader.raw(HASH_BYTES).slice()
  const batch = reader.raw(HASH_BYTES).slice()
  reader.end()
  return { closedAtMs, previous, batch }
}

/** @returns undefined for bytes that are no round value */
export function readRoundValue(bytes: Uint8Array): RoundValue | undefined {
  try {
    return decodeRoundValue(bytes)
  } catch (error) {
    if (error instanceof EncodingError) return undefined
    throw error
  }
}

/** Ids of transactions, hexadecimal, in any order and each once. */
export function encodeBatch(ids: readonly string[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u8(VERSION).u32(ids.length)
  for (const id of [...ids].sort()) writer.raw(fromHex(id))
  return writer.finish()
}

/** @throws EncodingError for anything but what `encodeBatch` writes for different ids */
export function decodeBatch(bytes: Uint8Array): string[] {
  const reader = new ByteReader(bytes, 'batch')
  if (reader.u8() !== VERSION) throw reader.error('unknown-type')
  const hashes = reader.list(FIELD_LIMITS.batchTransactions, () => reader.raw(HASH_BYTES))
  reader.end()
  for (let i = 1; i < hashes.length; i++) {
    if (compareBytes(hashes[i - 1], hashes[i]) >= 0) throw new EncodingError('not-canonical', 'batch')
  }
  return hashes.map(toHex)
}

/**
 * The order in which a batch is applied. It depends on the whole batch, so that no author can choose its place by trying
 * nonces; whoever closes the batch can.
 */
export function orderOf(ids: readonly string[], batch: Uint8Array, sha256: Sha256): string[] {
  const ranked = ids.map((id) => ({
    id,
    rank: toHex(sha256(new ByteWriter().raw(batch).raw(fromHex(id)).finish()))
  }))
  return ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1)).map(({ id }) => id)
}
