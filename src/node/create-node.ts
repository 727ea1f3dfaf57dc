import { join } from 'node:path'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { LevelDatastore } from 'datastore-level'
import { createSegmentCodec } from '../../encoder/index.ts'
import { AwakeClock, systemClock, systemRandom } from '../clock/index.ts'
import { Hologram } from '../hologram/hologram.ts'
import { TokenBucket, UNLIMITED } from '../hologram/index.ts'
import { openStore } from '../store/index.ts'
import { MapAgreement } from './agreement/index.ts'
import { careMetrics, healMetrics } from './care-metrics.ts'
import { BoundedRecords } from './data/bounded-records.ts'
import { openDataFolder } from './data/folder.ts'
import { WriteBehindDatastore } from './data/write-behind.ts'
import { NodeError, systemCode } from './errors.ts'
import { GarbageCollector } from './garbage.ts'
import { limitConnections } from './host/connection-limit.ts'
import { createHost } from './host/host.ts'
import { Introduction } from './introduction.ts'
import { createLogger } from './logger.ts'
import { Libp2pMesh } from './mesh.ts'
import { createMetrics } from './metrics.ts'
import { networkId, networkIdText, protocolPrefix } from './network.ts'
import { ThheNode } from './node.ts'
import { PartStack } from './part-stack.ts'
import { ForeignPeers } from './peers/foreign.ts'
import { PeerClocks } from './peers/peer-clocks.ts'
import { Peers } from './peers/peers.ts'
import { PUBLIC_PROTOCOLS, Rendezvous } from './rendezvous.ts'
import { Scrubber } from './scrubber.ts'
import { VERSION } from './version.ts'
import type { SegmentCodec } from '../../encoder/index.ts'
import type { Bandwidth } from '../hologram/index.ts'
import type { Store } from '../store/index.ts'
import type { NodeConfig } from './config/index.ts'
import type { DataFolder } from './data/folder.ts'
import type { Host } from './host/host.ts'
import type { Logger } from './logger.ts'
import type { NodeParts } from './node.ts'
import type { Node, NodeOverrides } from './types.ts'

/**
 * Opens the data folder (lock, identity, network, store) and builds the host. The node does not listen before `start`.
 *
 * @throws {NodeError} 'DATA_FOLDER_IN_USE' | 'UNSAFE_FILE_MODE' | 'BAD_KEY_FILE' | 'OTHER_NETWORK' | 'BAD_NETWORK_FILE'
 * @throws {NetworkDescriptorError}
 * @throws {StoreError}
 */
export const createNode = async (config: NodeConfig, overrides: NodeOverrides = {}): Promise<Node> => {
  const logger = overrides.logger ?? createLogger({ level: config.logLevel, format: config.logFormat })
  const { clock: machineClock = systemClock } = overrides
  const opened = new PartStack()
  const close = (): Promise<void> =>
    opened.stop((name, error) => logger.warn(`could not close ${name} cleanly`, { error }))
  try {
    const folder = await openDataFolder(config.data, config.network)
    opened.add('data folder', { stop: folder.close })
    const clocks = new PeerClocks({ clock: machineClock, logger: logger.child('clock') })
    const store = await openStore({
      peersAgreeOnTime: () => clocks.agrees(),
      path: folder.storePath,
      quotaBytes: config.storage ? config.quota : 0,
      logger: logger.child('store')
    }).catch((error: unknown) => {
      throw systemCode(error) === 'LOCKED' ? inUseElsewhere(config.data, error) : error
    })
    opened.add('store', { stop: () => store.close() })
    const self = peerIdFromPrivateKey(folder.identity).toString()
    const records = await openHostData(folder.hostPath, self, opened, logger)
    const codec = overrides.codec ?? createCodec(config, logger.child('encoder'))
    if (overrides.codec === undefined) opened.add('coding threads', { stop: () => codec.close() })
    const clock = new AwakeClock(machineClock)
    opened.add('clock', { stop: async () => clock.stop() })
    const foreign = new ForeignPeers(machineClock)
    // A bootstrap peer finds itself in the list.
    const listed = new Set([...folder.network.bootstrap, ...config.bootstrap])
    const bootstrap = [...listed].filter((address) => !address.endsWith(`/p2p/${self}`))
    const host = await createHost({
      config,
      privateKey: folder.identity,
      datastore: records,
      prefix: protocolPrefix(folder.network),
      bootstrap,
      gater: foreign.gater,
      version: VERSION
    })
    return new ThheNode(
      assemble({
        config,
        logger,
        clock,
        folder,
        store,
        codec,
        foreign,
        bootstrap,
        records,
        host,
        clocks,
        close
      })
    )
  } catch (error) {
    await close()
    throw error
  }
}

