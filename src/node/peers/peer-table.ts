import { failureDomain } from './failure-domain.ts'
import { coarseReliability, FULL_RELIABILITY_PPM, nextReliability } from './reliability.ts'
import { INTERVALS_TO_LIVE, REPORT_LIMITS } from './report.ts'
import type { PeerId } from '@libp2p/interface'
import type { Clock } from '../../clock/index.ts'
import type { Outcome } from './reliability.ts'
import type { PeerReport } from './report.ts'

/** Peers remembered at most; when all of them are live, further ones are refused. */
const MAX_PEERS = 4096
/** How long a silent peer's reliability is remembered. */
const FORGET_AFTER_MS = 3_600_000

/** What is known of one peer. */
export interface PeerEntry {
  readonly report: PeerReport
  readonly failureDomain: string
  readonly reliabilityPpm: number
  readonly live: boolean
}

interface Row {
  report: PeerReport
  failureDomain: string
  /** The fine value; see `coarseReliability`. */
  reliabilityPpm: number
  /** On the monotonic clock, so that a wall clock that is set does not make every peer look gone. */
  freshUntilMs: number
  /** Disconnected, could not be dialled, or said that it leaves; until it shows itself again. */
  down: boolean
}

export interface PeerTableInit {
  readonly self: PeerId
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>
}

/** The newest report of every peer, this node included, and what we have seen of them ourselves. */
export class PeerTable {
  readonly #self: string
  readonly #clock: PeerTableInit['clock']
  readonly #rows = new Map<string, Row>()
  readonly #listeners = new Set<() => void>()
  readonly #upListeners = new Set<(peer: PeerId) => void>()

  constructor({ self, clock }: PeerTableInit) {
    this.#self = self.toString()
    this.#clock = clock
  }

  /** Takes a checked report. @returns false when there is no room for another peer */
  accept(report: PeerReport): boolean {
    const id = report.peer.toString()
    const known = this.#rows.get(id)
    if (known !== undefined && report.sequence <= known.report.sequence) return true
    if (known === undefined && !this.#makeRoom()) return false
    this.#rows.set(id, {
      report,
      failureDomain: failureDomain(report.domain, report.multiaddrs, id),
      reliabilityPpm: known?.reliabilityPpm ?? FULL_RELIABILITY_PPM,
      freshUntilMs: this.#freshUntilMs(report),
      down: report.intervalMs === 0
    })
    this.#changed()
    if (known?.down === true && report.intervalMs !== 0) this.#tellUp(report.peer)
    return true
  }

  lastSequence(peer: PeerId): bigint | undefined {
    return this.#rows.get(peer.toString())?.report.sequence
  }

  /** True while something is remembered of the peer with this id. */
  knows(id: string): boolean {
    return this.#rows.has(id)
  }

  get(peer: PeerId): PeerEntry | undefined {
    const row = this.#rows.get(peer.toString())
    return row === undefined ? undefined : this.#entry(row)
  }

  /** Every peer that is remembered, in no order. */
  entries(): PeerEntry[] {
    return [...this.#rows.values()].map((row) => this.#entry(row))
  }

  live(): PeerEntry[] {
    return this.entries().filter(({ live }) => live)
  }

  /** The peer cannot be reached just now: it counts as live again with `markUp` or with its next report. */
  markDown(peer: PeerId): void {
    this.#setDown(peer, true)
  }

  markUp(peer: PeerId): void {
    this.#setDown(peer, false)
  }

  observe(peer: PeerId, outcome: Outcome): void {
    const row = this.#rows.get(peer.toString())
    if (row === undefined || peer.toString() === this.#self) return
    row.reliabilityPpm = nextReliability(row.reliabilityPpm, outcome)
    if (outcome === 'unreachable') this.markDown(peer)
  }

  /** Forgets peers that have been silent for long. Call now and then. */
  prune(): void {
    const nowMs = this.#clock.monotonicMs()
    for (const [id, row] of this.#rows) {
      if (id !== this.#self && row.freshUntilMs + FORGET_AFTER_MS < nowMs) this.#rows.delete(id)
    }
  }

  /** @returns a function that ends the subscription */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Called with each peer that was down and has shown itself again. */
  onUp(listener: (peer: PeerId) => void): void {
    this.#upListeners.add(listener)
  }

  #tellUp(peer: PeerId): void {
    for (const listener of this.#upListeners) listener(peer)
  }

  /** A report that others passed on may be old; a sender's clock that is behind must not make it look so. */
  #freshUntilMs({ issuedAtMs, intervalMs }: PeerReport): number {
    const ageMs = Math.max(0, this.#clock.nowMs() - issuedAtMs - REPORT_LIMITS.clockSkewMs)
    return this.#clock.monotonicMs() - ageMs + INTERVALS_TO_LIVE * intervalMs
  }

  #entry(row: Row): PeerEntry {
    return {
      report: row.report,
      failureDomain: row.failureDomain,
      reliabilityPpm: coarseReliability(row.reliabilityPpm),
      live: this.#isLive(row)
    }
  }

  #isLive({ report, down, freshUntilMs }: Row): boolean {
    return report.peer.toString() === this.#self || (!down && this.#clock.monotonicMs() < freshUntilMs)
  }

  #setDown(peer: PeerId, down: boolean): void {
    const row = this.#rows.get(peer.toString())
    // A peer that said that it leaves is not back because a last connection still stands.
    if (row === undefined || row.down === down || row.report.intervalMs === 0) return
    row.down = down
    this.#changed()
    if (!down) this.#tellUp(peer)
  }

  #makeRoom(): boolean {
    if (this.#rows.size < MAX_PEERS) return true
    let oldest: { id: string; freshUntilMs: number } | undefined
    for (const [id, row] of this.#rows) {
      if (this.#isLive(row) || (oldest !== undefined && oldest.freshUntilMs <= row.freshUntilMs)) continue
      oldest = { id, freshUntilMs: row.freshUntilMs }
    }
    return oldest !== undefined && this.#rows.delete(oldest.id)
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }
}
