import type { PeerId } from '@libp2p/interface'
import type { Registry } from 'prom-client'
import type { SegmentCodec } from '../../encoder/index.ts'
import type { Clock } from '../clock/index.ts'
import type { ScrubOptions, ScrubReport, StoreHealth } from '../store/index.ts'
import type { Collected, UploadSummary, Usage } from '../hologram/holdings.ts'
import type { Objects } from '../hologram/objects.ts'
import type { MapSummary, MapView } from './agreement/view.ts'
import type { NodeConfig } from './config/index.ts'
import type { Logger } from './logger.ts'
import type { NetworkDescriptor } from './network.ts'

/** What this node knows of one peer, from its newest report and from our own experience. */
export interface PeerSummary {
  readonly id: string
  /** This node. */
  readonly self: boolean
  /** Reported within three intervals, was reached, and has not been lost since. */
  readonly live: boolean
  readonly connected: boolean
  /** 'relayed' when every connection goes through a relay; undefined when not connected. */
  readonly path: 'direct' | 'relayed' | undefined
  /** Round trip on the present connection, when it has been measured. */
  readonly rttMicros: number | undefined
  readonly capacityBytes: number
  readonly freeBytes: number
  readonly reliabilityPpm: number
  /** Where it was seen; '' until there has been a direct connection with it. */
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
  /** Running, and, where there are peers to join by, one of them has told who is there. */
  readonly ready: boolean
  readonly peerId: string
  readonly version: string
  readonly uptimeSeconds: number
  readonly network: {
    readonly id: string
    readonly name: string
    /** Of objects whose putter chooses no other: any k of n shards. */
    readonly code: { readonly k: number; readonly n: number }
  }
  readonly multiaddrs: readonly string[]
  readonly peers: { readonly known: number; readonly live: number; readonly connected: number }
  readonly dht: 'client' | 'server'
  /** Provider records that this node keeps, most of them for others; they are not part of the quota. */
  readonly dhtRecords: { readonly entries: number; readonly bytes: number }
  readonly rendezvous: 'off' | 'joining' | 'joined'
  readonly map: MapSummary
  readonly usage: Usage
  /** Whether the clocks of the peers agree with ours; undefined while too few of them have said what time it is. */
  readonly clockAgrees?: boolean
  /** How far the clocks of peers are ahead of this one, the median; there when `clockAgrees` is. */
  readonly clockSkewMs?: number
  /** What the store has found damaged on the disk. */
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
  /** This node's own registry: nothing is shared between nodes of one process. */
  readonly metrics: Registry
  readonly logger: Logger
  /** Secret that the local HTTP interface asks for; kept in the file at `apiTokenPath`, mode 0600. */
  readonly apiToken: string
  readonly apiTokenPath: string
  /** Addresses with this node's /p2p part, as told to other peers. */
  multiaddrs: () => string[]
  /** Every peer in the table, this node included. */
  peers: () => PeerSummary[]
  /** The agreed map, and how the agreement stands. */
  map: () => MapView
  status: () => Promise<NodeStatus>
  /** Removes what no lease keeps, now instead of at the next full hour. @throws StoreError */
  collectGarbage: () => Promise<Collected>
  /** Reads everything that is kept and marks what is damaged. @throws the signal's reason, as soon as the signal fires */
  scrub: (options?: ScrubOptions) => Promise<ScrubReport>
  /** Shards that are being stored here, or whose put was broken off. */
  uploads: () => AsyncIterable<UploadSummary>
  /** Resolves when the node listens; see `status().ready` for when it knows its peers. */
  start: () => Promise<void>
  /** Stops everything and lets go of the data folder. Idempotent; a stopped node is not started again. */
  stop: () => Promise<void>
}

/** What a program that embeds a node may put in place of what `createNode` would make. */
export interface NodeOverrides {
  /** @default standard error, by `logLevel` and `logFormat` */
  readonly logger?: Logger
  /** @default the machine's */
  readonly clock?: Clock
  /** A pool of coding threads shared by several nodes of one process; not closed by the node. */
  readonly codec?: SegmentCodec
}
