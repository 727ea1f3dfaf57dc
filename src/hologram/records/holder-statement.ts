import { MAX_SHARDS, MAX_STATEMENT_PAYLOAD_BYTES } from '../../../protocols/limits.ts'
import { HolderStatement as StatementMessage } from '../../../protocols/generated/object.js'
import { signPayload, type Signer } from '../../../protocols/signed.ts'
import { HologramError } from '../errors.ts'
import { decodeObjectCid } from './cid.ts'
import { MAX_CLOCK_SKEW_MS } from './placement-record.ts'
import type { PlacementRecord, ShardHolder } from './placement-record.ts'
import { openRecord } from './signed-record.ts'
import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'

/** Shards that one statement names: a peer holds one of an object, and several only in a mesh of few peers. */
export const MAX_STATEMENT_SHARDS = 32

/** What a peer says of itself: these shards of an object are here. It extends the putter's placement record. */
export interface HolderStatement {
  readonly cid: CID
  readonly holder: PeerId
  /** Milliseconds since the Unix epoch at the holder; its newest statement replaces the others. */
  readonly sequence: bigint
  readonly shards: readonly number[]
}

/** An encoded Signed message over the statement, by the holder. Shards beyond the 32nd are left out. */
export async function signHolderStatement(
  networkId: Uint8Array,
  { cid, sequence, shards }: Omit<HolderStatement, 'holder'>,
  holder: Signer
): Promise<Uint8Array> {
  const payload = StatementMessage.encode({
    network: Uint8Array.from(networkId),
    cid: Uint8Array.from(cid.bytes),
    sequence,
    shards: shards.slice(0, MAX_STATEMENT_SHARDS)
  })
  return await signPayload('holder', networkId, payload, holder)
}

/**
 * Verifies a holder statement: signature, network, object id, a sequence not from the future, and shard numbers below
 * 256, each once.
 *
 * @throws HologramError 'WRONG_NETWORK', 'BAD_PLACEMENT'
 */
export async function openHolderStatement(
  networkId: Uint8Array,
  signed: Uint8Array,
  nowMs: number
): Promise<HolderStatement> {
  const { signer, message } = await openRecord('holder', StatementMessage, networkId, signed, {
    maxPayloadBytes: MAX_STATEMENT_PAYLOAD_BYTES,
    bad
  })
  const cid = decodeObjectCid(message.cid)
  if (cid === undefined) throw bad('names no object id')
  if (message.sequence > BigInt(nowMs + MAX_CLOCK_SKEW_MS)) throw bad('comes from the future')
  const { shards } = message
  if (shards.some((shard) => shard >= MAX_SHARDS)) throw bad('names a shard beyond 255')
  if (new Set(shards).size !== shards.length) throw bad('names a shard twice')
  return { cid, holder: signer, sequence: message.sequence, shards }
}

/**
 * Who keeps which shard by what holders and the putter have said: holders of themselves, the newest first, since repairs and moves
 * come after the put; then the putter. What a holder has said of itself since outranks what the putter says of it.
 */
export function saidHolders(
  statements: readonly HolderStatement[],
  record?: Pick<PlacementRecord, 'sequence' | 'holders'>
): ShardHolder[] {
  const newestFirst = [...statements].sort((a, b) => Number(b.sequence - a.sequence))
  const said = newestFirst.flatMap(({ holder, shards }) => shards.map((shard) => ({ shard, peer: holder })))
  if (record === undefined) return said
  const since = newestFirst.filter(({ sequence }) => sequence > record.sequence)
  const heard = new Map(since.toReversed().map(({ holder, shards }) => [holder.toString(), shards]))
  const isTrue = ({ shard, peer }: ShardHolder): boolean =>
    heard.get(peer.toString())?.includes(shard) ?? true
  return [...said, ...record.holders.filter(isTrue)]
}

function bad(reason: string, cause?: unknown): HologramError<'BAD_PLACEMENT'> {
  return new HologramError('BAD_PLACEMENT', `The holder statement ${reason}.`, { reason }, { cause })
}
