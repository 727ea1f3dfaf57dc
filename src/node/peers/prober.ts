import { setMaxListeners } from 'node:events'
import { multiaddr } from '@multiformats/multiaddr'
import { deadlineIn } from '../../clock/index.ts'
import { dialPeer } from './dial.ts'
import { endpointOf } from './failure-domain.ts'
import type { Connection, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Cancel, Clock } from '../../clock/index.ts'
import type { Host } from '../host/host.ts'
import type { Logger } from '../logger.ts'
import type { Membership } from './membership.ts'
import type { PeerTable, Unproven } from './peer-table.ts'

const PROBES_AT_ONCE = 8
const PROBE_DEADLINE_MS = 5_000
const ROUND_MS = 2_000
/** Pause after the first failure; each further one doubles it. */
const FIRST_PAUSE_MS = 5_000
const MAX_PAUSE_MS = 600_000
/** Attempts after which a peer that was never reached is forgotten. */
const ATTEMPTS = 4

export interface ProberInit {
  readonly host: Host
  readonly table: PeerTable
  readonly membership: Membership
  readonly clock: Clock
  readonly logger: Logger
}

/** True if a connection with the peer proves that it is where its report says. */
export const isProof = (
  { direction, remoteAddr }: Pick<Connection, 'direction' | 'remoteAddr'>,
  claims: readonly Multiaddr[]
): boolean => {
  if (direction === 'outbound') return true
  const seen = endpointOf(remoteAddr)
  // A private or loopback address belongs to our own site.
  if (seen === undefined || seen.scope !== 'public') return seen !== undefined
  const claimed = claims.map(endpointOf).filter((one) => one !== undefined)
  // A peer behind a NAT claims relayed addresses only.
  return claimed.length === 0 || claimed.some(({ host }) => host === seen.host)
}

/**
 * Dials each reporting peer once at an address that it claims; the peer counts only after that. Introducers take turns: a
 * peer that introduces many nonexistent peers delays only its own.
 */
export class Prober {
  readonly #init: ProberInit
  readonly #probing = new Map<string, string>()
  readonly #failures = new Map<string, { count: number; againMs: number }>()
  /** Turn at which each introducer was last served. */
  readonly #served = new Map<string, number>()
  #turn = 0
  #stop = new AbortController()
  #cancelRound: Cancel | undefined
  #looking = false

