// Keys and values of the index. A key is one letter for the kind, then the subject. CIDs are self-delimiting, so no key
// of one object is a prefix of another object's key. Integers are big-endian so that keys sort by number.
import { crc32 } from 'node:zlib'
import { CID } from 'multiformats/cid'
import type { StoredLease } from '../hologram/holdings.ts'

/** Kinds of index entries: the first byte of their keys. */
export const KIND = {
  batchNumber: 'b',
  /** Known damaged blocks of a shard. */
  badBlocks: 'd',
  /** When the store was last known to run. */
  clock: 'c',
  lease: 'l',
  manifest: 'm',
  /** A record of another room of the node (notes.ts). */
  note: 'n',
  owned: 'o',
  placement: 'p',
  /** A shard set aside because its bytes differ from what was acknowledged. */
  quarantined: 'q',
  shard: 's',
  /** Another peer's statement of the shards that it holds. */
  statement: 'h',
  upload: 'u',
  /** Files to remove: the batch that wrote this removed their last reference. */
  discarded: 'x'
} as const
export type Kind = (typeof KIND)[keyof typeof KIND]

/** Name of the two files of a shard or upload: 16 random bytes, never reused. */
export type Slot = Uint8Array
export const SLOT_BYTES = 16
const UPLOAD_ID_BYTES = 32

export const kindKey = (kind: Kind): Uint8Array => Buffer.from(kind, 'latin1')
export const objectKey = (kind: Kind, cid: CID): Uint8Array =>
  Buffer.concat([Buffer.from(kind, 'latin1'), cid.bytes])
export const leaseKey = (cid: CID, lessee: string): Uint8Array =>
  Buffer.concat([objectKey(KIND.lease, cid), Buffer.from(lessee, 'utf8')])
export const shardKey = (cid: CID, shard: number): Uint8Array =>
  Buffer.concat([objectKey(KIND.shard, cid), uint16(shard)])
/** The namespace follows its length, so that no namespace is a prefix of another. */
export const noteKey = (namespace: string, key: string): Uint8Array =>
  Buffer.concat([
    Buffer.from(KIND.note, 'latin1'),
    Uint8Array.of(namespace.length),
    Buffer.from(namespace + key, 'utf8')
  ])
export const noteNameOf = (key: Uint8Array): string => Buffer.from(key.subarray(2 + key[1])).toString('utf8')
export const slotKey = (kind: 'd' | 'q' | 'x', slot: Slot): Uint8Array =>
  Buffer.concat([Buffer.from(kind, 'latin1'), slot])
export const uploadKey = (upload: Uint8Array, shard: number): Uint8Array => {
  if (upload.length !== UPLOAD_ID_BYTES) {
    throw new RangeError(`An upload id has ${UPLOAD_ID_BYTES} bytes, not ${upload.length}.`)
  }
  return Buffer.concat([Buffer.from(KIND.upload, 'latin1'), upload, uint16(shard)])
}

/** The object of a key, and the bytes after its CID. */
export function parseObjectKey(key: Uint8Array): { cid: CID; rest: Uint8Array } {
  const [cid, rest] = CID.decodeFirst(key.subarray(1))
  return { cid, rest }
}
export const parseShardKey = (key: Uint8Array): { cid: CID; shard: number } => {
  const { cid, rest } = parseObjectKey(key)
  return { cid, shard: view(rest).getUint16(0) }
}
export const shardOfUploadKey = (key: Uint8Array): number => view(key).getUint16(1 + UPLOAD_ID_BYTES)
export const parseSlotKey = (key: Uint8Array): Slot => key.slice(1)
/** Name of a slot's files, without the suffix. */
export const slotName = (slot: Slot): string => Buffer.from(slot).toString('hex')

const KIND_NAMES = Object.fromEntries(Object.entries(KIND).map(([name, letter]) => [letter, name]))

/** The subject of an entry, for logs. */
export function describeKey(key: Uint8Array): Record<string, string> {
  const kind = KIND_NAMES[String.fromCharCode(key[0])] ?? 'unknown'
  try {
    return { kind, cid: parseObjectKey(key).cid.toString() }
  } catch {
    return { kind, key: Buffer.from(key.subarray(1)).toString('hex') }
  }
}

/** Bounds of the range of all keys that start with `prefix`. */
export function rangeOf(prefix: Uint8Array): { gte: Uint8Array; lt: Uint8Array } {
  const end = Uint8Array.from(prefix)
  end[end.length - 1]++
  // The last byte of a CID may be 0xff: carry.
  for (let i = end.length - 1; end[i] === 0 && i > 0; i--) end[i - 1]++
  return { gte: prefix, lt: end }
}

export const CHECKSUM_BYTES = 4

/** Prefixes a value with its CRC-32, as every value of the index is. */
export function withChecksum(value: Uint8Array): Uint8Array {
  const stored = new Uint8Array(CHECKSUM_BYTES + value.length)
  view(stored).setUint32(0, crc32(value))
  stored.set(value, CHECKSUM_BYTES)
  return stored
}

/** The value after its checksum, or undefined if the two do not match. */
export function intact(stored: Uint8Array): Uint8Array | undefined {
  const value = stored.subarray(CHECKSUM_BYTES)
  return stored.length >= CHECKSUM_BYTES && view(stored).getUint32(0) === crc32(value) ? value : undefined
}

