// The libp2p host of a node: transports, security, multiplexing, routing and NAT traversal, with their limits.
import { quic } from '@chainsafe/libp2p-quic'
import { autoNAT } from '@libp2p/autonat'
import { bootstrap } from '@libp2p/bootstrap'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { dcutr } from '@libp2p/dcutr'
import { identify, identifyPush } from '@libp2p/identify'
import { kadDHT, passthroughMapper, removePrivateAddressesMapper } from '@libp2p/kad-dht'
import { mdns } from '@libp2p/mdns'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { isPrivate } from '@libp2p/utils'
import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { systemReason } from '../system-errors.ts'
import { NodeError } from '../errors.ts'
import { frameCipher } from './frame-cipher.ts'
import { gossip } from './gossip.ts'
import type { GossipShape } from './gossip-shape.ts'
import { reachability } from './reachability.ts'
import { nodeMuxer, STREAMS_PER_CONNECTION } from './yamux.ts'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Libp2pOptions } from 'libp2p'
import type { ConnectionGater, Ed25519PrivateKey, Libp2p } from '@libp2p/interface'
import type { Identify } from '@libp2p/identify'
import type { Ping } from '@libp2p/ping'
import type { KadDHT } from '@libp2p/kad-dht'
import type { UPnPNAT, uPnPNAT } from '@libp2p/upnp-nat'
import type { CircuitRelayService } from '@libp2p/circuit-relay-v2'
import type { Datastore } from 'interface-datastore'
import type { NodeConfig } from '../config/index.ts'
import type { PortForwarder } from './port-forwarder.ts'
import type { Reachability } from './reachability.ts'

/** The services that always exist; others depend on the settings. */
export interface HostServices extends Record<string, unknown> {
  readonly identify: Identify
  readonly ping: Ping
  readonly dht: KadDHT
  readonly pubsub: GossipSub
  readonly reachability: Reachability
  /** The public DHT of IPFS, for `rendezvous`. */
  readonly amino?: KadDHT
  readonly autonat?: unknown
  readonly upnp?: UPnPNAT
  readonly relay?: CircuitRelayService
}

export type Host = Libp2p<HostServices>

export interface HostInit {
  readonly config: NodeConfig
  readonly privateKey: Ed25519PrivateKey
  /** Known peers and DHT records, kept across restarts. */
  readonly datastore: Datastore
  /** First part of the network's protocol ids, '/thhe/<network>'. */
  readonly prefix: string
  /** Bootstrap peers, from the descriptor and the settings. */
  readonly bootstrap: readonly string[]
  readonly gater: ConnectionGater
  /** Who is near, for gossip; without it meshes are random. */
  readonly shape?: GossipShape
  /** Sees the routers that are found. */
  readonly forwarder?: PortForwarder
  readonly version: string
}

const DAY_MS = 86_400_000

/** Connections beyond the limit that libp2p still accepts, so that a newcomer can replace another. */
const SPARE_CONNECTIONS = 64

