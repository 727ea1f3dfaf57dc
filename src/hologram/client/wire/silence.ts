import type { PeerId } from '@libp2p/interface'
import type { Clock } from '../../../clock/index.ts'

/** How long a silent peer is remembered. */
const REMEMBERED_MS = 5_000
/** What a request to it gets meanwhile. */
export const SHORT_TIMEOUT_MS = 1_000
const MAX_REMEMBERED = 1024

/**
 * Peers that have just let a request go unanswered. Whoever asks about many objects would wait a whole deadline for such a peer each
 * time; so the next requests get a short one, until the peer answers or some time has passed.
 */
export class Silence {
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #untilMs = new Map<string, number>()

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock
  }

  /** The deadline for a request that would usually get `timeoutMs`. */
  timeoutFor(peer: PeerId, timeoutMs: number): number {
    const untilMs = this.#untilMs.get(peer.toString())
    if (untilMs === undefined) return timeoutMs
    return this.#clock.monotonicMs() < untilMs ? Math.min(timeoutMs, SHORT_TIMEOUT_MS) : timeoutMs
  }

  /**
   * A request has had `timeoutMs` of the usual `usualMs`, and no answer. A short deadline proves nothing: a busy peer that needs
   * longer must get its time again soon.
   */
  noteSilent(peer: PeerId, timeoutMs: number, usualMs: number): void {
    if (timeoutMs < usualMs) return
    const id = peer.toString()
    this.#untilMs.delete(id)
    this.#untilMs.set(id, this.#clock.monotonicMs() + REMEMBERED_MS)
    const [oldest] = this.#untilMs.keys()
    if (this.#untilMs.size > MAX_REMEMBERED) this.#untilMs.delete(oldest)
  }

  noteAnswer(peer: PeerId): void {
    this.#untilMs.delete(peer.toString())
  }
}
