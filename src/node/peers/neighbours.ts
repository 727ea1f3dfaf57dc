import { setMaxListeners } from 'node:events'
import { isPrivate } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { deadlineIn } from '../../clock/index.ts'
import { dialPeer } from './dial.ts'
import type { PeerId, PeerInfo } from '@libp2p/interface'
import type { Cancel, Clock, RandomSource } from '../../clock/index.ts'
import type { Host } from '../host/host.ts'
import type { Logger } from '../logger.ts'
import type { Membership } from './membership.ts'
import type { PeerTable } from './peer-table.ts'
import type { RememberedPeers } from './remembered.ts'

/** Connections that a node maintains with peers of the network: with all of a small one, with enough of a large one. */
const TARGET = 32
const DIALS_AT_ONCE = 8
const DIAL_DEADLINE_MS = 5_000
/** How often missing connections are replaced, besides on changes of the table. */
const ROUND_MS = 10_000
/** Interval of the rounds while no peer is connected. */
const LONELY_ROUND_MS = 1_000
/** Peers met before a restart that a lonely node dials in one round. */
const REMEMBERED_AT_ONCE = 4

export interface NeighboursInit {
  readonly host: Host
  readonly table: PeerTable
  readonly membership: Membership
  readonly foreign: { has: (peer: PeerId) => boolean }
  /** Peers to dial while no other is connected. */
  readonly bootstrap: readonly string[]
  /** Members met earlier, also before a restart: dialled while no other is connected. */
  readonly remembered: RememberedPeers
  readonly maxConnections: number
  readonly clock: Clock
  readonly random: RandomSource
  readonly logger: Logger
}

/**
 * Keeps the node connected: first to bootstrap peers and to peers met before a restart, then to peers from the table and
 * the local network.
 */
export class Neighbours {
  readonly #init: NeighboursInit
  readonly #dialling = new Set<string>()
  #stop = new AbortController()
  #cancelRound: Cancel | undefined

  constructor(init: NeighboursInit) {
    this.#init = init
  }

  start(): void {
    this.#stop = new AbortController()
    const { signal } = this.#stop
    setMaxListeners(0, signal)
    const { host, table } = this.#init
    host.addEventListener('peer:discovery', ({ detail }) => this.#onDiscovery(detail), { signal })
    const unsubscribe = table.onChange(() => this.#fill())
    signal.addEventListener('abort', unsubscribe, { once: true })
    this.#round()
  }

  stop(): void {
    this.#stop.abort()
    this.#cancelRound?.()
  }

  #round(): void {
    const { membership, bootstrap, clock } = this.#init
    const lonely = membership.size === 0
    if (lonely) {
      for (const address of bootstrap) this.#dialBootstrap(address)
      void this.#dialRemembered()
    }
    this.#fill()
    this.#cancelRound = clock.after(lonely ? LONELY_ROUND_MS : ROUND_MS, () => this.#round())
  }

  /** Dials live peers of the table until enough are connected or being dialled. */
  #fill(): void {
    const { host, table, membership, maxConnections, random } = this.#init
    const wanted = Math.min(TARGET, Math.floor(maxConnections / 2)) - membership.size
    const room = Math.min(wanted, DIALS_AT_ONCE) - this.#dialling.size
    if (room <= 0) return
    const candidates = table
      .live()
      .map(({ report }) => report.peer)
      .filter(
        (peer) => !peer.equals(host.peerId) && !membership.has(peer) && !this.#dialling.has(peer.toString())
      )
    for (let taken = 0; taken < room && candidates.length > 0; taken++) {
      const [peer] = candidates.splice(Math.floor(random.unit() * candidates.length), 1)
      this.#dial(peer)
    }
  }

  #onDiscovery({ id, multiaddrs }: PeerInfo): void {
    const { host, membership, foreign } = this.#init
    // With rendezvous on, most discovered peers are public peers of other networks.
    if (host.services.amino !== undefined && !multiaddrs.some((address) => isPrivate(address))) return
    if (membership.size < TARGET && !membership.has(id) && !foreign.has(id)) this.#dial(id)
  }

  #dial(peer: PeerId): void {
    const { host, table } = this.#init
    void this.#attempt(peer.toString(), async (signal) => {
      try {
        await dialPeer(host, table, peer, signal)
      } catch (error) {
        if (!this.#stop.signal.aborted) table.markDown(peer)
        throw error
      }
    })
  }

  #dialBootstrap(address: string): void {
    void this.#attempt(address, async (signal) => await this.#init.host.dial(multiaddr(address), { signal }))
  }

  async #dialRemembered(): Promise<void> {
    const { remembered, foreign, logger } = this.#init
    const { signal } = this.#stop
    try {
      for (const peer of await remembered.some(REMEMBERED_AT_ONCE, signal)) {
        if (!foreign.has(peer)) this.#dial(peer)
      }
    } catch (error) {
      if (!signal.aborted) logger.warn('could not read which peers this node has met', { error })
    }
  }

  async #attempt(name: string, dial: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    if (this.#stop.signal.aborted || this.#dialling.has(name)) return
    this.#dialling.add(name)
    using deadline = deadlineIn(this.#init.clock, DIAL_DEADLINE_MS, this.#stop.signal)
    try {
      await dial(deadline.signal)
    } catch (error) {
      this.#init.logger.debug('could not connect', { to: name, error })
    } finally {
      this.#dialling.delete(name)
    }
  }
}
