import { setMaxListeners } from 'node:events'
import type { Connection, ConnectionGater, IdentifyResult, PeerId } from '@libp2p/interface'
import type { Logger } from '../logger.ts'
import type { Host } from '../host/host.ts'

/** Peers found foreign that are remembered, so that they are not met again and again. */
const MAX_FOREIGN = 4096
/** A connection on which nobody has said who they are is closed. */
const IDENTIFY_DEADLINE_MS = 15_000

/** Refuses connections with peers that are known to be of another network. */
export class ForeignPeers {
  readonly #ids = new Set<string>()

  add(peer: PeerId): void {
    if (this.#ids.size >= MAX_FOREIGN) this.#ids.delete(this.#ids.values().next().value as string)
    this.#ids.add(peer.toString())
  }

  has(peer: PeerId): boolean {
    return this.#ids.has(peer.toString())
  }

  readonly gater: ConnectionGater = {
    denyDialPeer: (peer) => this.has(peer),
    denyInboundEncryptedConnection: (peer) => this.has(peer)
  }
}

export interface MembershipInit {
  readonly host: Host
  readonly foreign: ForeignPeers
  /** The protocol that every peer of the network speaks. */
  readonly protocol: string
  /** Protocols for which a peer of no network of ours is kept, e.g. those of a public DHT. */
  readonly tolerated: readonly string[]
  /** @default 15 seconds */
  readonly identifyDeadlineMs?: number
  readonly logger: Logger
}

/** Tells peers of the network from others by what they say in identify, and parts with the others. */
export class Membership {
  readonly #init: MembershipInit
  readonly #members = new Set<string>()
  readonly #listeners = new Set<(peer: PeerId) => void>()
  #stop = new AbortController()

  constructor(init: MembershipInit) {
    this.#init = init
  }

  start(): void {
    this.#stop = new AbortController()
    setMaxListeners(0, this.#stop.signal)
    const { host } = this.#init
    const { signal } = this.#stop
    host.addEventListener('peer:identify', ({ detail }) => void this.#onIdentify(detail), { signal })
    host.addEventListener('connection:open', ({ detail }) => this.#onConnection(detail), { signal })
    host.addEventListener('peer:disconnect', ({ detail }) => this.#members.delete(detail.toString()), {
      signal
    })
  }

  stop(): void {
    this.#stop.abort()
    this.#members.clear()
  }

  /** True for a peer that is connected and has identified itself as one of this network. */
  has(peer: PeerId): boolean {
    return this.#members.has(peer.toString())
  }

  /** Connected peers of the network. */
  get size(): number {
    return this.#members.size
  }

  /** Called with every peer of the network that connects. */
  onMember(listener: (peer: PeerId) => void): void {
    this.#listeners.add(listener)
  }

  async #onIdentify({ peerId, protocols, connection }: IdentifyResult): Promise<void> {
    const { host, foreign, protocol, tolerated, logger } = this.#init
    if (protocols.includes(protocol)) {
      // It may have left while it was being identified.
      if (this.has(peerId) || connection.status !== 'open') return
      this.#members.add(peerId.toString())
      for (const listener of this.#listeners) listener(peerId)
      return
    }
    if (protocols.some((one) => tolerated.includes(one))) return
    logger.debug('peer of another network', { peer: peerId, address: connection.remoteAddr })
    foreign.add(peerId)
    await host
      .hangUp(peerId, { signal: AbortSignal.timeout(1_000) })
      .catch(() => connection.abort(new Error('foreign')))
    await host.peerStore.delete(peerId).catch(() => {})
  }

  #onConnection(connection: Connection): void {
    const { host, logger, identifyDeadlineMs = IDENTIFY_DEADLINE_MS } = this.#init
    const timer = setTimeout(() => {
      void host.peerStore.get(connection.remotePeer).then(
        ({ protocols }) => {
          if (protocols.length === 0) close()
        },
        () => close()
      )
    }, identifyDeadlineMs)
    const close = (): void => {
      logger.debug('peer did not identify itself', { peer: connection.remotePeer })
      connection.abort(new Error('no identify'))
    }
    timer.unref()
    connection.addEventListener('close', () => clearTimeout(timer), { once: true })
    this.#stop.signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  }
}
