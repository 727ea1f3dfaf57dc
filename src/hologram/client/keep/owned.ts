import * as dagCbor from '@ipld/dag-cbor'
import type { PeerId } from '@libp2p/interface'
import { decodePeerId } from '../../../../protocols/signed.ts'
import { HologramError } from '../../errors.ts'
import { neededShards } from '../../records/manifest.ts'
import type { Manifest } from '../../records/manifest.ts'
import type { LeasedShape } from '../../records/shape.ts'
import type { ShardHolder } from '../../records/placement-record.ts'

/** A peer that keeps a shard, and until when: the lease of ours that it has said it keeps. */
export interface LeasedHolder extends ShardHolder {
  /** Milliseconds since the Unix epoch, by this node's clock. */
  readonly leaseUntilMs: number
  /** When it last answered that it has the shard. */
  readonly seenMs: number
  /** It said then that blocks of the shard are damaged. */
  readonly damaged?: boolean
}

/** What this node remembers of an object that its user put. Times are milliseconds since the Unix epoch. */
export interface OwnedRecord {
  readonly name: string
  readonly sealed: boolean
  readonly size: number
  /** Shards needed; 1 for an inline object, whose n replicas count as shards. */
  readonly k: number
  /** Shards that this node asks for. */
  readonly n: number
  /** Set when that is not as many as the manifest has: it goes into every lease. */
  readonly shape?: LeasedShape
  /** The object has no shards: its copies are numbered instead. */
  readonly inline: boolean
  readonly createdAtMs: number
  /** Length of a lease, each time it is renewed. */
  readonly leaseMs: number
  /** Highest sequence of any lease of ours that we know of. */
  readonly leaseSequence: number
  /** End of the lease that the homes of the manifest have. */
  readonly leaseExpiresAtMs: number
  /** When the holders were last asked whether they have their shards. */
  readonly checkedMs: number
  /** Who keeps which shard, as far as this node knows; replicas of an inline object are numbered. */
  readonly holders: readonly LeasedHolder[]
}

/** Largest inline object when version 1 was written. */
const V1_INLINE_BYTES = 65_536

type StoredHolder = readonly [
  shard: number,
  peer: Uint8Array,
  leaseUntilMs?: number,
  seenMs?: number,
  damaged?: true
]

interface Stored extends Omit<OwnedRecord, 'holders' | 'checkedMs' | 'inline'> {
  /** Version 1 has none of the optional fields, and of holders only shard and peer. */
  readonly version: 1 | 2
  readonly inline?: boolean
  readonly checkedMs?: number
  readonly holders: readonly StoredHolder[]
}

export function encodeOwned(record: OwnedRecord): Uint8Array {
  const holders = record.holders.map(({ shard, peer, leaseUntilMs, seenMs, damaged }): StoredHolder => {
    const holder = [shard, peer.toMultihash().bytes, leaseUntilMs, seenMs] as const
    return damaged === true ? [...holder, true] : holder
  })
  return dagCbor.encode<Stored>({ ...record, version: 2, holders })
}

/** @throws HologramError 'CORRUPT' for bytes that no version of this software wrote */
export function decodeOwned(bytes: Uint8Array): OwnedRecord {
  try {
    return fromStored(dagCbor.decode<Stored>(bytes))
  } catch (cause) {
    throw unreadable(cause)
  }
}

function fromStored({ version, holders, checkedMs, inline, ...rest }: Stored): OwnedRecord {
  if (version !== 1 && version !== 2) throw unreadable()
  for (const value of [rest.k, rest.n, rest.leaseMs, rest.leaseSequence, rest.leaseExpiresAtMs]) {
    if (!Number.isSafeInteger(value)) throw unreadable()
  }
  return {
    ...rest,
    inline: inline ?? (rest.k === 1 && rest.size <= V1_INLINE_BYTES),
    checkedMs: checkedMs ?? rest.createdAtMs,
    holders: holders.map(([shard, peer, leaseUntilMs, seenMs, damaged]) => ({
      shard,
      peer: peerOf(peer),
      leaseUntilMs: leaseUntilMs ?? rest.leaseExpiresAtMs,
      seenMs: seenMs ?? rest.createdAtMs,
      ...(damaged === true && { damaged })
    }))
  }
}

/** The record of an object that was just put: every holder has acknowledged its shard and the lease. */
export function ownedRecordOf(
  manifest: Manifest,
  rest: Pick<OwnedRecord, 'name' | 'createdAtMs' | 'leaseMs' | 'leaseSequence' | 'leaseExpiresAtMs'> & {
    readonly holders: readonly ShardHolder[]
  }
): OwnedRecord {
  const { sealed, size, n } = manifest
  const { createdAtMs, leaseExpiresAtMs } = rest
  return {
    sealed,
    size,
    n,
    k: neededShards(manifest),
    inline: manifest.inline !== undefined,
    checkedMs: createdAtMs,
    ...rest,
    holders: rest.holders.map(({ shard, peer }) => ({
      shard,
      peer,
      leaseUntilMs: leaseExpiresAtMs,
      seenMs: createdAtMs
    }))
  }
}

function peerOf(bytes: Uint8Array): PeerId {
  const peer = decodePeerId(bytes)
  if (peer === undefined) throw unreadable()
  return peer
}

function unreadable(cause?: unknown): HologramError<'CORRUPT'> {
  return new HologramError(
    'CORRUPT',
    'The record of an owned object cannot be read. Put the object again under the same name to renew it.',
    { what: 'owned object' },
    { cause }
  )
}

/** Identifies a holder in sets and maps. */
export function holderKey({ shard, peer }: ShardHolder): string {
  return `${shard} ${peer.toString()}`
}
