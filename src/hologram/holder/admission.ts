import type { PeerId } from '@libp2p/interface'
import type { StreamLimits } from './settings.ts'

export interface AdmissionCounts {
  readonly open: number
  /** Streams in all that may be open now. */
  readonly limit: number
  /** Streams that were turned away since the start. */
  readonly turnedAway: number
}

/**
 * Counts the open streams of one protocol. Turns away streams over the limits, of one peer and of all. A limit that falls
 * closes no stream that is open.
 */
export class Admission {
  readonly #limits: Pick<StreamLimits, 'perPeer' | 'total'>
  readonly #byPeer = new Map<string, number>()
  #open = 0
  #turnedAway = 0

  constructor(limits: Pick<StreamLimits, 'perPeer' | 'total'>) {
    this.#limits = limits
  }

  get counts(): AdmissionCounts {
    return { open: this.#open, limit: this.#limits.total(), turnedAway: this.#turnedAway }
  }

  /** @returns undefined if there is no room; otherwise a function to call, once, when the stream is done */
  enter(peer: PeerId): (() => void) | undefined {
    const key = peer.toString()
    const ofPeer = this.#byPeer.get(key) ?? 0
    if (this.#open >= this.#limits.total() || ofPeer >= this.#limits.perPeer()) {
      this.#turnedAway++
      return undefined
    }
    this.#open++
    this.#byPeer.set(key, ofPeer + 1)
    return () => this.#leave(key)
  }

  #leave(key: string): void {
    this.#open--
    const ofPeer = this.#byPeer.get(key)! - 1
    if (ofPeer === 0) this.#byPeer.delete(key)
    else this.#byPeer.set(key, ofPeer)
  }
}
