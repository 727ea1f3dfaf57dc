import type { CID } from 'multiformats/cid'
import type { Clock } from '../../clock/index.ts'
import type { Bandwidth } from '../wire/bandwidth.ts'
import type { Holdings } from '../holdings.ts'
import type { HologramLogger } from '../logger.ts'
import type { Mesh } from '../mesh.ts'
import type { Steering } from '../steering.ts'
import type { AdmissionCounts } from './admission.ts'
import type { FillIntake } from './fill-intake.ts'
import type { HolderSettings } from './settings.ts'
import type { TreeCache } from './tree-cache.ts'

/** What the handlers of one holder share. */
export interface HolderContext {
  readonly mesh: Mesh
  readonly holdings: Holdings
  readonly logger: HologramLogger
  readonly settings: HolderSettings
  readonly trees: TreeCache
  /** Cap on block bytes that come in, and on those that go out. */
  readonly down: Bandwidth
  readonly up: Bandwidth
  readonly clock: Clock
  /** `clock.nowMs`, milliseconds since the Unix epoch. */
  readonly nowMs: () => number
  readonly counts: HolderCounts
  /** For how long this node has been rebuilding an object, in milliseconds; 0 when it is not. */
  readonly repairingMs: (cid: CID) => number
  /** What fuller peers bring. */
  readonly fills: FillIntake
  /** This node is being emptied: it takes no shards. */
  readonly isDraining: () => boolean
  /** Which requests are served now. */
  readonly steering: Steering
}

export type ServiceName = 'put' | 'get' | 'object'

/** Work on the requests of one protocol. The mean of its service time over a period = added busyMs / added requests. */
export interface ServiceWork {
  /** put: blocks and commits written; get: blocks read; object: requests answered. */
  requests: number
  /** Time that these took here, the time on the wire excluded. Requests overlap, so this may grow faster than time. */
  busyMs: number
}

/** What a holder has done since it was made, for metrics and for a controller. */
export interface HolderCounts {
  blocksIn: number
  bytesIn: number
  blocksOut: number
  bytesOut: number
  shardsCommitted: number
  /** Of these, those that were whole here already: two peers repaired the same, or a put was repeated. */
  shardsRepeated: number
  /** Of those committed, those that fuller peers brought. */
  shardsFilled: number
  bytesFilled: number
  /** Requests answered with another status than OK, by status. */
  readonly refused: Record<string, number>
  /** Streams that broke, or were cut off by a deadline or for breaking the protocol. */
  streamsCut: number
  readonly work: Readonly<Record<ServiceName, ServiceWork>>
}

export interface HolderStats extends Readonly<HolderCounts> {
  readonly streams: Readonly<Record<ServiceName, AdmissionCounts>>
}

export function newCounts(): HolderCounts {
  return {
    blocksIn: 0,
    bytesIn: 0,
    blocksOut: 0,
    bytesOut: 0,
    shardsCommitted: 0,
    shardsRepeated: 0,
    shardsFilled: 0,
    bytesFilled: 0,
    refused: {},
    streamsCut: 0,
    work: {
      put: { requests: 0, busyMs: 0 },
      get: { requests: 0, busyMs: 0 },
      object: { requests: 0, busyMs: 0 }
    }
  }
}

/** Runs one piece of work of a service and adds its time to the counts, whether it succeeds or fails. */
export async function timed<T>(
  { clock, counts }: Pick<HolderContext, 'clock' | 'counts'>,
  service: ServiceName,
  run: () => Promise<T>
): Promise<T> {
  const startMs = clock.monotonicMs()
  try {
    return await run()
  } finally {
    const work = counts.work[service]
    work.requests++
    work.busyMs += clock.monotonicMs() - startMs
  }
}

export function countRefusal(counts: HolderCounts, status: string): void {
  counts.refused[status] = (counts.refused[status] ?? 0) + 1
}
