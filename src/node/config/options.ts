import { defaultDataFolder } from './folders.ts'
import * as kinds from './kinds.ts'
import type { ByteRate } from './byte-rate.ts'
import type { Kind } from './kinds.ts'

/** One setting of a node: defines its flag, variable, key in the file, help and line in docs/reference/config.md. */
export interface Option<T> {
  readonly kind: Kind<T>
  readonly default: NoInfer<T>
  /** Description of the default, if it depends on the machine or on other settings. */
  readonly defaultText?: string
  readonly group: 'Storage' | 'Network' | 'Reachability' | 'Local interface' | 'Diagnostics'
  readonly description: string
}

const option = <T>(init: Option<T>): Option<T> => init

/** An option that may stay unset. */
const optional = <T>(kind: Kind<T>): Kind<T | undefined> => ({
  ...kind,
  format: (value) => (value === undefined ? '' : kind.format(value))
})

/** The public bootstrap peers of the Amino DHT, as Kubo ships them. */
const AMINO_BOOTSTRAP = [
  '/dnsaddr/bootstrap.libp2p.io/p2p/QmNnooDu7bfjPFoTZYxMNLWUQJyrVwtbZg5gBMjTezGAJN',
  '/dnsaddr/bootstrap.libp2p.io/p2p/QmQCU2EcMqAqQPR2i9bChDtGNJchTbq5TbXJJ16u19uLTa',
  '/dnsaddr/bootstrap.libp2p.io/p2p/QmbLHAnMoJPWSCR5Zhtx6BHJX9KiKNN6tpvbUcqanj75Nb',
  '/dnsaddr/bootstrap.libp2p.io/p2p/QmcZf59bWwK5XFi76CZX8cbJ4BhTzzA3gU1ZjYZcYW3dwt'
] as const

