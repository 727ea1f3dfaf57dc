import { NodeError } from './errors.ts'
import { mapSummary, mapView } from './agreement/view.ts'
import { startHost } from './host/host.ts'
import { PartStack } from './part-stack.ts'
import { VERSION } from './version.ts'
import type { PeerId } from '@libp2p/interface'
import type { Registry } from 'prom-client'
import type { SegmentCodec } from '../../encoder/index.ts'
import type { Hologram } from '../hologram/hologram.ts'
import type { Collected, UploadSummary } from '../hologram/holdings.ts'
import type { Objects } from '../hologram/objects.ts'
import type { ScrubOptions, ScrubReport, Store } from '../store/index.ts'
import type { MapAgreement } from './agreement/index.ts'
import type { MapView } from './agreement/view.ts'
import type { NodeConfig } from './config/index.ts'
import type { BoundedRecords } from './data/bounded-records.ts'
import type { DataFolder } from './data/folder.ts'
import type { GarbageCollector } from './garbage.ts'
import type { Host } from './host/host.ts'
import type { Logger } from './logger.ts'
import type { NodeMetrics } from './metrics.ts'
import type { NetworkDescriptor } from './network.ts'
import type { PeerClocks } from './peers/peer-clocks.ts'
import type { Peers } from './peers/peers.ts'
import type { Introduction } from './introduction.ts'
import type { Rendezvous } from './rendezvous.ts'
import type { Scrubber } from './scrubber.ts'
import type { Node, NodeState, NodeStatus, PeerSummary } from './types.ts'

/** The parts of a node; `createNode` makes them. */
export interface NodeParts {
  readonly config: NodeConfig
  readonly logger: Logger
  readonly folder: DataFolder
  readonly network: NetworkDescriptor & { readonly id: string }
  readonly networkId: Uint8Array
  readonly store: Store
  readonly records: BoundedRecords
  readonly host: Host
  readonly peers: Peers
  readonly hologram: Hologram
  readonly codec: SegmentCodec
  readonly metrics: NodeMetrics
  readonly garbage: GarbageCollector
  readonly scrubber: Scrubber
  readonly clocks: PeerClocks
  readonly rendezvous?: Rendezvous
  readonly introduction: Introduction
  /** Absent if the network has no validators. */
  readonly agreement?: MapAgreement
  /** Bootstrap peers; without any, a node is ready without having joined others. */
  readonly bootstrap: readonly string[]
  readonly uptimeSeconds: () => number
  /** Closes what `createNode` opened: databases, coding threads, and finally the data folder. */
  readonly close: () => Promise<void>
}

/** A node: starts its parts in order, stops them in reverse order, and reports their state. */
export class ThheNode implements Node {
  readonly #parts: NodeParts
  readonly #running = new PartStack()
  #state: NodeState = 'created'
  #stopping: Promise<void> | undefined

  /** Use `createNode`. */
  constructor(parts: NodeParts) {
    this.#parts = parts
  }

  get peerId(): PeerId {
    return this.#parts.host.peerId
  }

  get networkId(): Uint8Array {
    return this.#parts.networkId
  }

  get network(): NetworkDescriptor & { readonly id: string } {
    return this.#parts.network
  }

  get config(): NodeConfig {
    return this.#parts.config
  }

  get logger(): Logger {
    return this.#parts.logger
  }

  get objects(): Objects {
    return this.#parts.hologram
  }

  get metrics(): Registry {
    return this.#parts.metrics.registry
  }

  get apiToken(): string {
    return this.#parts.folder.apiToken
  }

  get apiTokenPath(): string {
    return this.#parts.folder.apiTokenPath
  }

  multiaddrs(): string[] {
    return this.#parts.host.getMultiaddrs().map(String)
  }

  peers(): PeerSummary[] {
    return this.#parts.peers.summaries()
  }

  async collectGarbage(): Promise<Collected> {
    return await this.#parts.garbage.collectNow()
  }

  async scrub(options?: ScrubOptions): Promise<ScrubReport> {
    return await this.#parts.store.scrub(options)
  }

  uploads(): AsyncIterable<UploadSummary> {
    return this.#parts.store.listUploads()
  }

  map(): MapView {
    return mapView(this.#parts.agreement)
  }

  async status(): Promise<NodeStatus> {
    const { host, records, clocks, store, bootstrap, peers, rendezvous, network, uptimeSeconds } = this.#parts
    const [clockAgrees, clockSkewMs] = [clocks.agrees(), clocks.skewMs()]
    return {
      state: this.#state,
      ready: this.#state === 'running' && (bootstrap.length === 0 || peers.introduced),
      peerId: this.peerId.toString(),
      version: VERSION,
      uptimeSeconds: uptimeSeconds(),
      network: { id: network.id, name: network.name, code: network.code },
      multiaddrs: this.multiaddrs(),
      peers: peers.counts(),
      dht: host.services.dht.getMode(),
      dhtRecords: records.counts().provider,
      rendezvous: rendezvous?.state ?? 'off',
      map: mapSummary(this.#parts.agreement),
      usage: await store.usage(),
      ...(clockAgrees !== undefined && { clockAgrees, clockSkewMs }),
      damage: store.health()
    }
  }

  async start(): Promise<void> {
    if (this.#state !== 'created') {
      throw new NodeError('BAD_STATE', `This node is ${this.#state}; make a new one with createNode.`)
    }
    this.#state = 'starting'
    const { host, config, peers, hologram, garbage, scrubber, rendezvous, agreement, introduction, logger } =
      this.#parts
    try {
      // Before the host listens: identify must announce this network's protocol even to the first peer.
      await this.#running.start('membership', peers.identity)
      await this.#running.start('host', { start: () => startHost(host, config), stop: () => host.stop() })
      await this.#running.start('objects', hologram)
      await this.#running.start('peers', peers)
      if (agreement !== undefined) await this.#running.start('map agreement', agreement)
      await this.#running.start('garbage collection', garbage)
      await this.#running.start('scrub', scrubber)
      if (rendezvous !== undefined) await this.#running.start('rendezvous', rendezvous)
      await this.#running.start('introduction', introduction)
    } catch (error) {
      await this.stop()
      throw error
    }
    // `stop` may have been called meanwhile.
    if (this.#stopping !== undefined) return
    this.#state = 'running'
    logger.info('node runs', { peer: this.peerId, network: this.network.name, listen: this.multiaddrs() })
  }

  async stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    await this.#stopping
  }

  async #stop(): Promise<void> {
    const { logger, close } = this.#parts
    const startedMs = performance.now()
    this.#state = 'stopping'
    await this.#running.stop((name, error) => logger.warn(`could not stop ${name} cleanly`, { error }))
    await close()
    this.#state = 'stopped'
    logger.info('node stopped', { tookMs: Math.round(performance.now() - startedMs) })
  }
}
