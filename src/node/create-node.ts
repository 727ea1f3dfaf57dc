import { join } from 'node:path'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { Registry } from 'prom-client'
import { createSegmentCodec } from '../../encoder/index.ts'
import { AwakeClock, systemClock, systemRandom } from '../clock/index.ts'
import { Heads } from '../heads/index.ts'
import { Hologram } from '../hologram/hologram.ts'
import { copyHomes, networkPrefix, TokenBucket } from '../hologram/index.ts'
import { openStore } from '../store/index.ts'
import { aboutModule } from './about-module.ts'
import { MapAgreement } from './agreement/index.ts'
import { agreementModule } from './agreement/module.ts'
import { choosePlacement } from './agreement/placement.ts'
import { BulkChannel, bulkListen, bulkModule } from './bulk/index.ts'
import { clockModule } from './clock-module.ts'
import { NodeField } from './field/index.ts'
import { NamedHeads } from './field/named-heads.ts'
import { fieldModule } from './field/module.ts'
import { rateAt } from './config/byte-rate.ts'
import type { ByteRate } from './config/byte-rate.ts'
import { openDataFolder } from './data/folder.ts'
import { openHostData } from './data/host-data.ts'
import { DrainControl, DrainSwitch } from './drain.ts'
import { fillModule } from './fill.ts'
import { NodeError, systemCode } from './errors.ts'
import { EventLog } from './events.ts'
import { GarbageCollector } from './garbage.ts'
import { limitConnections, siteOf, WORTH } from './host/connection-limit.ts'
import { GossipShape, gossipShapeModule } from './host/gossip-shape.ts'
import { createHost } from './host/host.ts'
import { hostModule } from './host/module.ts'
import { PortForwarder } from './host/port-forwarder.ts'
import { headsModule } from './heads-module.ts'
import { createHomeostat, homeostatModule } from './homeostat-module.ts'
import { Introduction } from './introduction.ts'
import { createLogger } from './logger.ts'
import { Libp2pMesh } from './mesh.ts'
import { ModuleList } from './module.ts'
import { networkId, networkIdText, protocolPrefix } from './network.ts'
import { ThheNode } from './node.ts'
import { objectsModule } from './objects-module.ts'
import { OperationTimes } from './operation-times.ts'
import { bulkEndpoints, bulkPorts, NO_BULK_PORTS } from './peers/bulk-ports.ts'
import { ForeignPeers } from './peers/foreign.ts'
import { membershipModule, peersModule } from './peers/modules.ts'
import { PeerClocks } from './peers/peer-clocks.ts'
import { Peers } from './peers/peers.ts'
import { placementPeers } from './peers/placement-view.ts'
import type { HearingLimits } from '../manifold/gossip/index.ts'
import type { PeersInit } from './peers/peers.ts'
import { processModule } from './process-module.ts'
import { PUBLIC_PROTOCOLS, Rendezvous, rendezvousModule } from './rendezvous.ts'
import { Scrubber } from './scrubber.ts'
import { storeModule } from './store-module.ts'
import { VERSION } from './version.ts'
import type { SegmentCodec } from '../../encoder/index.ts'
import type { Homeostat } from '../homeostat/index.ts'
import type { Bandwidth, HologramComponents } from '../hologram/index.ts'
import type { Store } from '../store/index.ts'
import type { NodeConfig } from './config/index.ts'
import type { DataFolder } from './data/folder.ts'
import type { Host } from './host/host.ts'
import type { Logger } from './logger.ts'
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
  const metrics = new Registry()
  const modules = new ModuleList(metrics)
  try {
    const opened = await open(config, overrides, logger, modules)
    return assemble(opened, modules, metrics)
  } catch (error) {
    await modules.stop((name, failure) => logger.warn(`could not stop ${name} cleanly`, { error: failure }))
    throw error
  }
}

