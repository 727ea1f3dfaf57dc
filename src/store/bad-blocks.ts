// The damaged blocks of a shard: ranges of block numbers in the index, under the shard's slot. The store still serves the
// other blocks. An upload of the same shard replaces the damaged one.
import { decodeShard, KIND, shardKey, slotKey, slotName } from './records.ts'
import type { CID } from 'multiformats/cid'
import type { StoreParts } from './parts.ts'
import type { ShardRecord, Slot } from './records.ts'

/** Maximum ranges noted for one shard; a shard with more is set aside as a whole. */
export const MAX_BAD_RANGES = 4096
const RANGE_BYTES = 16

/** Block numbers from `first` up to but not including `end`. */
export interface BlockRange {
  readonly first: number
  readonly end: number
}

export function encodeRanges(ranges: readonly BlockRange[]): Uint8Array {
  const bytes = Buffer.alloc(ranges.length * RANGE_BYTES)
  ranges.forEach(({ first, end }, i) => {
    bytes.writeBigUInt64BE(BigInt(first), i * RANGE_BYTES)
    bytes.writeBigUInt64BE(BigInt(end), i * RANGE_BYTES + 8)
  })
  return bytes
}

export function decodeRanges(value: Uint8Array): BlockRange[] {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return Array.from({ length: Math.floor(bytes.length / RANGE_BYTES) }, (_, i) => ({
    first: Number(bytes.readBigUInt64BE(i * RANGE_BYTES)),
    end: Number(bytes.readBigUInt64BE(i * RANGE_BYTES + 8))
  }))
}

export const countBlocks = (ranges: readonly BlockRange[]): number =>
  ranges.reduce((sum, { first, end }) => sum + end - first, 0)

/** The fewest ranges that cover the same blocks, in order. */
export function mergeRanges(ranges: readonly BlockRange[]): BlockRange[] {
  const merged: BlockRange[] = []
  for (const range of [...ranges].sort((a, b) => a.first - b.first)) {
    const last = merged.at(-1)
    if (last !== undefined && range.first <= last.end) {
      merged[merged.length - 1] = { first: last.first, end: Math.max(last.end, range.end) }
    } else merged.push(range)
  }
  return merged
}

/** The marked blocks of a slot. A damaged note counts as empty: a read or a scrub finds the blocks again. */
export async function badBlocksOf({ database }: StoreParts, slot: Slot): Promise<BlockRange[]> {
  const [entry] = await database.getMany([slotKey(KIND.badBlocks, slot)])
  return entry?.value === undefined ? [] : decodeRanges(entry.value)
}

/**
 * Durably replaces the note of a shard's damaged blocks. The caller holds the object's lock.
 *
 * @returns false, and notes nothing, if the shard has been replaced or removed, or has too many ranges
 */
export async function noteBadBlocks(
  parts: StoreParts,
  cid: CID,
  shard: number,
  { slot }: ShardRecord,
  ranges: readonly BlockRange[]
): Promise<boolean> {
  const { database, health } = parts
  const [entry] = await database.getMany([shardKey(cid, shard)])
  if (entry?.value === undefined || Buffer.compare(decodeShard(entry.value).slot, slot) !== 0) return true
  if (ranges.length > MAX_BAD_RANGES) return false
  const key = slotKey(KIND.badBlocks, slot)
  await database.write([ranges.length === 0 ? { key } : { key, value: encodeRanges(ranges) }])
  health.setBadBlocks(slotName(slot), countBlocks(ranges))
  return true
}
