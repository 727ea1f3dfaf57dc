import { setMaxListeners } from 'node:events'
import { deadlineIn } from '../../clock/index.ts'
import { dialPeer } from './dial.ts'
import type { PeerId } from '@libp2p/interface'
import type { Clock } from '../../clock/index.ts'
import type { Host } from '../host/host.ts'
import type { Logger } from '../logger.ts'
import type { Membership } from './membership.ts'
import type { PeerTable } from './peer-table.ts'

const PROBE_DEADLINE_MS = 4_000
/** A peer that disconnects this soon after answering a probe is short of connections, not dead. */
const PROBE_HOLDS_MS = 60_000

export interface LivenessInit {
  readonly host: Host
  readonly table: PeerTable
  readonly membership: Membership
  readonly maxConnections: number
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * A closed connection is the first sign of a killed peer, but a full connection manager closes connections too. So the
 * peer stops being live at once, is dialled once more, and is live again as soon as it answers.
 */
export class Liveness {
  readonly #init: LivenessInit
  readonly #answeredMs = new Map<string, number>()
  /** Peers that have been logged as lost, and since when. */
  readonly #lostMs = new Map<string, number>()
  #stop = new AbortController()

  constructor(init: LivenessInit) {
    this.#init = init
    init.membership.onMember((peer) => init.table.markUp(peer))
    init.table.onUp((peer) => this.#onUp(peer))
  }

  start(): void {
    this.#stop = new AbortController()
    setMaxListeners(0, this.#stop.signal)
    const onDisconnect = ({ detail }: CustomEvent<PeerId>): void => void this.#onDisconnect(detail)
    this.#init.host.addEventListener('peer:disconnect', onDisconnect, { signal: this.#stop.signal })
  }

  stop(): void {
    this.#stop.abort()
    this.#answeredMs.clear()
    this.#lostMs.clear()
  }

  async #onDisconnect(peer: PeerId): Promise<void> {
    const { host, table, maxConnections, clock, logger } = this.#init
    if (table.get(peer)?.live !== true || host.getConnections().length >= maxConnections * 0.9) return
    const id = peer.toString()
    const answered = this.#answeredMs.get(id)
    this.#answeredMs.delete(id)
    if (answered !== undefined && clock.monotonicMs() - answered < PROBE_HOLDS_MS) return
    table.markDown(peer)
    using deadline = deadlineIn(clock, PROBE_DEADLINE_MS, this.#stop.signal)
    try {
      await dialPeer(host, table, peer, deadline.signal)
      this.#answeredMs.set(id, clock.monotonicMs())
    } catch (error) {
      if (this.#stop.signal.aborted) return
      // The table is bounded: a peer that it has forgotten returns as a new peer.
      for (const known of this.#lostMs.keys()) if (!table.knows(known)) this.#lostMs.delete(known)
      this.#lostMs.set(id, clock.monotonicMs())
      logger.info('peer lost', { peer: id, reason: error })
    }
  }

  #onUp(peer: PeerId): void {
    const { clock, logger } = this.#init
    const id = peer.toString()
    const lostMs = this.#lostMs.get(id)
    if (lostMs === undefined) return
    this.#lostMs.delete(id)
    logger.info('peer back', { peer: id, awayMs: Math.round(clock.monotonicMs() - lostMs) })
  }
}
