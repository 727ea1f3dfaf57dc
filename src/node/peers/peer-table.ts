import { failureDomain } from './failure-domain.ts'
import { coarseReliability, FULL_RELIABILITY_PPM, nextReliability } from './reliability.ts'
import { INTERVALS_TO_LIVE, REPORT_LIMITS } from './report.ts'
import type { PeerId } from '@libp2p/interface'
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
  freshUntilMs: number
  /** Disconnected, could not be dialled, or said that it leaves; until it shows itself again. */
  down: boolean
}

export interface PeerTableInit {
  readonly self: PeerId
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: () => number
}

/** The newest report of every peer, this node included, and what we have seen of them ourselves. */
export class PeerTable {
  readonly #self: string
  readonly #nowMs: () => number
  readonly #rows = new Map<string, Row>()
  readonly #listeners = new Set<() => void>()

  constructor({ self, nowMs }: PeerTableInit) {
    this.#self = self.toString()
    this.#nowMs = nowMs
  }

  /** Takes a checked report. @returns false when there is no room for another peer */
  accept(report: PeerReport): boolean {
    const id = report.peer.toString()
    const known = this.#rows.get(id)
    if (known !== undefined && report.sequence <= known.report.sequence) return true
    if (known === undefined && !this.#makeRoom()) return false
    const nowMs = this.#nowMs()
    this.#rows.set(id, {
      report,
      failureDomain: failureDomain(report.domain, report.multiaddrs, id),
      reliabilityPpm: known?.reliabilityPpm ?? FULL_RELIABILITY_PPM,
      // A report passed on by others may be old; a clock that is behind must not make it look so.
      freshUntilMs:
        Math.min(nowMs, report.issuedAtMs + REPORT_LIMITS.clockSkewMs) +
        INTERVALS_TO_LIVE * report.intervalMs,
      down: report.intervalMs === 0
    })
    this.#changed()
    return true
  }

  lastSequence(peer: PeerId): bigint | undefined {
    return this.#rows.get(peer.toString())?.report.sequence
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
    const nowMs = this.#nowMs()
    for (const [id, row] of this.#rows) {
      if (id !== this.#self && row.freshUntilMs + FORGET_AFTER_MS < nowMs) this.#rows.delete(id)
    }
  }

  /** @returns a function that ends the subscription */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
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
    return report.peer.toString() === this.#self || (!down && this.#nowMs() < freshUntilMs)
  }

  #setDown(peer: PeerId, down: boolean): void {
    const row = this.#rows.get(peer.toString())
    // Who said that it leaves is not back because a last connection still stands.
    if (row === undefined || row.down === down || row.report.intervalMs === 0) return
    row.down = down
    this.#changed()
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
