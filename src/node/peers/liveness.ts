import { setMaxListeners } from 'node:events'
import { dialPeer } from './dial.ts'
import type { PeerId } from '@libp2p/interface'
import type { Host } from '../host/host.ts'
import type { Logger } from '../logger.ts'
import type { Membership } from './membership.ts'
import type { PeerTable } from './peer-table.ts'

const PROBE_DEADLINE_MS = 4_000
/** A peer that answered a probe this lately and hung up again is short of connections, not dead. */
const PROBE_HOLDS_MS = 60_000

export interface LivenessInit {
  readonly host: Host
  readonly table: PeerTable
  readonly membership: Membership
  readonly maxConnections: number
  readonly nowMs: () => number
  readonly logger: Logger
}

/**
 * A closed connection is the first sign of a killed peer, but also what a full connection manager does. So the peer
 * is out of the live ones at once, is dialled once more, and is back in as soon as it answers.
 */
export class Liveness {
  readonly #init: LivenessInit
  readonly #answeredMs = new Map<string, number>()
  #stop = new AbortController()

  constructor(init: LivenessInit) {
    this.#init = init
    init.membership.onMember((peer) => init.table.markUp(peer))
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
  }

  async #onDisconnect(peer: PeerId): Promise<void> {
    const { host, table, maxConnections, nowMs, logger } = this.#init
    if (table.get(peer)?.live !== true || host.getConnections().length >= maxConnections * 0.9) return
    const id = peer.toString()
    const answered = this.#answeredMs.get(id)
    this.#answeredMs.delete(id)
    if (answered !== undefined && nowMs() - answered < PROBE_HOLDS_MS) return
    table.markDown(peer)
    try {
      await dialPeer(
        host,
        table,
        peer,
        AbortSignal.any([this.#stop.signal, AbortSignal.timeout(PROBE_DEADLINE_MS)])
      )
      this.#answeredMs.set(id, nowMs())
    } catch (error) {
      if (!this.#stop.signal.aborted) logger.info('peer lost', { peer: id, reason: error })
    }
  }
}
