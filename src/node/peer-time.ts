import type { Clock } from '../clock/index.ts'
import type { DropReason } from './peers/report.ts'

/** Peers whose reports are in time: so many cannot all be wrong by chance. */
const MIN_PEERS = 3
/** How long a report that was dropped for its time is remembered. */
const WINDOW_MS = 15 * 60 * 1000

export interface PeerTimeInit {
  readonly clock: Pick<Clock, 'monotonicMs'>
}

/**
 * Whether the peers' clocks agree with ours. A report says when it was issued, and one that is not of now is dropped; so a
 * node whose clock is wrong has no live peers, and drops the reports of all of them.
 */
export class PeerTime {
  readonly #init: PeerTimeInit
  #livePeers: () => number = () => 0
  /** When reports were dropped for their time, on the monotonic clock. */
  #droppedAtMs: number[] = []

  constructor(init: PeerTimeInit) {
    this.#init = init
  }

  /** @param livePeers - other peers that are live: their newest reports are signed, and within a minute of our clock */
  watch(livePeers: () => number): void {
    this.#livePeers = livePeers
  }

  countReport(outcome: 'accepted' | DropReason): void {
    if (outcome !== 'from-future' && outcome !== 'too-old') return
    const nowMs = this.#init.clock.monotonicMs()
    this.#droppedAtMs = [...this.#recent(nowMs), nowMs].slice(-MIN_PEERS)
  }

  /** Undefined while too few peers have said what time it is. */
  agrees(): boolean | undefined {
    if (this.#livePeers() >= MIN_PEERS) return true
    const dropped = this.#recent(this.#init.clock.monotonicMs()).length
    return dropped > this.#livePeers() ? false : undefined
  }

  #recent(nowMs: number): number[] {
    return this.#droppedAtMs.filter((atMs) => nowMs - atMs < WINDOW_MS)
  }
}
