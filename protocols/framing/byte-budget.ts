export interface ByteBudgetInit {
  /** All streams together may hold this much. */
  readonly totalBytes: number
  /** Those of one peer may. */
  readonly perPeerBytes: number
  /** Each peer gets this much though others hold all of the rest. */
  readonly minPerPeerBytes: number
}

/** What one stream holds of the budget. */
export interface BudgetShare {
  /** Asks to hold `bytes` in all, more or less than now. @returns false, and nothing changes, when that is too much */
  hold(bytes: number): boolean
  /** Holds `bytes` in all, whether there is room or not: they have arrived. @returns false when it is too much */
  mustHold(bytes: number): boolean
  /** Gives everything back. Idempotent. */
  release(): void
}

/**
 * Memory for messages that have begun to arrive, over all streams of a node. Without it some hundred streams whose
 * messages never end hold a megabyte each.
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