/** What is open before the node starts. */
interface Opened {
  readonly config: NodeConfig
  readonly logger: Logger
  /** For deadlines on peers: stops while this process cannot run. */
  readonly clock: AwakeClock
  readonly folder: DataFolder
  readonly store: Store
  /** Whether the node is being emptied. */
  readonly drain: DrainSwitch
  /** Compares this machine's clock with the peers' clocks. */
  readonly clocks: PeerClocks
  readonly codec: SegmentCodec
  readonly foreign: ForeignPeers
  readonly bootstrap: readonly string[]
  readonly host: Host
  readonly shape: GossipShape | undefined
  readonly forwarder: PortForwarder
  readonly hearing: HearingLimits | undefined
}

/** Each part is listed as soon as it is open, so that it is closed whatever fails after it. */
const open = async (
  config: NodeConfig,
  { clock: machineClock = systemClock, codec: sharedCodec, hearing }: NodeOverrides,
  logger: Logger,
  modules: ModuleList
): Promise<Opened> => {
  const folder = await openDataFolder(config.data, config.network)
  modules.add({ name: 'data folder', stop: folder.close })
  const clocks = new PeerClocks({ clock: machineClock, logger: logger.child('clock') })
  const store = await openStore({
    peersAgreeOnTime: () => clocks.agrees(),
    path: folder.storePath,
    quotaBytes: config.storage ? config.quota : 0,
    logger: logger.child('store')
  }).catch((error: unknown) => {
    throw systemCode(error) === 'LOCKED' ? inUseElsewhere(config.data, error) : error
  })
  modules.add(storeModule(store))
  const drain = await DrainSwitch.open(store.notes('drain'))
  const self = peerIdFromPrivateKey(folder.identity).toString()
  const hostData = await openHostData(folder.hostPath, self, logger)
  modules.add(hostData.module)
  const codec = sharedCodec ?? createCodec(config, logger.child('encoder'))
  if (sharedCodec === undefined) modules.add({ name: 'coding threads', stop: () => codec.close() })
  const clock = new AwakeClock(machineClock)
  modules.add(clockModule(clock))
  const foreign = new ForeignPeers(machineClock)
  // A bootstrap peer finds itself in the list.
  const listed = new Set([...folder.network.bootstrap, ...config.bootstrap])
  const bootstrap = [...listed].filter((address) => !address.endsWith(`/p2p/${self}`))
  const forwarder = new PortForwarder(logger.child('bulk'))
  const shape = config.geodesic ? new GossipShape() : undefined
  const host = await createHost({
    config,
    privateKey: folder.identity,
    datastore: hostData.records,
    prefix: protocolPrefix(folder.network),
    bootstrap,
    gater: foreign.gater,
    shape,
    forwarder,
    version: VERSION
  })
  const parts = { config, logger, clock, folder, store, drain, clocks, codec, foreign, bootstrap }
  return { ...parts, host, shape, forwarder, hearing }
}

