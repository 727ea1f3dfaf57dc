import type { Connection, PeerId, PrivateKey, Stream } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import {
  coarseReliability,
  FULL_RELIABILITY_PPM,
  nextReliability
} from '../../../src/node/peers/reliability.ts'
import { choosePlacement } from '../../../src/node/agreement/placement.ts'
import type { Outcome } from '../../../src/node/peers/reliability.ts'
import type { Mesh, MeshPeer } from '../../../src/hologram/mesh.ts'
import type { PlacementView } from '../../../src/hologram/placement/placement-view.ts'
import type { SimNode } from './node.ts'
import type { World } from './world.ts'
import { SimStream } from './stream.ts'

type Handler = (stream: Stream, connection: Connection) => Promise<void>

/** Round trips before the first byte of a stream: TCP and noise for a new connection, none for one that is open. */
const HANDSHAKE_ROUND_TRIPS = 3

/** The network as one simulated process sees it. */
export class SimMesh implements Mesh {
  readonly self: PeerId
  readonly networkId: Uint8Array
  readonly #world: World
  readonly #node: SimNode
  readonly #key: PrivateKey
  readonly #handlers = new Map<string, Handler>()
  readonly #connected = new Set<number>()
  readonly #reliability = new Map<string, number>()
  readonly #streams = new Set<SimStream>()
  #isDead = false

  constructor(world: World, node: SimNode, key: PrivateKey) {
    this.#world = world
    this.#node = node
    this.#key = key
    this.self = node.id
    this.networkId = world.networkId
  }

  protocol(name: string): string {
    return `/thhe/sim/${name}`
  }

  placement(): PlacementView {
    const { agreedMap } = this.#world
    return choosePlacement({
      map: this.#node.followsMap ? agreedMap?.current : undefined,
      nowMs: this.#node.clock.nowMs(),
      live: this.peers().filter(({ isDraining }) => isDraining !== true),
      isGone: (id) => {
        const host = this.#world.hostOf(id)
        if (host === undefined) return false
        return isDraining(this.#world.nodes[host]) || !this.#world.seems(this.#node.host, host)
      }
    })
  }

  peers(): MeshPeer[] {
    return this.#world.nodes
      .filter((peer) => this.#world.seems(this.#node.host, peer.host))
      .map((peer) => ({
        id: peer.id,
        ...(isDraining(peer)
          ? { capacityBytes: 0, freeBytes: 0, isDraining: true }
          : { capacityBytes: peer.capacityBytes, freeBytes: peer.freeBytes }),
        reliabilityPpm: coarseReliability(this.#reliability.get(peer.id.toString()) ?? FULL_RELIABILITY_PPM),
        failureDomain: peer.domain
      }))
  }

  async open(peer: PeerId, protocol: string, { signal }: { signal: AbortSignal }): Promise<Stream> {
    signal.throwIfAborted()
    if (this.#isDead) throw unreachable(peer, 'this process has ended')
    const target = this.#world.find(peer)
    if (target === undefined) throw unreachable(peer, 'nobody has this id')
    const [from, to] = [this.#node.host, target.host]
    const { promise, resolve, reject } = Promise.withResolvers<Stream>()
    const onAbort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
    const trips = this.#connected.has(to) ? 1 : HANDSHAKE_ROUND_TRIPS
    this.#roundTrips(trips, to, () => {
      // The system of a process that has ended meanwhile takes no connection up.
      if (signal.aborted || this.#isDead) return
      const inbound = target.mesh
      if (inbound === undefined) return reject(unreachable(peer, 'connection refused'))
      this.#connected.add(to)
      const id = this.#world.nextStreamId()
      const [outbound, remote] = SimStream.pair(this.#world.links, from, to, id, protocol)
      this.#keep(outbound)
      inbound.#serve(remote, protocol, this.self)
      resolve(outbound)
    })
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  async handle(protocol: string, handler: Handler): Promise<void> {
    this.#handlers.set(protocol, handler)
  }

  async unhandle(protocol: string): Promise<void> {
    this.#handlers.delete(protocol)
  }

  async provide(cid: CID): Promise<void> {
    this.#world.provide(cid, this.#node)
  }

  async *findProviders(cid: CID): AsyncGenerator<PeerId> {
    await this.#node.clock.sleep(200)
    for (const node of this.#world.providers(cid)) yield node.id
  }

  async sign(bytes: Uint8Array): Promise<Uint8Array> {
    return await this.#key.sign(bytes)
  }

  /** Hosts of one failure domain share a local network. */
  isLocal(peer: PeerId): boolean {
    return this.#world.find(peer)?.domain === this.#node.domain
  }

  rttMicros(peer: PeerId): number | undefined {
    const host = this.#world.find(peer)?.host
    if (host === undefined || !this.#connected.has(host)) return undefined
    const { links } = this.#world
    return links.oneWayMicros(this.#node.host, host) + links.oneWayMicros(host, this.#node.host)
  }

  observe(peer: PeerId, outcome: Outcome): void {
    const id = peer.toString()
    this.#world.trace('observe', this.#node.host, this.#world.find(peer)?.host ?? -1, outcome)
    this.#reliability.set(id, nextReliability(this.#reliability.get(id) ?? FULL_RELIABILITY_PPM, outcome))
  }

  /** The process is gone: the system resets its connections, as far as its packets still get out. */
  die(): void {
    this.#isDead = true
    for (const stream of this.#streams) {
      if (stream.status === 'open') stream.sendReset()
      stream.breakOff()
    }
  }

  #serve(stream: SimStream, protocol: string, remotePeer: PeerId): void {
    const handler = this.#handlers.get(protocol)
    if (handler === undefined) return stream.abort(new Error(`no handler for ${protocol}`))
    this.#keep(stream)
    void handler(stream, { remotePeer } as Connection).catch((error: unknown) => {
      this.#world.unexpected(`handler of ${protocol}`, error)
    })
  }

  #keep(stream: SimStream): void {
    this.#streams.add(stream)
    stream.addEventListener('close', () => this.#streams.delete(stream), { once: true })
  }

  /** Lets `trips` round trips pass; nothing happens when one of them is lost, and the caller's deadline decides. */
  #roundTrips(trips: number, to: number, done: () => void): void {
    const { links } = this.#world
    const from = this.#node.host
    if (trips === 0) return done()
    links.send(
      from,
      to,
      0,
      () =>
        links.send(
          to,
          from,
          0,
          () => this.#roundTrips(trips - 1, to, done),
          () => {}
        ),
      () => {}
    )
  }
}

function isDraining({ hologram }: SimNode): boolean {
  return hologram !== undefined && hologram.drainer.status.state !== 'off'
}

function unreachable(peer: PeerId, why: string): Error {
  return Object.assign(new Error(`cannot reach ${peer.toString()}: ${why}`), { code: 'UNREACHABLE' })
}
