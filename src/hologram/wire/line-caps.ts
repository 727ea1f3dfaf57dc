import type { PeerId } from '@libp2p/interface'
import type { Clock } from '../../clock/index.ts'
import { UNLIMITED } from './bandwidth.ts'
import type { Bandwidth } from './bandwidth.ts'

/** Caps of both directions, for peers of the Internet and, where they have their own, for those of the local network. */
export interface LineCapsInit {
  readonly up?: Bandwidth
  readonly down?: Bandwidth
  readonly upLocal?: Bandwidth
  readonly downLocal?: Bandwidth
}

/**
 * A block of this node's own put or get waits for at most this long. Holders and readers give a stream up on which nothing moves
 * for 30 seconds, so a lower rate would break what it should only slow down.
 */
const MAX_WAIT_MS = 10_000

/** The caps for what this node sends and reads itself. `Holder` has the same for what others ask of it. */
export class LineCaps {
  readonly #init: LineCapsInit
  readonly #isLocal: (peer: PeerId) => boolean
  readonly #clock: Clock

  /** @param isLocal - whether the connection to a peer stays within the local network */
  constructor(init: LineCapsInit, isLocal: (peer: PeerId) => boolean, clock: Clock) {
    this.#init = init
    this.#isLocal = isLocal
    this.#clock = clock
  }

  /** Resolves when `bytes` more may be sent to the peer. Rejects when `signal` fires first. */
  async sending(peer: PeerId, bytes: number, signal: AbortSignal): Promise<void> {
    const { up = UNLIMITED, upLocal = up } = this.#init
    await this.#wait(this.#isLocal(peer) ? upLocal : up, bytes, signal)
  }

  /** Resolves when more may be read from the peer, after the `bytes` that have come. Rejects when `signal` fires first. */
  async received(peer: PeerId, bytes: number, signal: AbortSignal): Promise<void> {
    const { down = UNLIMITED, downLocal = down } = this.#init
    await this.#wait(this.#isLocal(peer) ? downLocal : down, bytes, signal)
  }

  async #wait(cap: Bandwidth, bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (cap === UNLIMITED) return
    const enough = new AbortController()
    const cancel = this.#clock.after(MAX_WAIT_MS, () => enough.abort(new Error('waited long enough')))
    try {
      await cap.take(bytes, AbortSignal.any([signal, enough.signal]))
    } catch (error) {
      signal.throwIfAborted()
      if (!enough.signal.aborted) throw error
    } finally {
      cancel()
    }
  }
}
