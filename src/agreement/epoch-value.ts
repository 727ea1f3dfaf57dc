// What one slot agrees on, byte for byte (docs/reference/protocols.md, "Agreed map").

import { ByteReader, ByteWriter, compareBytes, EncodingError } from '../../fba/bytes.ts'

const VERSION = 1
const HASH_BYTES = 32

/** Reports in one value. Such a value has 16,045 bytes. */
export const MAX_EPOCH_REPORTS = 500

/** Longest value that is sent along with the statement that first names it; longer ones are asked for. */
export const MAX_INLINE_VALUE_BYTES = 2 * 1024

/** Stands for the map before the first. */
export const NO_MAP_HASH = new Uint8Array(HASH_BYTES)

/** A set of signed reports, by hash. Its own bytes and the reports travel apart, and are here before a node votes. */
export interface EpochValue {
  /** Milliseconds since the Unix epoch, by its proposer's clock; grows from slot to slot. */
  readonly closedAtMs: number
  /** SHA-256 of the map of the slot before: with it a node that was away can take that map from anybody. */
  readonly previousMap: Uint8Array
  /** SHA-256 of each signed report, strictly ascending. */
  readonly reports: readonly Uint8Array[]
}

export function encodeEpochValue({ closedAtMs, previousMap, reports }: EpochValue): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u8(VERSION).u64(closedAtMs).raw(previousMap).u32(reports.length)
  for (const hash of reports) writer.raw(hash)
  return writer.finish()
}

/** @throws EncodingError for anything but what `encodeEpochValue` writes for a sorted set */
export function decodeEpochValue(bytes: Uint8Array): EpochValue {
  const reader = new ByteReader(bytes, 'epoch value')
  if (reader.u8() !== VERSION) throw reader.error('unknown-type')
  const closedAtMs = reader.u64()
  const previousMap = reader.raw(HASH_BYTES).slice()
  const reports = reader.list(MAX_EPOCH_REPORTS, () => reader.raw(HASH_BYTES).slice())
  reader.end()
  for (let i = 1; i < reports.length; i++) {
    if (compareBytes(reports[i - 1], reports[i]) >= 0) throw new EncodingError('not-canonical', 'epoch value')
  }
  return { closedAtMs, previousMap, reports }
}
