import * as dagCbor from '@ipld/dag-cbor'
import type { CID } from 'multiformats/cid'
import type { PeerId } from '@libp2p/interface'
import { decodePeerId } from '../../../../protocols/signed.ts'
import { HologramError } from '../../errors.ts'
import { neededShards } from '../../records/manifest.ts'
import type { Manifest } from '../../records/manifest.ts'
import type { OwnedObject } from '../../objects.ts'
import type { ShardHolder } from '../../records/placement-record.ts'

/** What this node remembers of an object that its user put. */
export interface OwnedRecord {
  readonly name: string
  readonly sealed: boolean
  readonly size: number
  /** Shards needed; 1 for an inline object, whose n replicas count as shards. */
  readonly k: number
  readonly n: number
  readonly createdAtMs: number
  /** Length of a lease, each time it is renewed. */
  readonly leaseMs: number
  readonly leaseSequence: number
  readonly leaseExpiresAtMs: number
  /** Who keeps which shard, as far as this node knows; replicas of an inline object are numbered. */
  readonly holders: readonly ShardHolder[]
}

interface Stored extends Omit<OwnedRecord, 'holders'> {
  readonly version: 1
  readonly holders: ReadonlyArray<readonly [shard: number, peer: Uint8Array]>
}

export function encodeOwned(record: OwnedRecord): Uint8Array {
  const holders = record.holders.map(({ shard, peer }) => [shard, peer.toMultihash().bytes] as const)
  return dagCbor.encode<Stored>({ ...record, version: 1, holders })
}

/** @throws HologramError 'CORRUPT' for bytes that no version of this software wrote */
export function decodeOwned(bytes: Uint8Array): OwnedRecord {
  const { version, holders, ...rest } = dagCbor.decode<Stored>(bytes)
  if (version !== 1) throw unreadable()
  return { ...rest, holders: holders.map(([shard, peer]) => ({ shard, peer: peerOf(peer) })) }
}

/** The record of an object that was just put. */
export function ownedRecordOf(
  manifest: Manifest,
  rest: Pick<
    OwnedRecord,
    'name' | 'createdAtMs' | 'leaseMs' | 'leaseSequence' | 'leaseExpiresAtMs' | 'holders'
  >
): OwnedRecord {
  const { sealed, size, n } = manifest
  return { sealed, size, n, k: neededShards(manifest), ...rest }
}

/** How it is listed. */
export function ownedObjectOf(cid: CID, record: OwnedRecord): OwnedObject {
  const { name, sealed, size, k, n, createdAtMs, leaseExpiresAtMs, holders } = record
  return {
    cid,
    name,
    sealed,
    sizeBytes: size,
    k,
    n,
    createdAtMs,
    leaseExpiresAtMs,
    missing: n - holders.length
  }
}

function peerOf(bytes: Uint8Array): PeerId {
  const peer = decodePeerId(bytes)
  if (peer === undefined) throw unreadable()
  return peer
}

function unreadable(): HologramError<'CORRUPT'> {
  return new HologramError('CORRUPT', 'the record of an owned object cannot be read', {
    what: 'owned object'
  })
}