/** Makes the rooms from what is open, and lists them in the order in which they start. */
const assemble = (opened: Opened, modules: ModuleList, metrics: Registry): Node => {
  const { config, logger, folder, store, host, clock, bootstrap, clocks } = opened
  const createdMs = performance.now()
  const uptimeSeconds = (): number => Math.floor((performance.now() - createdMs) / 1000)
  const id = networkId(folder.network)
  const network = { ...folder.network, id: networkIdText(id) }
  const prefix = protocolPrefix(folder.network)
  const peers = createPeers(opened, {
    networkId: id,
    prefix,
    uptimeSeconds,
    heat: () => homeostat.reportedHeat,
    service: (peer) => hologram.peerStats(peer),
    bulkPorts: () => bulkPorts(bulk?.port ?? 0, opened.forwarder.publicPort),
    bulkWorks: (peer) => (config.bulk ? bulk?.works(peer) : false),
    agreed: () => agreement?.agreed
  })
  const bulk = config.bulk ? createBulk(opened, peers, prefix) : undefined
  const { maxConnections } = config
  limitConnections(host, { maxConnections, worth: (peer) => peers.worth(peer), bulk })
  const { identity: privateKey } = folder
  const events = new EventLog({ nowMs: () => systemClock.nowMs(), logger: logger.child('events') })
  const mesh = new Libp2pMesh({
    host,
    table: peers.table,
    placement: () =>
      choosePlacement({
        map: agreement?.current?.map,
        nowMs: clock.nowMs(),
        live: placementPeers(peers.table.live()),
        isGone: (peer) => peers.table.hasLost(peer) || peers.table.isDraining(peer)
      }),
    rttMicros: (peer) => peers.rttMicros(peer),
    clock,
    privateKey,
    networkId: id,
    prefix,
    bulk
  })
  const homeostat = createHomeostat({
    self: host.peerId.toString(),
    table: peers.table,
    clock,
    random: systemRandom,
    events,
    uplinkCap: () => rateNow(config.bandwidthUp),
    hologram: () => hologram
  })
  const operations = new OperationTimes()
  const hologram: Hologram = createHologram(opened, homeostat, mesh, { events, operations })
  const agreement = createAgreement(opened, peers, id, prefix)
  agreement?.onMap((map) => {
    peers.latency.follow(map.peers)
    peers.hearing.follow(map)
  })
  const field = createField(opened, peers, id, prefix)
  const drain = new DrainControl(opened.drain, {
    report: async () => await peers.reportNow(),
    drainer: hologram.drainer
  })
  const heads = new Heads({
    mesh,
    homes: (seed, count) => copyHomes(seed, count, mesh.placement().peers).map(({ id }) => id),
    records: store.notes('heads'),
    networkOf: networkPrefix,
    clock,
    logger: logger.child('heads')
  })
  const names = new NamedHeads({ heads, field, networkId: id, clock })
  const ofStore = { clock: systemClock, logger: logger.child('store') }
  const garbage = new GarbageCollector({ holdings: store, ...ofStore })
  modules.add(
    events,
    processModule(),
    aboutModule({ peerId: host.peerId, network, uptimeSeconds }),
    membershipModule(peers),
    hostModule(host, config),
    bulkModule(bulk, { port: bulkListen(config.listen, config.bulkPort).port, forwarder: opened.forwarder }),
    objectsModule(hologram, operations),
    fillModule(hologram),
    headsModule(heads),
    homeostatModule(homeostat),
    peersModule(peers, clocks),
    gossipShapeModule(opened.shape, { host, rttMicros: (peer) => peers.rttMicros(peer), prefix, clock }),
    agreementModule(agreement, mesh, clock),
    fieldModule(field),
    garbage,
    new Scrubber({ store, random: systemRandom, periodMs: config.auditPeriod, ...ofStore }),
    drain,
    rendezvousModule(createRendezvous(opened, peers, id)),
    new Introduction({
      bootstrap,
      network: network.name,
      otherWays: otherWays(config),
      isIntroduced: () => peers.introduced,
      clock: systemClock,
      logger: logger.child('peers')
    })
  )
  return new ThheNode({
    config,
    logger,
    folder,
    network,
    networkId: id,
    store,
    host,
    peers,
    hologram,
    heads,
    names,
    agreement,
    field,
    garbage,
    drain,
    events,
    modules,
    metrics,
    isReady: () => bootstrap.length === 0 || peers.introduced
  })
}

const createPeers = (
  { config, logger, folder, store, drain, host, foreign, bootstrap, clock, clocks, hearing }: Opened,
  of: Pick<
    PeersInit,
    'networkId' | 'prefix' | 'uptimeSeconds' | 'heat' | 'service' | 'bulkPorts' | 'bulkWorks' | 'agreed'
  >
): Peers =>
  new Peers({
    ...of,
    host,
    config,
    privateKey: folder.identity,
    foreign,
    bootstrap,
    tolerated: config.rendezvous === 'ipfs' ? PUBLIC_PROTOCOLS : [],
    version: VERSION,
    space: () => (drain.isOn ? NO_SPACE : lentSpace(store)),
    isDraining: () => drain.isOn,
    clock,
    random: systemRandom,
    clocks,
    hearing,
    logger: logger.child('peers')
  })

