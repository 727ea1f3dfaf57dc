// The network interface that the objects need: peers, streams, provider records and signatures, over libp2p.
import { signerOfKey } from '../../protocols/ed25519.ts'
import { deadlineIn } from '../clock/index.ts'
import { GET_PROTOCOL, isLocalAddress, PUT_PROTOCOL } from '../hologram/index.ts'
import { NodeError } from './errors.ts'
import { dialPeer } from './peers/dial.ts'
import { keepingPeers } from './peers/placement-view.ts'
import type { Connection, Ed25519PrivateKey, PeerId, Stream } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import type { Clock } from '../clock/index.ts'
import type { Mesh, MeshPeer, OpenOptions, Remote } from '../hologram/mesh.ts'
import type { PlacementView } from '../hologram/placement/placement-view.ts'
import type { BulkChannel } from './bulk/index.ts'
import type { Host } from './host/host.ts'
import type { PeerTable } from './peers/peer-table.ts'
import type { Outcome } from './peers/reliability.ts'

/** Deadline of a dial; the caller's own deadline may be longer. */
const DIAL_DEADLINE_MS = 8_000
const OUTBOUND_STREAMS_PER_PROTOCOL = 256
const PROVIDE_ATTEMPTS = 3
/** Peers, of the twenty that receive a provider record, that must be seen to have it. */
const PROVIDER_RECORDS = 5

export interface Libp2pMeshInit {
  readonly host: Host
  readonly table: PeerTable
  readonly placement: () => PlacementView
  /** Measured or predicted round-trip time to a peer. */
  readonly rttMicros: (peer: PeerId) => number | undefined
  /** For deadlines. */
  readonly clock: Clock
  readonly privateKey: Ed25519PrivateKey
  readonly networkId: Uint8Array
  /** First part of the network's protocol ids. */
  readonly prefix: string
  /** Carries the protocols of blocks where it can. */
  readonly bulk?: BulkChannel
}

export class Libp2pMesh implements Mesh {
  readonly self: PeerId
  readonly networkId: Uint8Array
  readonly #init: Libp2pMeshInit
  readonly #sign: (bytes: Uint8Array) => Promise<Uint8Array>

  constructor(init: Libp2pMeshInit) {
    this.#init = init
    this.self = init.host.peerId
    this.networkId = init.networkId
    this.#sign = signerOfKey(init.privateKey)
  }

  protocol(name: string): string {
    return `${this.#init.prefix}/${name}`
  }

