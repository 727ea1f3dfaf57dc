import type { Clock } from '../../clock/index.ts'
import type { ConnectionGater, PeerId } from '@libp2p/interface'

/** Marks that are kept, so that the node does not connect to the same foreign peers again and again. */
const MAX_FOREIGN = 4096
/** Marks expire: an operator may move a peer to this network, or a mark may be wrong. */
export const FOREIGN_MS = 600_000

/** Refuses connections with peers that were recently found to belong to another network. */
export class ForeignPeers {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  /** When the mark of each peer expires, in the order of marking, which is the order of expiry. */
  readonly #untilMs = new Map<string, number>()

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  add(peer: PeerId): void {
    const id = peer.toString()
    this.#untilMs.delete(id)
    if (this.#untilMs.size >= MAX_FOREIGN) this.#untilMs.delete(this.#untilMs.keys().next().value as string)
    this.#untilMs.set(id, this.#clock.monotonicMs() + FOREIGN_MS)
  }

  has(peer: PeerId): boolean {
    const id = peer.toString()
    const untilMs = this.#untilMs.get(id)
    if (untilMs === undefined) return false
    if (this.#clock.monotonicMs() < untilMs) return true
    this.#untilMs.delete(id)
    return false
  }

  readonly gater: ConnectionGater = {
    denyDialPeer: (peer) => this.has(peer),
    denyInboundEncryptedConnection: (peer) => this.has(peer)
  }
}
