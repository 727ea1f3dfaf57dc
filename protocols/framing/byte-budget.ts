export interface ByteBudgetInit {
  /** Limit for all streams together. */
  readonly totalBytes: number
  /** Limit for the streams of one peer. */
  readonly perPeerBytes: number
  /** Guaranteed to each peer, even when others hold all of the rest. */
  readonly minPerPeerBytes: number
}

/** What one stream holds of the budget. */
export interface BudgetShare {
  /** Sets this share to `bytes`, if there is room. @returns false, and changes nothing, if there is not */
  hold(bytes: number): boolean
  /** Sets this share to `bytes` that have already arrived, even beyond the limits. @returns false beyond the limits */
  mustHold(bytes: number): boolean
  /** Gives everything back. Idempotent. */
  release(): void
}

/**
 * Bounds the memory for partly received messages over all streams of a node. Without it, some hundred streams with
 * unfinished messages could hold a megabyte each.
 */
export class ByteBudget {
  readonly #init: ByteBudgetInit
  readonly #byPeer = new Map<string, number>()
  #heldBytes = 0

  constructor(init: ByteBudgetInit) {
    this.#init = init
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** The share of one stream of `peer`. */
  share(peer: string): BudgetShare {
    let held = 0
    const set = (bytes: number): void => {
      this.#add(peer, bytes - held)
      held = bytes
    }
    return {
      hold: (bytes) => {
        if (bytes > held && !this.#hasRoom(peer, bytes - held)) return false
        set(bytes)
        return true
      },
      mustHold: (bytes) => {
        const fits = bytes <= held || this.#hasRoom(peer, bytes - held)
        set(bytes)
        return fits
      },
      release: () => set(0)
    }
  }

  #hasRoom(peer: string, moreBytes: number): boolean {
    const { totalBytes, perPeerBytes, minPerPeerBytes } = this.#init
    const ofPeer = (this.#byPeer.get(peer) ?? 0) + moreBytes
    if (ofPeer <= minPerPeerBytes) return true
    return ofPeer <= perPeerBytes && this.#heldBytes + moreBytes <= totalBytes
  }

  #add(peer: string, bytes: number): void {
    this.#heldBytes += bytes
    const ofPeer = (this.#byPeer.get(peer) ?? 0) + bytes
    if (ofPeer === 0) this.#byPeer.delete(peer)
    else this.#byPeer.set(peer, ofPeer)
  }
}
