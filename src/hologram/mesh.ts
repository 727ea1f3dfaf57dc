import type { Connection, PeerId, Stream } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import type { PlacementView } from './placement/placement-view.ts'

/** A peer of this network that may hold shards, as its newest report and our own experience describe it. */
export interface MeshPeer {
  readonly id: PeerId
  readonly capacityBytes: number
  readonly freeBytes: number
  /** Parts per million: 1_000_000 for a peer that has not failed us. */
  readonly reliabilityPpm: number
  /** Peers with the same value are expected to fail together. */
  readonly failureDomain: string
  /** It is being emptied: what it has counts, and it is given nothing. @default false */
  readonly isDraining?: boolean
}

export interface OpenOptions {
  readonly signal: AbortSignal
  /** Bytes that the stream is expected to carry, where that is known: a short stream is not worth a new connection. */
  readonly expectedBytes?: number
}

/** The other end of a stream. */
export type Remote = Pick<Connection, 'remotePeer' | 'remoteAddr'>

/** The network as `hologram` needs it. Implemented by `src/node` over libp2p; in tests by several real hosts. */
export interface Mesh {
  readonly self: PeerId
  /** 32-byte id of the network descriptor; part of every signature and protocol id. */
  readonly networkId: Uint8Array
  /** Turns 'put/1' into the network's own protocol id, e.g. '/thhe/<network>/put/1'. */
  protocol: (name: string) => string
  /** Live peers that lend storage or are being emptied, this node included: what repair watches. */
  peers: () => readonly MeshPeer[]
  /** The peers among which homes are computed. Read it once per decision: it may change between two calls. */
  placement: () => PlacementView
  /** Opens a stream; dials when needed. Rejects when `signal` fires. */
  open: (peer: PeerId, protocol: string, options: OpenOptions) => Promise<Stream>
  handle: (
    protocol: string,
    handler: (stream: Stream, connection: Remote) => Promise<void>,
    limits: { maxInboundStreams: number }
  ) => Promise<void>
  unhandle: (protocol: string) => Promise<void>
  /** Announces in kad-dht that this node can serve the manifest of `cid`. */
  provide: (cid: CID, options: { signal: AbortSignal }) => Promise<void>
  findProviders: (cid: CID, options: { signal: AbortSignal }) => AsyncIterable<PeerId>
  /** Ed25519 signature of this node's key over `bytes` (already domain-separated). */
  sign: (bytes: Uint8Array) => Promise<Uint8Array>
  /** Whether a connection to the peer stays within the local network. @default of no peer */
  isLocal?: (peer: PeerId) => boolean
  /** Round-trip time to a peer in microseconds: measured, else predicted. Undefined while neither is known. */
  rttMicros: (peer: PeerId) => number | undefined
  /** A peer failed or served us: moves its reliability; a lie weighs more than an outage. */
  observe: (peer: PeerId, outcome: 'served' | 'unreachable' | 'slow' | 'lied') => void
}
