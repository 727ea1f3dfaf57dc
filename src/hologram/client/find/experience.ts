import type { PeerId } from '@libp2p/interface'

/** What this node has seen of one peer, as running estimates. */
export interface PeerEstimate {
  /** Smoothed time from asking for a block to its arrival when nothing else was asked before it. */
  latencyMs: number
  /** Smoothed mean deviation of that time. */
  deviationMs: number
  /** Smoothed rate while it was sending. */
  bytesPerMs: number
}

/** Gains of the estimators of RFC 6298 (after Jacobson, 1988): 1/8 for the mean, 1/4 for the deviation. */
const MEAN_GAIN = 1 / 8
const DEVIATION_GAIN = 1 / 4
/** RFC 6298, section 2: a timeout of the mean and four deviations. */
const DEVIATIONS = 4
/** Before any sample, a peer is assumed to be far away on a middling line. */
const FIRST_GUESS: PeerEstimate = { latencyMs: 60, deviationMs: 30, bytesPerMs: 1_000 }
/** A first block takes two round trips, one to open the stream and one for the block, and some time at the holder. */
const FIRST_BLOCK_ROUND_TRIPS = 2
const FIRST_BLOCK_SERVICE_MS = 5

export interface PeerExperienceOptions {
  /** Peers remembered; the one unused for longest is forgotten first. @default 1024 */
  maxPeers?: number
  /**
   * Round-trip time to a peer in milliseconds, measured or predicted: what a peer that was never asked is judged by.
   *
   * @default unknown
   */
  rttMs?: (peer: PeerId) => number | undefined
}

/** How fast peers have been to this node: predicts when a block will come and when to stop waiting for it. */
export class PeerExperience {
  readonly #estimates: RecentPeers<PeerEstimate>
  /** Smoothed time of a request of object/1, by peer. */
  readonly #requestMs: RecentPeers<number>
  /** Of all samples: the estimate for a peer that was never asked and whose distance is unknown. */
  readonly #typical: PeerEstimate = { ...FIRST_GUESS }
  readonly #rttMs: (peer: PeerId) => number | undefined

  constructor(options: PeerExperienceOptions = {}) {
    const { maxPeers = 1024, rttMs = () => undefined } = options
    this.#rttMs = rttMs
    this.#estimates = new RecentPeers(maxPeers)
    this.#requestMs = new RecentPeers(maxPeers)
  }

  /** What blocks of this peer have taught; undefined before the first. */
  blocksOf(peer: PeerId): Readonly<PeerEstimate> | undefined {
    return this.#estimates.get(peer)
  }

  /** Smoothed milliseconds that a request of object/1 takes, dialling included; undefined before the first. */
  requestMsOf(peer: PeerId): number | undefined {
    return this.#requestMs.get(peer)
  }

  /** A request of object/1 was answered after `elapsedMs`. */
  sampleRequest(peer: PeerId, elapsedMs: number): void {
    if (!(elapsedMs >= 0)) return
    const known = this.#requestMs.get(peer) ?? elapsedMs
    this.#requestMs.set(peer, known + MEAN_GAIN * (elapsedMs - known))
  }

  /** A block asked for when nothing else was outstanding arrived after `elapsedMs`. */
  sampleLatency(peer: PeerId, elapsedMs: number): void {
    if (!(elapsedMs >= 0)) return
    const known = this.#estimates.get(peer)
    if (known !== undefined) learnLatency(known, elapsedMs)
    this.#estimates.set(peer, known ?? { ...this.#typical, latencyMs: elapsedMs, deviationMs: elapsedMs / 2 })
    learnLatency(this.#typical, elapsedMs)
  }

  /** A busy peer delivered `bytes` in `elapsedMs`. */
  sampleRate(peer: PeerId, bytes: number, elapsedMs: number): void {
    if (!(bytes > 0) || !(elapsedMs > 0)) return
    const estimate = this.#estimates.get(peer) ?? { ...this.#firstGuess(peer) }
    learnRate(estimate, bytes / elapsedMs)
    this.#estimates.set(peer, estimate)
    learnRate(this.#typical, bytes / elapsedMs)
  }

  /** Milliseconds until a further `bytes` will have come when `queuedBytes` are already asked for. */
  predictMs(peer: PeerId, queuedBytes: number, bytes: number): number {
    const { latencyMs, bytesPerMs } = this.#estimate(peer)
    return latencyMs + (queuedBytes + bytes) / bytesPerMs
  }

  /** How long the next `bytes` may take before somebody else is asked: mean and four deviations, at least `minMs`. */
  deadlineMs(peer: PeerId, bytes: number, minMs: number): number {
    const { latencyMs, deviationMs, bytesPerMs } = this.#estimate(peer)
    return Math.max(minMs, latencyMs + DEVIATIONS * deviationMs + bytes / bytesPerMs)
  }

  #estimate(peer: PeerId): PeerEstimate {
    return this.#estimates.get(peer) ?? this.#firstGuess(peer)
  }

  #firstGuess(peer: PeerId): PeerEstimate {
    const rttMs = this.#rttMs(peer)
    if (rttMs === undefined) return this.#typical
    const latencyMs = FIRST_BLOCK_ROUND_TRIPS * rttMs + FIRST_BLOCK_SERVICE_MS
    return { ...this.#typical, latencyMs, deviationMs: latencyMs / 2 }
  }
}

/** A value for each peer; forgets the peer that was set longest ago. */
class RecentPeers<V> {
  readonly #values = new Map<string, V>()
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  get(peer: PeerId): V | undefined {
    return this.#values.get(peer.toString())
  }

  set(peer: PeerId, value: V): void {
    const key = peer.toString()
    this.#values.delete(key)
    this.#values.set(key, value)
    if (this.#values.size <= this.#max) return
    const [oldest] = this.#values.keys()
    this.#values.delete(oldest)
  }
}

function learnLatency(estimate: PeerEstimate, elapsedMs: number): void {
  estimate.deviationMs += DEVIATION_GAIN * (Math.abs(elapsedMs - estimate.latencyMs) - estimate.deviationMs)
  estimate.latencyMs += MEAN_GAIN * (elapsedMs - estimate.latencyMs)
}

function learnRate(estimate: PeerEstimate, bytesPerMs: number): void {
  estimate.bytesPerMs += MEAN_GAIN * (bytesPerMs - estimate.bytesPerMs)
}