/** libp2p's data: its peer store and the records of the DHT. */
const openHostData = async (
  path: string,
  self: string,
  opened: PartStack,
  logger: Logger
): Promise<BoundedRecords> => {
  const level = new LevelDatastore(path)
  await opened.start('host data', { start: () => level.open(), stop: () => level.close() })
  const datastore = new WriteBehindDatastore(level, {
    onError: (error) => logger.warn('peers and DHT records could not be written', { error })
  })
  opened.add('changes of host data', { stop: () => datastore.close() })
  return await BoundedRecords.open(datastore, self)
}

interface Opened {
  readonly config: NodeConfig
  readonly logger: Logger
  /** For deadlines on peers: stops while this process cannot run. */
  readonly clock: AwakeClock
  readonly folder: DataFolder
  readonly store: Store
  /** Compares this machine's clock with the peers' clocks. */
  readonly clocks: PeerClocks
  readonly codec: SegmentCodec
  readonly foreign: ForeignPeers
  readonly bootstrap: readonly string[]
  /** libp2p's data on disk. */
  readonly records: BoundedRecords
  readonly host: Host
  readonly close: () => Promise<void>
}

/** Connects the parts; none of them is started yet. */
const assemble = (opened: Opened): NodeParts => {
  const { config, logger, folder, store, host, foreign, bootstrap } = opened
  const createdMs = performance.now()
  const uptimeSeconds = (): number => Math.floor((performance.now() - createdMs) / 1000)
  const id = networkId(folder.network)
  const network = { ...folder.network, id: networkIdText(id) }
  const prefix = protocolPrefix(folder.network)
  const metrics = createMetrics({
    version: VERSION,
    uptimeSeconds,
    peers: () => peers.counts(),
    connections: () => host.getConnections(),
    usage: () => store.usage(),
    storeHealth: () => store.health(),
    holder: () => hologram.stats,
    records: () => opened.records.counts(),
    client: () => hologram.clientStats,
    starvedMs: () => opened.clock.starvedMs
  })
  careMetrics(metrics.registry, () => hologram.clientStats)
  healMetrics(metrics.registry, () => hologram.healStats)
  const peers: Peers = new Peers({
    host,
    config,
    privateKey: folder.identity,
    foreign,
    networkId: id,
    prefix,
    bootstrap,
    tolerated: config.rendezvous === 'ipfs' ? PUBLIC_PROTOCOLS : [],
    version: VERSION,
    space: () => lentSpace(store),
    uptimeSeconds,
    clock: opened.clock,
    random: systemRandom,
    clocks: opened.clocks,
    countReport: metrics.countReport,
    logger: logger.child('peers')
  })
  limitConnections(host, { maxConnections: config.maxConnections, worth: (peer) => peers.worth(peer) })
  const mesh = new Libp2pMesh({
    host,
    table: peers.table,
    clock: opened.clock,
    privateKey: folder.identity,
    networkId: id,
    prefix
  })
  const hologram = createHologram(opened, mesh)
  const garbage = new GarbageCollector({
    holdings: store,
    clock: systemClock,
    onCollected: metrics.countCollected,
    logger: logger.child('store')
  })
  const scrubber = new Scrubber({
    store,
    clock: systemClock,
    random: systemRandom,
    logger: logger.child('store')
  })
  const rendezvous = createRendezvous(opened, peers, id)
  const introduction = new Introduction({
    bootstrap,
    network: network.name,
    otherWays: otherWays(config),
    isIntroduced: () => peers.introduced,
    clock: systemClock,
    logger: logger.child('peers')
  })
  const agreement = createAgreement(opened, peers, id, prefix)
  return {
    ...opened,
    ...{
      network,
      networkId: id,
      peers,
      hologram,
      metrics,
      garbage,
      scrubber,
      rendezvous,
      introduction,
      agreement,
      uptimeSeconds
    }
  }
}

