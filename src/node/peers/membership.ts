import { setMaxListeners } from 'node:events'
import { deadlineIn } from '../../clock/index.ts'
import type { Connection, IdentifyResult, PeerId } from '@libp2p/interface'
import type { Cancel, Clock } from '../../clock/index.ts'
import type { Logger } from '../logger.ts'
import type { Host } from '../host/host.ts'
import type { ForeignPeers } from './foreign.ts'
import type { RememberedPeers } from './remembered.ts'

/** Connections whose peer has not identified itself by then are closed. */
const IDENTIFY_DEADLINE_MS = 15_000
const HANG_UP_DEADLINE_MS = 1_000
const REMEMBER_DEADLINE_MS = 1_000

export interface MembershipInit {
  readonly host: Host
  readonly foreign: ForeignPeers
  readonly remembered: RememberedPeers
  /** The protocol that every peer of the network speaks. */
  readonly protocol: string
  /** Peers of other networks stay connected if they speak one of these, e.g. the protocol of a public DHT. */
  readonly tolerated: readonly string[]
  /** @default 15 seconds */
  readonly identifyDeadlineMs?: number
  readonly clock: Clock
  readonly logger: Logger
}

/** Recognises peers of the network by the protocols in their identify message, and disconnects all others. */
export class Membership {
  readonly #init: MembershipInit
  readonly #members = new Set<string>()
  readonly #listeners = new Set<(peer: PeerId) => void>()
  /** Connections whose peer has identified itself. */
  #identified = new WeakSet<Connection>()
  /** Deadlines of open connections. */
  readonly #deadlines = new Set<Cancel>()
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
    for (const cancel of this.#deadlines) cancel()
    this.#deadlines.clear()
    this.#members.clear()
    this.#identified = new WeakSet()
  }

  /** True for a connected peer that has identified itself as a member of this network. */
  has(peer: PeerId): boolean {
    return this.#members.has(peer.toString())
  }

  /** Connected peers of the network. */
  get size(): number {
    return this.#members.size
  }

  /** Calls `listener` with every peer of the network that connects. */
  onMember(listener: (peer: PeerId) => void): void {
    this.#listeners.add(listener)
  }

  /**
   * Only the first identify of a connection decides. A stopping peer removes its protocols one by one and pushes the
   * shorter list over its open connections, but it still belongs to this network.
   */
  async #onIdentify({ peerId, protocols, connection }: IdentifyResult): Promise<void> {
    const { protocol, tolerated } = this.#init
    const isFirst = !this.#identified.has(connection)
    this.#identified.add(connection)
    if (protocols.includes(protocol)) {
      // The peer may have disconnected during identify.
      if (this.has(peerId) || connection.status !== 'open') return
      await this.#remember(peerId)
      if (this.has(peerId) || this.#stop.signal.aborted || connection.status !== 'open') return
      this.#members.add(peerId.toString())
      for (const listener of this.#listeners) listener(peerId)
      return
    }
    if (!isFirst || this.has(peerId) || protocols.some((one) => tolerated.includes(one))) return
    await this.#part(peerId, connection)
  }

  async #remember(peer: PeerId): Promise<void> {
    const { remembered, clock, logger } = this.#init
    using deadline = deadlineIn(clock, REMEMBER_DEADLINE_MS, this.#stop.signal)
    await remembered.add(peer, deadline.signal).catch((error: unknown) => {
      logger.warn('a peer of the network will not be known after a restart', { peer, error })
    })
  }

  async #part(peer: PeerId, connection: Connection): Promise<void> {
    const { host, foreign, clock, logger } = this.#init
    logger.debug('peer of another network', { peer, address: connection.remoteAddr })
    foreign.add(peer)
    using deadline = deadlineIn(clock, HANG_UP_DEADLINE_MS)
    await host.hangUp(peer, { signal: deadline.signal }).catch((error: unknown) => {
      logger.debug('could not hang up cleanly', { peer, error })
      connection.abort(new Error('foreign'))
    })
    await host.peerStore.delete(peer).catch((error: unknown) => {
      logger.warn('could not forget a peer of another network', { peer, error })
    })
  }

  #onConnection(connection: Connection): void {
    const { clock, logger, identifyDeadlineMs = IDENTIFY_DEADLINE_MS } = this.#init
    const cancel = clock.after(identifyDeadlineMs, () => {
      if (this.#identified.has(connection)) return
      logger.debug('peer did not identify itself', { peer: connection.remotePeer })
      connection.abort(new Error('no identify'))
    })
    this.#deadlines.add(cancel)
    const forget = (): void => {
      cancel()
      this.#deadlines.delete(cancel)
    }
    connection.addEventListener('close', forget, { once: true })
  }
}
