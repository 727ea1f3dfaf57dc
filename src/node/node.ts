import { NodeError } from './errors.ts'
import { mapView } from './agreement/view.ts'
import type { PeerId } from '@libp2p/interface'
import type { Registry } from 'prom-client'
import type { Heads } from '../heads/index.ts'
import type { Hologram } from '../hologram/hologram.ts'
import type { Collected, UploadSummary } from '../hologram/holdings.ts'
import type { Objects } from '../hologram/objects.ts'
import type { ScrubOptions, ScrubReport, Store } from '../store/index.ts'
import type { MapAgreement } from './agreement/index.ts'
import type { MapView } from './agreement/view.ts'
import type { NodeConfig } from './config/index.ts'
import type { DataFolder } from './data/folder.ts'
import type { DrainControl } from './drain.ts'
import type { EventLog } from './events.ts'
import type { NodeField } from './field/index.ts'
import type { NamedHeads } from './field/named-heads.ts'
import type { GarbageCollector } from './garbage.ts'
import type { Host } from './host/host.ts'
import type { Logger } from './logger.ts'
import type { ModuleList } from './module.ts'
import type { NetworkDescriptor } from './network.ts'
import type { Peers } from './peers/peers.ts'
import type { Node, NodeState, NodeStatus, PeerSummary } from './types.ts'

/** A module that takes longer to stop is named in the log. */
const SLOW_STOP_MS = 500

/** The parts of a node; `createNode` makes them. */
export interface NodeParts {
  readonly config: NodeConfig
  readonly logger: Logger
  readonly folder: DataFolder
  readonly network: NetworkDescriptor & { readonly id: string }
  readonly networkId: Uint8Array
  readonly store: Store
  readonly host: Host
  readonly peers: Peers
  readonly hologram: Hologram
  readonly heads: Heads
  readonly names: NamedHeads
  readonly garbage: GarbageCollector
  readonly events: EventLog
  readonly drain: DrainControl
  /** Absent if the network has no validators. */
  readonly agreement?: MapAgreement
  /** Absent if the network has no validators. */
  readonly field?: NodeField
  /** Everything that starts and stops, the data folder included. */
  readonly modules: ModuleList
  readonly metrics: Registry
  /** Whether the node has joined its network: some peer to join by has answered, or there is none. */
  readonly isReady: () => boolean
}

/** A node: starts its modules in order, stops them in reverse order, and asks them for its state. */
export class ThheNode implements Node {
  readonly #parts: NodeParts
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

  get heads(): Heads {
    return this.#parts.heads
  }

  get names(): NamedHeads {
    return this.#parts.names
  }

  get field(): NodeField | undefined {
    return this.#parts.field
  }

  get metrics(): Registry {
    return this.#parts.metrics
  }

  get drain(): DrainControl {
    return this.#parts.drain
  }

  get events(): EventLog {
    return this.#parts.events
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
    const { modules, isReady } = this.#parts
    const fields = await modules.status()
    const state = this.#state
    // create-node.test.ts holds that the modules own every field of a status.
    return { state, ready: state === 'running' && isReady(), ...fields } as NodeStatus
  }

  async start(): Promise<void> {
    if (this.#state !== 'created') {
      throw new NodeError('BAD_STATE', `This node is ${this.#state}; make a new one with createNode.`)
    }
    this.#state = 'starting'
    const { modules, logger } = this.#parts
    try {
      await modules.start()
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
    const { logger, modules } = this.#parts
    const startedMs = performance.now()
    this.#state = 'stopping'
    const byModule = await modules.stop((name, error) =>
      logger.warn(`could not stop ${name} cleanly`, { error })
    )
    this.#state = 'stopped'
    const slow = Object.entries(byModule).filter(([, ms]) => ms >= SLOW_STOP_MS)
    const slowest = slow.map(([name, ms]) => `${name} ${ms} ms`).join(', ')
    const tookMs = Math.round(performance.now() - startedMs)
    logger.info('node stopped', slow.length === 0 ? { tookMs } : { tookMs, slowest })
  }
}
