import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, Libp2p, PeerId, PrivateKey, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import type { CID } from 'multiformats/cid'
import type { Mesh, MeshPeer } from '../../src/hologram/mesh.ts'
import type { PlacementView } from '../../src/hologram/placement/placement-view.ts'
import { nodeMuxer } from '../../src/node/host/yamux.ts'
import { rttMicros } from '../../src/node/peers/rtt.ts'

export interface TestPeerOptions {
  capacityBytes?: number
  failureDomain?: string
  /** False for a peer that only reads and writes, and lends nothing. @default true */
  lends?: boolean
}

export type Observation = Parameters<Mesh['observe']>[1]

const GIB = 2 ** 30

/**
 * Real libp2p hosts (TCP on loopback, noise, yamux) in one process, each seen through the `Mesh` contract. What
 * gossip and the DHT do in a node (who is there, who provides what) is shared memory here, so that a test decides it.
 */
export class TestNetwork {
  readonly networkId = new Uint8Array(32).fill(7)
  readonly providers = new Map<string, Set<TestMesh>>()
  readonly meshes: TestMesh[] = []

  /** Starts a host and adds it to everybody's table. */
  async join(options: TestPeerOptions = {}): Promise<TestMesh> {
    const key = await generateKeyPair('Ed25519')
    const host = await createLibp2p({
      privateKey: key,
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [nodeMuxer()],
      // libp2p refuses the sixth connection in a second from one address, which all of these have
      connectionManager: {
        maxConnections: 1000,
        inboundConnectionThreshold: 1000,
        maxIncomingPendingConnections: 1000
      },
      connectionMonitor: { enabled: false }
    })
    const mesh = new TestMesh(this, host, key, options)
    this.meshes.push(mesh)
    return mesh
  }

  async joinMany(count: number, options: TestPeerOptions = {}): Promise<TestMesh[]> {
    return Promise.all(Array.from({ length: count }, async () => this.join(options)))
  }

  find(peer: PeerId): TestMesh | undefined {
    return this.meshes.find((mesh) => mesh.self.equals(peer))
  }

  /** Ends every host. */
  async stop(): Promise<void> {
    await Promise.all(this.meshes.map(async (mesh) => mesh.host.stop()))
  }
}

/** One host of a `TestNetwork`. */
export class TestMesh implements Mesh {
  readonly self: PeerId
  readonly networkId: Uint8Array
  readonly host: Libp2p
  /** Every outcome reported through `observe`, oldest first. */
  readonly observed: Array<{ peer: PeerId; outcome: Observation }> = []
  /** Streams opened from this host, by protocol name, oldest first. */
  readonly opened: Array<{ peer: PeerId; protocol: string }> = []
  /** What its newest report says is used of what it lends. */
  usedBytes = 0
  /** What this host believes the table to be, when it differs from the truth. */
  table?: (peers: MeshPeer[]) => MeshPeer[]
  /** Where homes are computed, when it is not among the peers of the table. */
  view?: PlacementView
  readonly #network: TestNetwork
  readonly #key: PrivateKey
  readonly #options: TestPeerOptions
  #lends: boolean

  constructor(network: TestNetwork, host: Libp2p, key: PrivateKey, options: TestPeerOptions) {
    this.self = peerIdFromPrivateKey(key)
    this.networkId = network.networkId
    this.host = host
    this.#network = network
    this.#key = key
    this.#options = options
    this.#lends = options.lends ?? true
  }

  protocol(name: string): string {
    return `/thhe/test/${name}`
  }

  /** Takes this host out of every table; what runs on it goes on. */
  withdraw(): void {
    this.#lends = false
  }

  placement(): PlacementView {
    return this.view ?? { epoch: 0, peers: this.peers() }
  }

  peers(): MeshPeer[] {
    const lenders = this.#network.meshes.filter((mesh) => mesh.#lends).map((mesh) => mesh.#asPeer())
    return this.table === undefined ? lenders : this.table(lenders)
  }

  async open(peer: PeerId, protocol: string, options: { signal: AbortSignal }): Promise<Stream> {
    const target = this.#network.find(peer)
    if (target === undefined) throw new Error(`no such peer: ${peer.toString()}`)
    this.opened.push({ peer, protocol })
    const connection =
      this.host.getConnections(peer)[0] ?? (await this.host.dial(target.host.getMultiaddrs(), options))
    return connection.newStream(protocol, { ...options, maxOutboundStreams: 1000 })
  }

  async handle(
    protocol: string,
    handler: (stream: Stream, connection: Connection) => Promise<void>,
    limits: { maxInboundStreams: number }
  ): Promise<void> {
    await this.host.handle(protocol, handler, limits)
  }

  async unhandle(protocol: string): Promise<void> {
    await this.host.unhandle(protocol)
  }

  async provide(cid: CID): Promise<void> {
    const known = this.#network.providers.get(cid.toString()) ?? new Set()
    this.#network.providers.set(cid.toString(), known.add(this))
  }

  async *findProviders(cid: CID): AsyncIterable<PeerId> {
    for (const mesh of this.#network.providers.get(cid.toString()) ?? []) yield mesh.self
  }

  async sign(bytes: Uint8Array): Promise<Uint8Array> {
    return this.#key.sign(bytes)
  }

  rttMicros(peer: PeerId): number | undefined {
    return rttMicros(this.host, peer)
  }

  observe(peer: PeerId, outcome: Observation): void {
    this.observed.push({ peer, outcome })
  }

  /** How often `peer` was reported with `outcome`. */
  blamed(peer: PeerId, outcome: Observation): number {
    return this.observed.filter((seen) => seen.peer.equals(peer) && seen.outcome === outcome).length
  }

  #asPeer(): MeshPeer {
    return {
      id: this.self,
      capacityBytes: this.#options.capacityBytes ?? GIB,
      freeBytes: (this.#options.capacityBytes ?? GIB) - this.usedBytes,
      reliabilityPpm: 1_000_000,
      failureDomain: this.#options.failureDomain ?? this.self.toString()
    }
  }
}