  peers(): MeshPeer[] {
    return keepingPeers(this.#init.table.live())
  }

  placement(): PlacementView {
    return this.#init.placement()
  }

  /** @throws {NodeError} 'UNREACHABLE' if the peer cannot be dialled; the reason of `signal` when it fires */
  async open(peer: PeerId, protocol: string, options: OpenOptions): Promise<Stream> {
    const { signal } = options
    const connection = await this.#connect(peer, signal)
    const bulk = this.#bulkFor(protocol)
    const stream = await bulk?.open(peer, protocol, options)
    if (stream !== undefined) return stream
    return await connection.newStream(protocol, { signal, maxOutboundStreams: OUTBOUND_STREAMS_PER_PROTOCOL })
  }

  async handle(
    protocol: string,
    handler: (stream: Stream, connection: Remote) => Promise<void>,
    { maxInboundStreams }: { maxInboundStreams: number }
  ): Promise<void> {
    // libp2p takes the limit on outbound streams from here, too, where it falls back to 64.
    const maxOutboundStreams = OUTBOUND_STREAMS_PER_PROTOCOL
    await this.#init.host.handle(protocol, handler, { maxInboundStreams, maxOutboundStreams })
    this.#bulkFor(protocol)?.handle(protocol, handler)
  }

  async unhandle(protocol: string): Promise<void> {
    this.#bulkFor(protocol)?.unhandle(protocol)
    await this.#init.host.unhandle(protocol)
  }

  /**
   * Resolves when several peers have been seen to return the record. kad-dht's ADD_PROVIDER has no reply, and a busy
   * receiver loses it if the stream ends together with the message (js-libp2p issue 2517).
   *
   * @throws {NodeError} 'NOT_PROVIDED' if too few peers return it after several attempts
   */
  async provide(cid: CID, { signal }: { signal: AbortSignal }): Promise<void> {
    for (let attempt = 0; attempt < PROVIDE_ATTEMPTS; attempt++) {
      await drain(this.#init.host.services.dht.provide(cid, { signal }))
      if (await this.#isProvided(cid, signal)) return
    }
    throw new NodeError('NOT_PROVIDED', 'Too few peers took the provider record', { cid: cid.toString() })
  }

  async *findProviders(cid: CID, { signal }: { signal: AbortSignal }): AsyncGenerator<PeerId> {
    const { host } = this.#init
    const seen = new Set<string>()
    for await (const event of host.services.dht.findProviders(cid, { signal })) {
      if (event.name !== 'PROVIDER') continue
      for (const { id, multiaddrs } of event.providers) {
        if (seen.has(id.toString())) continue
        seen.add(id.toString())
        if (multiaddrs.length > 0 && !id.equals(host.peerId)) await host.peerStore.merge(id, { multiaddrs })
        yield id
      }
    }
  }

  async sign(bytes: Uint8Array): Promise<Uint8Array> {
    return await this.#sign(bytes)
  }

  isLocal(peer: PeerId): boolean {
    return this.#init.host
      .getConnections(peer)
      .some(({ remoteAddr, limits }) => limits === undefined && isLocalAddress(remoteAddr.toString()))
  }

  rttMicros(peer: PeerId): number | undefined {
    return this.#init.rttMicros(peer)
  }

  observe(peer: PeerId, outcome: Outcome): void {
    this.#init.table.observe(peer, outcome)
  }

  /** The bulk channel, for the protocols that carry blocks. */
  #bulkFor(protocol: string): BulkChannel | undefined {
    const isOfBlocks = [PUT_PROTOCOL, GET_PROTOCOL].some((name) => protocol === this.protocol(name))
    return isOfBlocks ? this.#init.bulk : undefined
  }

  /** True if enough peers name this node as a provider: in a small network, all that answer. */
  async #isProvided(cid: CID, signal: AbortSignal): Promise<boolean> {
    const { dht } = this.#init.host.services
    let answers = 0
    let records = 0
    for await (const event of dht.findProviders(cid, { signal })) {
      if (event.name !== 'PEER_RESPONSE' || event.from.equals(this.self)) continue
      answers++
      if (event.providers.some(({ id }) => id.equals(this.self))) records++
      if (records === PROVIDER_RECORDS) return true
    }
    return records > 0 && records === answers
  }

  /** A connection that may carry data: a relayed one only serves to arrange a direct one. */
  async #connect(peer: PeerId, signal: AbortSignal): Promise<Connection> {
    const { host, table, clock } = this.#init
    using deadline = deadlineIn(clock, DIAL_DEADLINE_MS, signal)
    try {
      const connection = await dialPeer(host, table, peer, deadline.signal)
      return connection.limits === undefined ? connection : await unlimited(host, peer, deadline.signal)
    } catch (cause) {
      signal.throwIfAborted()
      throw new NodeError(
        'UNREACHABLE',
        `Cannot connect to peer ${peer.toString()}: ${(cause as Error).message}`,
        { peer: peer.toString() },
        { cause }
      )
    }
  }
}

const drain = async (events: AsyncIterable<unknown>): Promise<void> => {
  const iterator = events[Symbol.asyncIterator]()
  while ((await iterator.next()).done !== true);
}

/** Waits until hole punching (DCUtR) makes a direct connection. @throws if `signal` fires first */
const unlimited = async (host: Host, peer: PeerId, signal: AbortSignal): Promise<Connection> => {
  const { promise, resolve, reject } = Promise.withResolvers<Connection>()
  const listening = new AbortController()
  const check = (): void => {
    const direct = host
      .getConnections(peer)
      .find(({ limits, status }) => limits === undefined && status === 'open')
    if (direct !== undefined) resolve(direct)
  }
  host.addEventListener('connection:open', () => check(), { signal: listening.signal })
  signal.addEventListener('abort', () => reject(signal.reason as Error), {
    once: true,
    signal: listening.signal
  })
  check()
  try {
    return await promise
  } finally {
    listening.abort()
  }
}