  constructor(init: ProberInit) {
    this.#init = init
    init.membership.onMember((peer) => this.#look(peer))
  }

  start(): void {
    this.#stop = new AbortController()
    const { signal } = this.#stop
    setMaxListeners(0, signal)
    const { host, table, membership } = this.#init
    host.addEventListener(
      'connection:open',
      ({ detail: { remotePeer } }) => {
        if (membership.has(remotePeer)) this.#look(remotePeer)
      },
      { signal }
    )
    signal.addEventListener(
      'abort',
      table.onChange(() => this.#fill()),
      { once: true }
    )
    this.#round()
  }

  stop(): void {
    this.#stop.abort()
    this.#cancelRound?.()
    this.#failures.clear()
    this.#served.clear()
  }

  #round(): void {
    const { table, clock } = this.#init
    table.prune()
    for (const id of this.#failures.keys()) if (!table.knows(id)) this.#failures.delete(id)
    this.#fill()
    this.#cancelRound = clock.after(ROUND_MS, () => this.#round())
  }

  /** Looks for proof among the open connections. @returns whether they prove where the peer is */
  #look(peer: PeerId): boolean {
    const { host, table } = this.#init
    const claims = table.get(peer)?.report.multiaddrs
    if (claims === undefined) return false
    const open = host.getConnections(peer).filter(({ status }) => status === 'open')
    const proof = open.find((one) => one.direct && isProof(one, claims))
    if (proof === undefined && !open.some(({ direct }) => !direct)) return false
    this.#failures.delete(peer.toString())
    table.markReached(peer, proof?.remoteAddr)
    return proof !== undefined
  }

  #fill(): void {
    // Reaching a peer changes the table, which calls this again.
    if (this.#looking || this.#stop.signal.aborted) return
    this.#looking = true
    try {
      const due = this.#due()
      while (this.#probing.size < PROBES_AT_ONCE && due.size > 0) this.#probe(this.#next(due))
    } finally {
      this.#looking = false
    }
  }

  /** Peers to be dialled now, by introducer. */
  #due(): Map<string, Unproven[]> {
    const { table } = this.#init
    const lanes = new Map<string, Unproven[]>()
    for (const one of table.unproven()) {
      if (!this.#isDue(one)) continue
      const lane = lanes.get(one.introducer)
      if (lane === undefined) lanes.set(one.introducer, [one])
      else lane.push(one)
    }
    return lanes
  }

  #isDue({ report: { peer }, lost }: Unproven): boolean {
    const { host, membership, clock } = this.#init
    const id = peer.toString()
    if (this.#probing.has(id)) return false
    const failure = this.#failures.get(id)
    if (failure !== undefined) return failure.againMs <= clock.monotonicMs()
    if (lost) {
      this.#failures.set(id, { count: 0, againMs: clock.monotonicMs() + FIRST_PAUSE_MS })
      return false
    }
    if (membership.has(peer)) return !this.#look(peer)
    // If there is a connection, the peer has not identified itself on it yet: membership decides.
    return host.getConnections(peer).length === 0
  }

  /** The first peer of the introducer with the fewest running probes; of equals, of the one that waited longest. */
  #next(lanes: Map<string, Unproven[]>): Unproven {
    const busy = (introducer: string): number =>
      [...this.#probing.values()].filter((one) => one === introducer).length
    const lastTurn = (introducer: string): number => this.#served.get(introducer) ?? 0
    const [introducer] = [...lanes.keys()].sort((a, b) => busy(a) - busy(b) || lastTurn(a) - lastTurn(b))
    const lane = lanes.get(introducer) as Unproven[]
    const next = lane.shift() as Unproven
    if (lane.length === 0) lanes.delete(introducer)
    this.#served.delete(introducer)
    this.#served.set(introducer, ++this.#turn)
    if (this.#served.size > 4096) this.#served.delete(this.#served.keys().next().value as string)
    return next
  }

  #probe(unproven: Unproven): void {
    const { clock, logger } = this.#init
    const {
      introducer,
      report: { peer }
    } = unproven
    const id = peer.toString()
    this.#probing.set(id, introducer)
    const attempt = async (): Promise<void> => {
      using deadline = deadlineIn(clock, PROBE_DEADLINE_MS, this.#stop.signal)
      try {
        await this.#dial(unproven, deadline.signal)
      } catch (error) {
        if (this.#stop.signal.aborted) return
        logger.debug('could not reach a peer that reports', { peer, introducer, error })
        this.#failed(peer)
      } finally {
        this.#probing.delete(id)
        this.#fill()
      }
    }
    void attempt()
  }

  /** @throws if the peer cannot be reached at an address that it claims */
  async #dial({ report: { peer, multiaddrs }, lost }: Unproven, signal: AbortSignal): Promise<void> {
    const { host, table, membership } = this.#init
    if (host.getConnections(peer).length === 0) {
      await dialPeer(host, table, peer, signal)
      // Until the peer has identified itself it may belong to another network: membership decides.
      if (membership.has(peer)) this.#look(peer)
      return
    }
    if (lost) {
      // The connection may look open although the peer is gone.
      await host.services.ping.ping(peer, { signal })
      this.#failures.delete(peer.toString())
      table.markReached(peer, undefined)
      return
    }
    const claims = multiaddrs.map((address) => multiaddr(`${address.toString()}/p2p/${peer.toString()}`))
    const proof = await host.dial(claims, { signal, force: true })
    await proof.close({ signal })
    if (!proof.direct) throw new Error('reached through a relay only')
    this.#failures.delete(peer.toString())
    table.markReached(peer, proof.remoteAddr)
  }

  #failed(peer: PeerId): void {
    const { table, clock } = this.#init
    const id = peer.toString()
    const count = (this.#failures.get(id)?.count ?? 0) + 1
    const entry = table.get(peer)
    if (count >= ATTEMPTS && entry?.live === false && entry.domain === undefined) {
      this.#failures.delete(id)
      table.forget(peer)
      return
    }
    const pauseMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (count - 1))
    this.#failures.set(id, { count, againMs: clock.monotonicMs() + pauseMs })
  }
}