/** Ways to find peers without a list. */
const otherWays = ({ mdns, rendezvous }: NodeConfig): string[] => [
  ...(mdns ? ['mDNS on the local network'] : []),
  ...(rendezvous === 'ipfs' ? ['the public DHT'] : [])
]

const createHologram = (
  { config, folder, store, codec, clock, logger }: Opened,
  mesh: Libp2pMesh
): Hologram => {
  const { k, n, blockBytes } = folder.network.code
  return new Hologram(
    {
      mesh,
      holdings: store,
      codec,
      clock,
      logger: logger.child('objects'),
      up: cap(config.bandwidthUp),
      down: cap(config.bandwidthDown)
    },
    {
      client: {
        k: config.k ?? k,
        n: config.n ?? n,
        blockBytes,
        leaseMs: config.lease,
        checkIntervalMs: config.checkInterval
      },
      heal: { graceMs: config.repairGrace }
    }
  )
}

const createAgreement = (
  { config, folder, store, host, clock, logger }: Opened,
  { table }: Peers,
  id: Uint8Array,
  prefix: string
): MapAgreement | undefined => {
  const { quorumSet } = folder.network
  if (quorumSet === undefined) return undefined
  return new MapAgreement({
    host,
    table,
    privateKey: folder.identity,
    networkId: id,
    prefix,
    quorumSet,
    epochMs: config.mapEpoch,
    records: store.notes('agreement'),
    clock,
    random: systemRandom,
    logger: logger.child('map')
  })
}

const createRendezvous = (
  { config, host, logger }: Opened,
  { membership }: Peers,
  id: Uint8Array
): Rendezvous | undefined => {
  const dht = host.services.amino
  if (dht === undefined) return undefined
  return new Rendezvous({
    host,
    dht,
    membership,
    networkId: id,
    bootstrap: config.rendezvousBootstrap,
    nowMs: Date.now,
    logger: logger.child('rendezvous')
  })
}

/** The lock file names a process, which may run in another container and be invisible here. The index's lock still works. */
const inUseElsewhere = (path: string, cause: unknown): NodeError =>
  new NodeError(
    'DATA_FOLDER_IN_USE',
    `Another process has the data folder ${path} open, perhaps in another container. ` +
      'Stop it first, or choose another folder with --data.',
    { path },
    { cause }
  )

const lentSpace = async (store: Store): Promise<{ capacityBytes: number; freeBytes: number }> => {
  const { quotaBytes, freeBytes } = await store.usage()
  return { capacityBytes: quotaBytes, freeBytes }
}

const cap = (bytesPerSecond: number): Bandwidth =>
  bytesPerSecond === 0 ? UNLIMITED : new TokenBucket({ bytesPerSecond, clock: systemClock })

/** The codec. It measures once per shape which backend is fastest, and stores the result in the data folder. */
const createCodec = (config: NodeConfig, logger: Logger): SegmentCodec =>
  createSegmentCodec({
    backend: config.encoder,
    choicesFile: join(config.data, 'encoder-choices.json'),
    onEvent: ({ type, ...fields }) => logger.info(type, { event: JSON.stringify(fields) })
  })
