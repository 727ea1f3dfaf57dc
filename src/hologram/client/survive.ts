import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import type { HologramLogger } from '../logger.ts'
import type { ClientCounts, Survived } from './counts.ts'

/** Where a failure that does not end an operation is written down. */
export interface FailureLog {
  readonly logger: HologramLogger
  readonly counts: ClientCounts
}

export interface SurvivedFailure {
  readonly error: unknown
  readonly cid?: CID
  /** Names the object while its id is not known yet. */
  readonly seed?: Uint8Array
  readonly peer?: PeerId
  readonly shard?: number
}

const TEXTS: Record<Survived, string> = {
  holder: 'a holder did not take its shard',
  'manifest-home': 'a home did not take the manifest',
  question: 'a peer did not say what it knows of an object',
  providers: 'the DHT could not be asked who has an object',
  'placement-record': 'a placement record is not in order',
  lease: 'a lease that a peer handed out is not in order',
  lane: 'a holder stopped handing out its shard',
  busy: 'a holder is busy and will be asked again',
  block: 'a holder cannot read a block of its shard',
  helper: 'a lost shard is rebuilt from whole shards, since a helper failed',
  'read-back': 'a holder did not give back a block that it had just acknowledged',
  'top-up': 'missing shards could not be rebuilt at once',
  stream: 'a kept stream had ended',
  'local-upload': 'an unfinished upload could not be made durable here',
  discard: 'a holder was not told to free an upload that nobody will resume',
  background: 'work in the background failed'
}
/** Faults of this node itself; a peer that fails is an everyday matter. */
const OWN: ReadonlySet<Survived> = new Set<Survived>(['local-upload', 'background'])

/** Logs once, with object and peer, and counts a failure from which an operation goes on. */
export function survive(
  { logger, counts }: FailureLog,
  what: Survived,
  { error, cid, seed, peer, shard }: SurvivedFailure
): void {
  counts.survived[what]++
  const fields = {
    cid: cid?.toString(),
    seed: seed && Buffer.from(seed).toString('hex'),
    peer: peer?.toString(),
    shard,
    error
  }
  if (OWN.has(what)) logger.warn(TEXTS[what], fields)
  else logger.debug(TEXTS[what], fields)
}