/** Every setting of a node, by its name in `NodeConfig`. */
export const OPTIONS = {
  data: option({
    kind: kinds.path,
    default: defaultDataFolder(),
    defaultText: '$XDG_DATA_HOME/thhe, else ~/.local/share/thhe',
    group: 'Storage',
    description: 'Folder with the identity, the shards and the indices. One node a folder.'
  }),
  storage: option({
    kind: kinds.flag,
    default: true,
    group: 'Storage',
    description: 'Lend disk space to the network. Without it the node only puts and gets.'
  }),
  quota: option({
    kind: kinds.byteCount(2 ** 20),
    default: 10 * 2 ** 30,
    group: 'Storage',
    description: 'Disk space lent to the network.'
  }),
  domain: option({
    kind: kinds.text(
      'NAME',
      /^[\w.:-]{0,64}$/,
      'up to 64 letters, digits, dots, colons, dashes, underscores'
    ),
    default: '',
    defaultText: 'derived from the address',
    group: 'Storage',
    description: 'Failure domain: peers with the same name are expected to fail together (a rack, a site).'
  }),
  k: option({
    kind: optional(kinds.integer(1, 255)),
    default: undefined,
    defaultText: 'from the network descriptor',
    group: 'Storage',
    description: 'Shards needed to read an object put by this node.'
  }),
  n: option({
    kind: optional(kinds.integer(1, 256)),
    default: undefined,
    defaultText: 'from the network descriptor',
    group: 'Storage',
    description: 'Shards made of an object put by this node.'
  }),
  lease: option({
    kind: kinds.duration(60_000, 400 * 86_400_000),
    default: 30 * 86_400_000,
    group: 'Storage',
    description: 'How long holders keep an object before its lease must be renewed.'
  }),
  checkInterval: option({
    kind: kinds.duration(1_000, 86_400_000),
    default: 900_000,
    group: 'Storage',
    description:
      'How often the holders of an object put by this node are asked whether they have their shards.'
  }),
  repairGrace: option({
    kind: kinds.duration(1_000, 30 * 86_400_000),
    default: 900_000,
    group: 'Storage',
    description:
      'A peer that is gone for longer counts as lost: what it kept is rebuilt by those that keep the rest.'
  }),
  auditPeriod: option({
    kind: kinds.duration(10_000, 365 * 86_400_000),
    default: 14 * 86_400_000,
    group: 'Storage',
    description:
      'Within this time the node reads all that it keeps, and the peers that keep its objects challenge one another.'
  }),
  auditBytes: option({
    kind: kinds.byteCount(2 ** 20),
    default: 2 ** 30,
    group: 'Storage',
    description: 'Bytes a day that are read from other peers at most, to check what they keep.'
  }),
  encoder: option({
    kind: kinds.choice('auto', 'wasm', 'webgpu', 'tfjs', 'scalar'),
    default: 'auto',
    group: 'Storage',
    description:
      'Backend of the erasure coder; auto measures which is fastest here and remembers. Others fall back to wasm.'
  }),
  network: option({
    kind: optional(kinds.path),
    default: undefined,
    defaultText: 'the network of the data folder, else the public testnet',
    group: 'Network',
    description: 'Network descriptor, a JSON file made by `thhe network create`.'
  }),
  listen: option({
    kind: kinds.list(kinds.address),
    default: ['/ip4/0.0.0.0/tcp/4701', '/ip4/0.0.0.0/udp/4701/quic-v1', '/ip4/0.0.0.0/tcp/4702/ws'],
    group: 'Network',
    description: 'Addresses to listen on: TCP, QUIC (/udp/PORT/quic-v1) or WebSocket (/tcp/PORT/ws).'
  }),
  bulk: option({
    kind: kinds.flag,
    default: true,
    group: 'Network',
    description: 'Carry blocks over TLS connections of their own where peers can be reached directly.'
  }),
  bulkPort: option({
    kind: optional(kinds.integer(0, 65_535)),
    default: undefined,
    defaultText: 'two above the first TCP port of listen, or a free one',
    group: 'Network',
    description:
      'TCP port for these connections, on the IP addresses where the node listens by TCP; 0 takes a free one.'
  }),
  announce: option({
    kind: kinds.list(kinds.address),
    default: [],
    group: 'Network',
    description: 'Addresses told to other peers instead of those found, e.g. behind a forwarded port.'
  }),
  bootstrap: option({
    kind: kinds.list(kinds.address),
    default: [],
    group: 'Network',
    description: 'Peers to join by, with /p2p/PEER-ID, besides those in the network descriptor.'
  }),
  rendezvous: option({
    kind: kinds.choice('none', 'ipfs'),
    default: 'none',
    group: 'Network',
    description: 'Find peers of the same network through the public Amino DHT of IPFS.'
  }),
  rendezvousBootstrap: option({
    kind: kinds.list(kinds.address),
    default: AMINO_BOOTSTRAP,
    defaultText: 'the bootstrap peers of libp2p.io',
    group: 'Network',
    description: 'Peers by which the rendezvous DHT is joined.'
  }),
  reportInterval: option({
    kind: kinds.duration(250, 3_600_000),
    default: 30_000,
    group: 'Network',
    description:
      'How often the node reports itself to its peers; a peer silent for three of these is dropped.'
  }),
  mapEpoch: option({
    kind: kinds.duration(250, 3_600_000),
    default: 5_000,
    group: 'Network',
    description: 'Time between two agreed maps, where the network has validators.'
  }),
  geodesic: option({
    kind: kinds.flag,
    default: true,
    group: 'Network',
    description:
      'Prefer near peers, by measured and predicted round-trip times, for reads, gossip and relays. Off: as they come.'
  }),
  maxConnections: option({
    kind: kinds.integer(8, 100_000),
    default: 300,
    group: 'Network',
    description: 'Connections kept at once; the least useful are closed beyond it.'
  }),
  bandwidthUp: option<ByteRate>({
    kind: kinds.byteRate,
    default: 0,
    group: 'Network',
    description:
      "Bytes a second sent at most in shards and blocks, for others and for yourself, for some hours if you like: '2MiB/s 08:00-22:00'; 0 for no limit."
  }),
  bandwidthDown: option<ByteRate>({
    kind: kinds.byteRate,
    default: 0,
    group: 'Network',
    description: 'Bytes a second taken at most in shards and blocks, likewise; 0 for no limit.'
  }),
  bandwidthUpLocal: option({
    kind: optional(kinds.byteRate),
    default: undefined,
    defaultText: 'local peers share --bandwidth-up',
    group: 'Network',
    description: 'The same for peers of the local network, which then do not count in --bandwidth-up.'
  }),
  bandwidthDownLocal: option({
    kind: optional(kinds.byteRate),
    default: undefined,
    defaultText: 'local peers share --bandwidth-down',
    group: 'Network',
    description: 'The same for peers of the local network, which then do not count in --bandwidth-down.'
  }),
  dht: option({
    kind: kinds.choice('auto', 'client', 'server'),
    default: 'auto',
    group: 'Reachability',
    description: 'Part taken in the DHT; auto serves unless the node is behind a NAT and its peers are not.'
  }),
  mdns: option({
    kind: kinds.flag,
    default: true,
    group: 'Reachability',
    description: 'Find peers of the same network on the local network by multicast DNS.'
  }),
  upnp: option({
    kind: kinds.flag,
    default: true,
    group: 'Reachability',
    description: 'Ask the router by UPnP to forward the listening ports.'
  }),
  autonat: option({
    kind: kinds.flag,
    default: true,
    group: 'Reachability',
    description: 'Let other peers test which of our addresses can be reached, and test theirs.'
  }),
  relay: option({
    kind: kinds.flag,
    default: true,
    group: 'Reachability',
    description: 'Be reachable through a relay (circuit relay v2), with hole punching, when not directly.'
  }),
  relayServer: option({
    kind: kinds.flag,
    default: false,
    group: 'Reachability',
    description: 'Relay for peers behind a NAT, within the limits of circuit relay v2.'
  }),
  api: option({
    kind: kinds.hostPort,
    default: '127.0.0.1:4780',
    group: 'Local interface',
    description: 'Where the HTTP interface for this machine listens; port 0 takes a free one.'
  }),
  apiOrigins: option({
    kind: kinds.list(kinds.origin),
    default: [],
    group: 'Local interface',
    description:
      'Web pages of these origins may use the HTTP interface; what needs the token needs it from them too (docs/guide/browser.md).'
  }),
  s3: option({
    kind: optional(kinds.hostPort),
    default: undefined,
    defaultText: 'off',
    group: 'Local interface',
    description:
      'Serve S3 here. It is plain HTTP: beyond this machine, put a proxy with TLS in front. Keys: `thhe s3 key`.'
  }),
  s3Domain: option({
    kind: optional(
      kinds.text(
        'NAME',
        /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/,
        'a host name such as s3.example.org'
      )
    ),
    default: undefined,
    defaultText: 'path style only',
    group: 'Local interface',
    description: 'Host names under this one name a bucket: BUCKET.NAME.'
  }),
  logLevel: option({
    kind: kinds.choice('error', 'warn', 'info', 'debug'),
    default: 'info',
    group: 'Diagnostics',
    description: 'Least severe messages written to standard error.'
  }),
  logFormat: option({
    kind: kinds.choice('text', 'json'),
    default: 'text',
    group: 'Diagnostics',
    description: 'Form of the log: a line to read, or one JSON object a line.'
  })
} as const
