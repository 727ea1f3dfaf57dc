import type { PeerId } from '@libp2p/interface'
import { PeerSlots } from './peer-slots.ts'
import type { SlotUse } from './peer-slots.ts'

/** Puts of shards that this node has under way; the others wait before they send anything. */
const MAX_PUTS = 16
const EVERYBODY = ''

/**
 * The lines in which this node's own puts and gets wait for room at their peers.
 *
 * A put holds streams to many peers until its end. If puts could take streams one by one, two of them might each wait for
 * what the other has. So the number of puts is limited first: each needs one stream to a peer.
 */
export class StreamLines {
  /** Streams of put/1, by peer. */
  readonly put: PeerSlots
  /** Streams of get/1, by peer. */
  readonly get: PeerSlots
  readonly #puts = new PeerSlots(() => MAX_PUTS)

  /** @param maxPerPeer - streams of one protocol that may be open to a peer */
  constructor(maxPerPeer: (peer: string) => number) {
    this.put = new PeerSlots(maxPerPeer)
    this.get = new PeerSlots(maxPerPeer)
  }

  /** Waits until this node may begin one more put. @returns ends its turn; idempotent @throws the signal's reason */
  async beginPut(signal: AbortSignal): Promise<() => void> {
    return await this.#puts.take(EVERYBODY, { signal })
  }

  /** Streams that are open to a peer, and those that wait for room. */
  use(peer: PeerId): SlotUse {
    const [put, get] = [this.put, this.get].map((slots) => slots.use(peer.toString()))
    return { taken: put.taken + get.taken, waiting: put.waiting + get.waiting }
  }
}
