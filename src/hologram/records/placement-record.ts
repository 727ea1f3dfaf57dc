import { MAX_SHARDS, MAX_PLACEMENT_PAYLOAD_BYTES } from '../../../protocols/limits.ts'
import { Placement as PlacementMessage } from '../../../protocols/generated/object.js'
import { decodePeerId, signPayload, type Signer } from '../../../protocols/signed.ts'
import { decodeObjectCid } from './cid.ts'
import { HologramError } from '../errors.ts'
import { openRecord } from './signed-record.ts'
import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'

/** Holders that one record may name: two for each of 256 shards. */
export const MAX_RECORD_HOLDERS = 512
/** How far a putter's clock may be ahead: a record from the future would outrank all honest ones. */
export const MAX_CLOCK_SKEW_MS = 10 * 60 * 1000

export interface ShardHolder {
  readonly shard: number
  readonly peer: PeerId
}

/** A putter's statement of which peer took which shard. A hint: readers check all that holders send them. */
export interface PlacementRecord {
  readonly cid: CID
  readonly signer: PeerId
  /** Milliseconds since the Unix epoch at the putter; the newest record replaces the others. */
  readonly sequence: bigint
  readonly holders: readonly ShardHolder[]
}

/** An encoded Signed message over the record. @throws HologramError 'BAD_PLACEMENT' for more than 512 holders */
export async function signPlacement(
  networkId: Uint8Array,
  record: Omit<PlacementRecord, 'signer'>,
  signer: Signer
): Promise<Uint8Array> {
  if (record.holders.length > MAX_RECORD_HOLDERS) throw bad(`names more than ${MAX_RECORD_HOLDERS} holders`)
  const payload = PlacementMessage.encode({
    network: Uint8Array.from(networkId),
    cid: Uint8Array.from(record.cid.bytes),
    sequence: record.sequence,
    holders: record.holders.map(({ shard, peer }) => ({
      shard,
      peer: Uint8Array.from(peer.toMultihash().bytes)
    }))
  })
  return await signPayload('placement', networkId, payload, signer)
}

/**
 * Verifies a signed placement record: signature, network, object id, a sequence not from the future, and holders
 * that are each a shard number below 256 and a peer, none named twice.
 *
 * @throws HologramError 'WRONG_NETWORK', 'BAD_PLACEMENT'
 */
export async function openPlacement(
  networkId: Uint8Array,
  signed: Uint8Array,
  nowMs: number
): Promise<PlacementRecord> {
  const { signer, message } = await openRecord('placement', PlacementMessage, networkId, signed, {
    maxPayloadBytes: MAX_PLACEMENT_PAYLOAD_BYTES,
    bad
  })
  const cid = decodeObjectCid(message.cid)
  if (cid === undefined) throw bad('names no object id')
  if (message.sequence > BigInt(nowMs + MAX_CLOCK_SKEW_MS)) throw bad('comes from the future')
  return { cid, signer, sequence: message.sequence, holders: readHolders(message) }
}

function readHolders(message: PlacementMessage): ShardHolder[] {
  const seen = new Set<string>()
  return message.holders.map(({ shard, peer: bytes }) => {
    const peer = decodePeerId(bytes)
    if (peer === undefined) throw bad('names a holder that is no peer id')
    if (shard >= MAX_SHARDS) throw bad(`names shard ${shard}`)
    const key = `${shard} ${peer.toString()}`
    if (seen.has(key)) throw bad('names a holder twice')
    seen.add(key)
    return { shard, peer }
  })
}

function bad(reason: string, cause?: unknown): HologramError<'BAD_PLACEMENT'> {
  return new HologramError('BAD_PLACEMENT', `the placement record ${reason}`, { reason }, { cause })
}