export interface ShardRecord {
  readonly slot: Slot
  readonly blocks: number
  readonly dataBytes: number
  /** SHA-256 over the leaf hashes. */
  readonly leavesDigest: Uint8Array
  /** Bytes of the tail of the `.leaves` file (leaf-tail.ts); 0 for shards that version 0.1 wrote. */
  readonly tailBytes: number
  /** Account that is charged for the shard (accounts.ts), 16 bytes. */
  readonly account: Uint8Array
}

/** Account of data that no peer is charged for. */
export const NO_ACCOUNT: Uint8Array = new Uint8Array(16)

export function encodeShard(shard: ShardRecord): Uint8Array {
  const { slot, blocks, dataBytes, leavesDigest, tailBytes, account } = shard
  return Buffer.concat([slot, uint64(blocks), uint64(dataBytes), leavesDigest, uint64(tailBytes), account])
}

export function decodeShard(value: Uint8Array): ShardRecord {
  return {
    slot: value.slice(0, SLOT_BYTES),
    blocks: readUint64(value, SLOT_BYTES),
    dataBytes: readUint64(value, SLOT_BYTES + 8),
    leavesDigest: value.slice(SLOT_BYTES + 16, SLOT_BYTES + 48),
    tailBytes: value.length < SLOT_BYTES + 72 ? 0 : readUint64(value, SLOT_BYTES + 48),
    account: value.length < SLOT_BYTES + 72 ? NO_ACCOUNT : value.slice(SLOT_BYTES + 56, SLOT_BYTES + 72)
  }
}

/** The last durable state of an upload. */
export interface UploadRecord {
  readonly slot: Slot
  /** Synced blocks. Later blocks are checked when the upload is resumed. */
  readonly blocks: number
  readonly touchedAtMs: number
  /** The upload cannot be resumed after its sender exits. */
  readonly oneShot: boolean
  /** Account that is charged for the upload, 16 bytes. */
  readonly account: Uint8Array
}

export function encodeUpload({ slot, blocks, touchedAtMs, oneShot, account }: UploadRecord): Uint8Array {
  return Buffer.concat([slot, uint64(blocks), uint64(touchedAtMs), Uint8Array.of(oneShot ? 1 : 0), account])
}

export function decodeUpload(value: Uint8Array): UploadRecord {
  return {
    slot: value.slice(0, SLOT_BYTES),
    blocks: readUint64(value, SLOT_BYTES),
    touchedAtMs: readUint64(value, SLOT_BYTES + 8),
    oneShot: value[SLOT_BYTES + 16] === 1,
    account: value.length < SLOT_BYTES + 33 ? NO_ACCOUNT : value.slice(SLOT_BYTES + 17, SLOT_BYTES + 33)
  }
}

export interface QuarantineRecord {
  readonly setAsideAtMs: number
  readonly fileBytes: number
}

export function encodeQuarantine({ setAsideAtMs, fileBytes }: QuarantineRecord): Uint8Array {
  return Buffer.concat([uint64(setAsideAtMs), uint64(fileBytes)])
}

export function decodeQuarantine(value: Uint8Array): QuarantineRecord {
  return { setAsideAtMs: readUint64(value, 0), fileBytes: readUint64(value, 8) }
}

export interface LeaseRecord extends Omit<StoredLease, 'lessee'> {
  /**
   * Latest expiry of the lessee's statements known here. Until then the newest must be kept, or an older one could be
   * replayed.
   */
  readonly keepUntilMs: number
}

/** Whether an object with this lease must be kept. */
export const isLive = (lease: LeaseRecord, nowMs: number): boolean =>
  !lease.tombstone && lease.expiresAtMs > nowMs

export function encodeLease(lease: LeaseRecord): Uint8Array {
  const head = new Uint8Array(25)
  view(head).setBigUint64(0, lease.sequence)
  view(head).setBigUint64(8, BigInt(lease.expiresAtMs))
  view(head).setBigUint64(16, BigInt(lease.keepUntilMs))
  head[24] = lease.tombstone ? 1 : 0
  return Buffer.concat([head, lease.signed])
}

export function decodeLease(value: Uint8Array): LeaseRecord {
  return {
    sequence: view(value).getBigUint64(0),
    expiresAtMs: readUint64(value, 8),
    keepUntilMs: readUint64(value, 16),
    tombstone: value[24] === 1,
    signed: value.slice(25)
  }
}

export function encodePlacement(sequence: bigint, record: Uint8Array): Uint8Array {
  const head = new Uint8Array(8)
  view(head).setBigUint64(0, sequence)
  return Buffer.concat([head, record])
}

export function decodePlacement(value: Uint8Array): { sequence: bigint; record: Uint8Array } {
  return { sequence: view(value).getBigUint64(0), record: value.slice(8) }
}

export const encodeTime = (timeMs: number): Uint8Array => uint64(timeMs)
export const decodeTime = (value: Uint8Array): number => readUint64(value, 0)
export const encodeBatchNumber = (number: number): Uint8Array => uint64(number)
export const decodeBatchNumber = (value: Uint8Array): number => readUint64(value, 0)

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function uint16(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff)
    throw new RangeError(`No shard index: ${value}`)
  const bytes = new Uint8Array(2)
  view(bytes).setUint16(0, value)
  return bytes
}

function uint64(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  view(bytes).setBigUint64(0, BigInt(value))
  return bytes
}

const readUint64 = (bytes: Uint8Array, offset: number): number => Number(view(bytes).getBigUint64(offset))