/** The host, not started. Its connections are limited by `limitConnections`. */
export const createHost = async (init: HostInit): Promise<Host> => {
  const { config, prefix } = init
  // Loaded only if needed: its XML parser and the rest take a tenth of a second.
  const upnp = config.upnp ? await loadUpnp(init) : undefined
  return await createLibp2p<HostServices>({
    start: false,
    privateKey: init.privateKey,
    datastore: init.datastore,
    nodeInfo: { name: 'thhe', version: init.version, userAgent: `thhe/${init.version}` },
    addresses: { listen: [...config.listen], announce: [...config.announce] },
    transports: [
      tcp(),
      quic({ maxConcurrentStreamLimit: STREAMS_PER_CONNECTION }),
      webSockets(),
      circuitRelayTransport()
    ],
    connectionEncrypters: [noise({ crypto: frameCipher })],
    streamMuxers: [nodeMuxer()],
    // At its start libp2p dials the DHT peers of the last run; it must still have their addresses after a week off.
    peerStore: { maxAddressAge: 7 * DAY_MS, maxPeerAge: 14 * DAY_MS },
    connectionGater: init.gater,
    connectionManager: {
      // `limitConnections` decides; at its own limit libp2p would refuse newcomers.
      maxConnections: config.maxConnections + SPARE_CONNECTIONS,
      // All nodes of a site behind one address, or of a cluster on one machine, may connect at once.
      inboundConnectionThreshold: 128,
      maxIncomingPendingConnections: 64,
      dialTimeout: 10_000,
      addressDialTimeout: 4_000
    },
    // A saturated machine answers late, and aborting its connection would break every upload on it. Closed sockets and
    // the deadlines of requests reveal a dead peer long before this timeout.
    connectionMonitor: { pingInterval: 15_000, pingTimeout: { minTimeout: 60_000, maxTimeout: 120_000 } },
    peerDiscovery: discovery(init),
    services: {
      identify: identify(),
      identifyPush: identifyPush(),
      // The connection monitor and the DHT both ping; with libp2p's limit of one, the second ping ends the connection.
      ping: ping({ maxInboundStreams: 16, maxOutboundStreams: 16 }),
      dcutr: dcutr(),
      dht: kadDHT({
        protocol: `${prefix}/kad/1.0.0`,
        clientMode: config.dht === 'client',
        // As in the Kademlia paper (section 2.3); kad-dht's ten disjoint paths would query a small network ten times.
        alpha: 3,
        disjointPaths: 1,
        // Private and loopback addresses are valid in a private network.
        peerInfoMapper: passthroughMapper
      }),
      pubsub: gossip(prefix, init.shape),
      reachability: reachability({ dht: config.dht, relay: config.relay }),
      ...(config.autonat && { autonat: autoNAT() }),
      ...(upnp !== undefined && { upnp }),
      ...(config.relayServer && { relay: circuitRelayServer() }),
      ...(config.rendezvous === 'ipfs' && {
        amino: kadDHT({
          protocol: '/ipfs/kad/1.0.0',
          clientMode: true,
          peerInfoMapper: aminoMapper(config.rendezvousBootstrap),
          logPrefix: 'libp2p:amino',
          datastorePrefix: '/amino',
          metricsPrefix: 'libp2p_amino'
        })
      })
    }
  })
}

const loadUpnp = async ({ forwarder, version }: HostInit): Promise<ReturnType<typeof uPnPNAT>> => {
  const [{ uPnPNAT: service }, { upnpNat: client }] = await Promise.all([
    import('@libp2p/upnp-nat'),
    import('@achingbrain/nat-port-mapper')
  ])
  return service({ portMappingClient: forwarder?.watch(client({ description: `thhe@${version}` })) })
}

/** Drops private addresses, which are useless on the Internet, unless the DHT is a stand-in on a private network. */
const aminoMapper = (bootstrap: readonly string[]): typeof passthroughMapper =>
  bootstrap.every((address) => isPrivate(multiaddr(address)))
    ? passthroughMapper
    : removePrivateAddressesMapper

/** @throws {NodeError} 'CANNOT_LISTEN' */
export const startHost = async (host: Host, config: NodeConfig): Promise<void> => {
  try {
    await host.start()
  } catch (cause) {
    await host.stop()
    throw new NodeError(
      'CANNOT_LISTEN',
      `Cannot listen on ${config.listen.join(', ')}: ${whyNot(cause)}. ` +
        'Choose other addresses with --listen, or stop the program that has them.',
      { listen: config.listen },
      { cause }
    )
  }
}

/** libp2p joins the errors of its transports, with their stacks, into one text; this finds the system's code in it. */
const whyNot = (error: unknown): string => {
  const inner = error instanceof AggregateError ? error.errors[0] : (error as Error).cause
  if (inner instanceof Error) return whyNot(inner)
  const { message } = error as Error
  const codes = (message.match(/\bE[A-Z]{3,}\b/g) ?? []).map((code) => systemReason({ code }))
  return systemReason(error) ?? codes.find((reason) => reason !== undefined) ?? message.split('\n')[0]
}

const discovery = ({
  bootstrap: list,
  config,
  prefix
}: HostInit): NonNullable<Libp2pOptions['peerDiscovery']> => [
  ...(list.length > 0 ? [bootstrap({ list: [...list], timeout: 0 })] : []),
  ...(config.mdns ? [mdns({ serviceTag: mdnsServiceTag(prefix), interval: 10_000 })] : [])
]

/** A service name specific to the network: other networks on the same LAN stay unseen (at most 63 bytes, RFC 6763). */
export const mdnsServiceTag = (prefix: string): string =>
  `_thhe-${prefix.slice(prefix.lastIndexOf('/') + 1)}._udp.local`
