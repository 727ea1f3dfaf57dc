import type { HearingLimits } from '../manifold/gossip/index.ts'
import type { PeerId } from '@libp2p/interface'
import type { Registry } from 'prom-client'
import type { SegmentCodec } from '../../encoder/index.ts'
import type { Clock } from '../clock/index.ts'
import type { Heads } from '../heads/index.ts'
import type { ScrubOptions, ScrubReport, StoreHealth } from '../store/index.ts'
import type { Collected, UploadSummary, Usage } from '../hologram/holdings.ts'
import type { Objects } from '../hologram/objects.ts'
import type { MapStatus, MapView } from './agreement/view.ts'
import type { NodeConfig } from './config/index.ts'
import type { DrainControl } from './drain.ts'
import type { EventLog } from './events.ts'
import type { NodeField } from './field/index.ts'
import type { NamedHeads } from './field/named-heads.ts'
import type { FieldSummary } from './field/module.ts'
import type { FillStatus } from './fill.ts'
import type { HomeostatSummary } from './homeostat-module.ts'
import type { Logger } from './logger.ts'
import type { NetworkDescriptor } from './network.ts'
import type { LatencyStatus } from './peers/latency/latency.ts'

/** What this node knows about one peer, from its newest report and our own experience. */
export interface PeerSummary {
  readonly id: string
  /** True for this node itself. */
  readonly self: boolean
  /** Reported within three intervals, was reached, and has not been lost since. */
  readonly live: boolean
  readonly connected: boolean
  /** 'relayed' if every connection goes through a relay; undefined if not connected. */
  readonly path: 'direct' | 'relayed' | undefined
  /**
   * What carries blocks between the two: 'tls', the bulk channel, or 'noise', streams of libp2p. Undefined if not
   * connected, and until there were blocks to carry.
   */
  readonly carrier: 'tls' | 'noise' | undefined
  /** Round-trip time of the current connections, if it has been measured. */
  readonly rttMicros: number | undefined
  /** Round-trip time by the coordinates of both; undefined while one of them is unknown, and for this node itself. */
  readonly predictedRttMicros: number | undefined
  /** Relative error that the peer expects of its coordinate, parts per million; undefined if it reports none. */
  readonly coordinateErrorPpm: number | undefined
  readonly capacityBytes: number
  /** It is being emptied: it takes no shards. */
  readonly draining: boolean
  readonly freeBytes: number
  readonly reliabilityPpm: number
  /** Where it was observed; '' until there has been a direct connection. */
  readonly failureDomain: string
  readonly version: string
  readonly uptimeSeconds: number
  /** Milliseconds since the Unix epoch, by the peer's own clock. */
  readonly reportedAtMs: number
  readonly multiaddrs: readonly string[]
}

export type NodeState = 'created' | 'starting' | 'running' | 'stopping' | 'stopped'

export interface NodeStatus {
  readonly state: NodeState
  /** Running and, if there are bootstrap peers, introduced: a peer has answered with its reports. */
  readonly ready: boolean
  readonly peerId: string
  readonly version: string
  readonly uptimeSeconds: number
  readonly network: {
    readonly id: string
    readonly name: string
    /** Default code for objects: any k of n shards suffice to read. */
    readonly code: { readonly k: number; readonly n: number }
  }
  readonly multiaddrs: readonly string[]
  readonly peers: { readonly known: number; readonly live: number; readonly connected: number }
  /** This node's coordinate in latency space. */
  readonly coordinate: LatencyStatus
  readonly dht: 'client' | 'server'
  /** Provider records stored on this node, mostly for others; they do not count against the quota. */
  readonly dhtRecords: { readonly entries: number; readonly bytes: number }
  readonly rendezvous: 'off' | 'joining' | 'joined'
  readonly map: MapStatus
  readonly field: FieldSummary
  readonly usage: Usage
  readonly homeostat: HomeostatSummary
  /** What has moved between this node and emptier or fuller peers. */
  readonly fill: FillStatus
  /** Whether the peers' clocks agree with ours; undefined while too few peers have reported their time. */
  readonly clockAgrees?: boolean
  /** Median by which peers' clocks are ahead of ours; present if `clockAgrees` is. */
  readonly clockSkewMs?: number
  /** Damage that the store has found on the disk. */
  readonly damage: StoreHealth
}

/** One peer of one network: identity, libp2p host, store and objects. Several may live in one process. */
export interface Node {
  readonly peerId: PeerId
  /** 32 bytes; `network.id` is the same as text. */
  readonly networkId: Uint8Array
  readonly network: NetworkDescriptor & { readonly id: string }
  readonly config: NodeConfig
  readonly objects: Objects
  /** Named heads: small signed values that are kept by several peers. */
  readonly heads: Pick<Heads, 'publish' | 'resolve'>
  /** What is published under names: in slots where the network has validators, else as heads that peers keep. */
  readonly names: Pick<NamedHeads, 'publish' | 'publishInSlot' | 'resolve'>
  /** Small state that the network agrees on; undefined if it has no validators. */
  readonly field:
    | Pick<
        NodeField,
        | 'submit'
        | 'submitSigned'
        | 'openSigned'
        | 'sync'
        | 'ageMs'
        | 'view'
        | 'list'
        | 'log'
        | 'prove'
        | 'proveLog'
        | 'status'
        | 'onRound'
      >
    | undefined
  /** This node's own registry; nodes of one process do not share it. */
  readonly metrics: Registry
  readonly logger: Logger
  /** Empties the node, so that it can be switched off. */
  readonly drain: Pick<DrainControl, 'progress' | 'begin' | 'cancel'>
  /** What the rooms of this node did by themselves, and why. */
  readonly events: Pick<EventLog, 'last' | 'after' | 'beyond'>
  /** Secret that the local HTTP interface requires; stored in the file at `apiTokenPath`, mode 0600. */
  readonly apiToken: string
  readonly apiTokenPath: string
  /** Addresses with this node's /p2p part, as announced to other peers. */
  multiaddrs: () => string[]
  /** Every peer in the table, including this node. */
  peers: () => PeerSummary[]
  /** The agreed map and the state of the agreement. */
  map: () => MapView
  status: () => Promise<NodeStatus>
  /** Removes what no lease keeps, now instead of at the next full hour. @throws StoreError */
  collectGarbage: () => Promise<Collected>
  /** Reads all stored data and marks damage. @throws the signal's reason, as soon as the signal fires */
  scrub: (options?: ScrubOptions) => Promise<ScrubReport>
  /** Shards that are being uploaded to this node, or whose upload was interrupted. */
  uploads: () => AsyncIterable<UploadSummary>
  /** Resolves when the node listens. `status().ready` says whether it knows its peers. */
  start: () => Promise<void>
  /** Stops everything and releases the data folder. Idempotent. A stopped node cannot be started again. */
  stop: () => Promise<void>
}

/** Parts that a program that embeds a node may supply instead of the defaults of `createNode`. */
export interface NodeOverrides {
  /** @default standard error, by `logLevel` and `logFormat` */
  readonly logger?: Logger
  /** @default the machine's */
  readonly clock?: Clock
  /** A pool of coding threads shared by several nodes of one process; not closed by the node. */
  readonly codec?: SegmentCodec
  /** From how many peers on not everybody takes in all reports. @default HEARING_LIMITS */
  readonly hearing?: HearingLimits
}