/** Bulk connections go between members that have a direct connection of libp2p. */
const createBulk = (
  { config, folder, host, clock, logger }: Opened,
  peers: Peers,
  prefix: string
): BulkChannel =>
  new BulkChannel({
    identity: folder.identity,
    prefix,
    clock,
    logger: logger.child('bulk'),
    listen: bulkListen(config.listen, config.bulkPort),
    maxConnections: config.maxConnections,
    otherConnections: () => host.getConnections().length,
    endpoints: (peer) =>
      bulkEndpoints(host.getConnections(peer), peers.table.get(peer)?.report.bulk ?? NO_BULK_PORTS),
    admits: (peer) => peers.worth(peer) > WORTH.stranger,
    siteOf
  })

/** Ways to find peers without a list. */
const otherWays = ({ mdns, rendezvous }: NodeConfig): string[] => [
  ...(mdns ? ['mDNS on the local network'] : []),
  ...(rendezvous === 'ipfs' ? ['the public DHT'] : [])
]

const createHologram = (
  { config, folder, store, codec, clock, logger }: Opened,
  steering: Homeostat,
  mesh: Libp2pMesh,
  sinks: Required<Pick<HologramComponents, 'events' | 'operations'>>
): Hologram => {
  const { k, n, blockBytes } = folder.network.code
  return new Hologram(
    {
      mesh,
      holdings: store,
      codec,
      clock,
      logger: logger.child('objects'),
      ...sinks,
      steering,
      up: cap(config.bandwidthUp),
      down: cap(config.bandwidthDown),
      ...(config.bandwidthUpLocal !== undefined && { upLocal: cap(config.bandwidthUpLocal) }),
      ...(config.bandwidthDownLocal !== undefined && { downLocal: cap(config.bandwidthDownLocal) })
    },
    {
      client: {
        k: config.k ?? k,
        n: config.n ?? n,
        blockBytes,
        leaseMs: config.lease,
        checkIntervalMs: config.checkInterval,
        nearestFirst: config.geodesic
      },
      heal: { graceMs: config.repairGrace },
      audit: { periodMs: config.auditPeriod, bytesPerDay: () => config.auditBytes }
    }
  )
}

const createAgreement = (
  { config, folder, store, host, clock, logger }: Opened,
  { table, hearing }: Peers,
  id: Uint8Array,
  prefix: string
): MapAgreement | undefined => {
  const { quorumSet } = folder.network
  if (quorumSet === undefined) return undefined
  return new MapAgreement({
    host,
    table,
    hearing,
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

const createField = (
  { folder, store, host, clock, logger }: Opened,
  { table, hearing }: Peers,
  id: Uint8Array,
  prefix: string
): NodeField | undefined => {
  const { quorumSet } = folder.network
  if (quorumSet === undefined) return undefined
  return new NodeField({
    host,
    table,
    hearing,
    privateKey: folder.identity,
    networkId: id,
    prefix,
    quorumSet,
    records: store.notes('field'),
    clock,
    random: systemRandom,
    logger: logger.child('field')
  })
}

const createRendezvous = (
  { config, host, clock, logger }: Opened,
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
    clock,
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

/** What a node that is being emptied lends. */
const NO_SPACE = Promise.resolve({ capacityBytes: 0, freeBytes: 0 })

const lentSpace = async (store: Store): Promise<{ capacityBytes: number; freeBytes: number }> => {
  const { quotaBytes, freeBytes } = await store.usage()
  return { capacityBytes: quotaBytes, freeBytes }
}

const rateNow = (rate: ByteRate): number => rateAt(rate, new Date(systemClock.nowMs()))

/** The rate is looked up at each use, since it may depend on the hour. */
const cap = (rate: ByteRate): Bandwidth =>
  new TokenBucket({ bytesPerSecond: () => rateNow(rate) || Infinity, clock: systemClock })

/** The codec. It measures once per shape which backend is fastest, and stores the result in the data folder. */
const createCodec = (config: NodeConfig, logger: Logger): SegmentCodec =>
  createSegmentCodec({
    backend: config.encoder,
    choicesFile: join(config.data, 'encoder-choices.json'),
    onEvent: ({ type, ...fields }) => logger.info(type, { event: JSON.stringify(fields) })
  })
