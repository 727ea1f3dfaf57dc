import { claimedDomain, observedDomain } from './failure-domain.ts'
import { coarseReliability, FULL_RELIABILITY_PPM, nextReliability } from './reliability.ts'
import { INTERVALS_TO_LIVE, REPORT_LIMITS } from './report.ts'
import { standingPpm } from '../../manifold/map/index.ts'
import { Strangers } from './strangers.ts'
import type { PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../../clock/index.ts'
import type { MapPeer } from '../../manifold/map/index.ts'
import type { Outcome } from './reliability.ts'
import type { PeerReport } from './report.ts'

/** Maximum peers in the table; when all of them are live, new ones are refused. */
const MAX_PEERS = 4096
/** How long the table keeps a silent peer. */
const FORGET_AFTER_MS = 3_600_000

/** What is known of one peer. */
export interface PeerEntry {
  readonly report: PeerReport
  /** Where this node has observed the peer; undefined before a direct connection. */
  readonly domain: string | undefined
  /** Our experience with the peer, parts per million. */
  readonly reliabilityPpm: number
  /** See `standingPpm`. */
  readonly standingPpm: number
  /** It has reported recently, was reached, and has not been lost since. */
  readonly live: boolean
}

/** A peer that must be reached before it counts. */
export interface Unproven {
  readonly report: PeerReport
  /** Id of the peer that passed on its first report. */
  readonly introducer: string
  /** It was reached, but a connection broke or failed since. */
  readonly lost: boolean
}

/** What the agreed map says of a peer. */
export type Vouched = Pick<
  MapPeer,
  'id' | 'sequence' | 'issuedAtMs' | 'capacityBytes' | 'freeBytes' | 'heatPpm' | 'coordinate'
>

/** Why a peer counts as gone: it announced its leave, or a connection broke or failed. */
type Gone = 'left' | 'lost' | undefined

interface Row {
  report: PeerReport
  /** A connection has proven that the peer exists. */
  reached: boolean
  /** Remote address of the last direct connection. */
  observed: Multiaddr | undefined
  domain: string | undefined
  /** The exact value; see `coarseReliability`. */
  reliabilityPpm: number
  provenMs: number
  /** When `provenMs` was last updated, monotonic time. */
  provenAtMs: number
  /** The peer has served us since then. */
  served: boolean
  /** Monotonic time, so that setting the wall clock does not make every peer look gone. */
  freshUntilMs: number
  /** The same by the peer's own report, as long as others may be given it. */
  signedUntilMs: number
  /** Sequence of the newest report that the agreed map had of it. */
  vouchedSequence: bigint
  gone: Gone
}

export interface PeerTableInit {
  readonly self: PeerId
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>
}

/**
 * The newest report of every peer, including this node, and what we have observed of each. A report alone proves nothing,
 * since keys are free: a peer is live only after a connection with it.
 */
export class PeerTable {
  readonly #self: string
  readonly #clock: PeerTableInit['clock']
  readonly #startedMs: number
  readonly #rows = new Map<string, Row>()
  readonly #strangers = new Strangers()
  readonly #listeners = new Set<() => void>()
  readonly #upListeners = new Set<(peer: PeerId) => void>()

  constructor({ self, clock }: PeerTableInit) {
    this.#self = self.toString()
    this.#clock = clock
    this.#startedMs = clock.monotonicMs()
  }

  /**
   * Takes a checked report.
   *
   * @param introducer - the peer that passed it on; it may introduce only a limited number of unreached peers
   */
  accept(report: PeerReport, introducer?: PeerId): 'accepted' | 'table-full' | 'too-many-new' {
    const id = report.peer.toString()
    const known = this.#rows.get(id)
    if (known !== undefined && report.sequence <= known.report.sequence) return 'accepted'
    if (known === undefined && id !== this.#self) {
      if (!this.#strangers.mayCome(introducer?.toString() ?? id)) return 'too-many-new'
      if (!this.#makeRoom()) return 'table-full'
      const crowded = this.#strangers.add(id, introducer?.toString() ?? id)
      if (crowded !== undefined) this.#rows.delete(crowded)
    }
    const row: Row = known ?? newRow(report, this.#clock.monotonicMs())
    if (known !== undefined) this.#prove(row)
    const wasGone = row.gone
    row.report = report
    row.freshUntilMs = this.#freshUntilMs(report)
    row.signedUntilMs = row.freshUntilMs
    // A lost peer must be reached again; a peer that left is back with its next report.
    row.gone = report.intervalMs === 0 ? 'left' : wasGone === 'lost' ? 'lost' : undefined
    row.domain = this.#domainOf(row)
    this.#rows.set(id, row)
    this.#changed()
    if (wasGone === 'left' && row.gone === undefined) this.#tellUp(report.peer)
    return 'accepted'
  }

  /**
   * Takes what the agreed map says of peers that are in the table, where it has newer reports of them. Their addresses stay
   * those of the last report that was here.
   */
  vouch(peers: readonly Vouched[]): void {
    let isNews = false
    for (const peer of peers) {
      const row = this.#rows.get(peer.id)
      const sequence = BigInt(peer.sequence)
      if (row === undefined || peer.id === this.#self) continue
      if (sequence <= row.report.sequence || sequence <= row.vouchedSequence) continue
      // A last report does not say how often the peer will report when it is back: see `lacksReport`.
      if (row.gone === 'left') continue
      this.#prove(row)
      const { issuedAtMs, capacityBytes, freeBytes, heatPpm, coordinate } = peer
      row.vouchedSequence = sequence
      row.report = {
        ...row.report,
        issuedAtMs,
        capacityBytes,
        freeBytes,
        heatPpm,
        coordinate: { at: coordinate }
      }
      row.freshUntilMs = this.#freshUntilMs(row.report)
      isNews = true
    }
    if (isNews) this.#changed()
  }

  /** Whether the agreed map has a peer that the table does not know, or that has reported since it left or was lost. */
  lacksReport(id: string, sequence: bigint): boolean {
    const row = this.#rows.get(id)
    if (row === undefined) return id !== this.#self
    return sequence > row.report.sequence && row.gone !== undefined
  }

  /** Signed reports of live peers, all or those with these ids, that others may be given: those that are not too old. */
  signedReports(of?: ReadonlySet<string>): Uint8Array[] {
    const nowMs = this.#clock.monotonicMs()
    return [...this.#rows]
      .filter(
        ([id, row]) =>
          of?.has(id) !== false && this.#isLive(row) && (id === this.#self || nowMs < row.signedUntilMs)
      )
      .map(([, { report }]) => report.signed)
  }

  lastSequence(peer: PeerId): bigint | undefined {
    return this.#rows.get(peer.toString())?.report.sequence
  }

  /** True if the table has an entry of the peer with this id. */
  knows(id: string): boolean {
    return this.#rows.has(id)
  }

  /** True for a peer with which there has been a connection. */
  isReached(peer: PeerId): boolean {
    return peer.toString() === this.#self || this.#rows.get(peer.toString())?.reached === true
  }

  /** True for a peer that was reached directly and is no longer live. */
  hasLost(id: string): boolean {
    const row = this.#rows.get(id)
    return row !== undefined && row.observed !== undefined && !this.#isLive(row)
  }

  /** Whether the peer is being emptied, by its newest report. */
  isDraining(id: string): boolean {
    return this.#rows.get(id)?.report.draining === true
  }

  get(peer: PeerId): PeerEntry | undefined {
    return this.find(peer.toString())
  }

  /** The entry of the peer with this id as text. */
  find(id: string): PeerEntry | undefined {
    const row = this.#rows.get(id)
    return row === undefined ? undefined : this.#entry(row)
  }

  /** Every peer in the table, in no particular order. */
  entries(): PeerEntry[] {
    return [...this.#rows.values()].map((row) => this.#entry(row))
  }

  live(): PeerEntry[] {
    return this.entries().filter(({ live }) => live)
  }

  /** Reporting peers that must be reached before they count, with the introducer of each. */
  unproven(): Unproven[] {
    const nowMs = this.#clock.monotonicMs()
    return [...this.#rows.entries()]
      .filter(
        ([id, row]) =>
          id !== this.#self &&
          row.gone !== 'left' &&
          nowMs < row.freshUntilMs &&
          (!row.reached || row.observed === undefined || row.gone === 'lost')
      )
      .map(([id, { report, gone }]) => ({
        report,
        introducer: this.#strangers.introducerOf(id) ?? id,
        lost: gone === 'lost'
      }))
  }

  /**
   * Records a connection with the peer.
   *
   * @param address - its remote address; undefined for a relayed one, which proves that the peer exists but not where
   */
  markReached(peer: PeerId, address: Multiaddr | undefined): void {
    const id = peer.toString()
    const row = this.#rows.get(id)
    if (row === undefined || id === this.#self) return
    const isNews =
      !row.reached || row.gone === 'lost' || (row.observed === undefined && address !== undefined)
    this.#strangers.remove(id)
    if (!row.reached) row.provenAtMs = this.#clock.monotonicMs()
    row.reached = true
    row.observed = address ?? row.observed
    row.domain = this.#domainOf(row)
    if (isNews) this.markUp(peer)
    if (isNews) this.#changed()
  }

  /** Removes a peer that could not be reached. */
  forget(peer: PeerId): void {
    const id = peer.toString()
    if (id === this.#self || !this.#rows.delete(id)) return
    this.#strangers.remove(id)
    this.#changed()
  }

  /** Marks a peer that cannot be reached now. It is live again as soon as it is reached. */
  markDown(peer: PeerId): void {
    const row = this.#rows.get(peer.toString())
    if (row === undefined || row.gone !== undefined) return
    this.#prove(row)
    row.gone = 'lost'
    this.#changed()
  }

  markUp(peer: PeerId): void {
    const row = this.#rows.get(peer.toString())
    // A peer that has announced its leave is not back just because a connection is still open.
    if (row === undefined || row.gone !== 'lost') return
    row.gone = undefined
    row.provenAtMs = this.#clock.monotonicMs()
    this.#changed()
    this.#tellUp(peer)
  }

  observe(peer: PeerId, outcome: Outcome): void {
    const row = this.#rows.get(peer.toString())
    if (row === undefined || peer.toString() === this.#self) return
    row.reliabilityPpm = nextReliability(row.reliabilityPpm, outcome)
    if (outcome === 'served') row.served = true
    if (outcome === 'lied') row.provenMs = 0
    if (outcome === 'unreachable') this.markDown(peer)
  }

  /** Removes peers that have been silent for long. Call it periodically. */
  prune(): void {
    const nowMs = this.#clock.monotonicMs()
    for (const [id, row] of this.#rows) {
      if (id === this.#self || row.freshUntilMs + FORGET_AFTER_MS >= nowMs) continue
      this.#rows.delete(id)
      this.#strangers.remove(id)
    }
  }

  /** @returns a function that ends the subscription */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Calls `listener` with each peer that was lost and is reached again. */
  onUp(listener: (peer: PeerId) => void): void {
    this.#upListeners.add(listener)
  }

  #tellUp(peer: PeerId): void {
    for (const listener of this.#upListeners) listener(peer)
  }

  /** Deducts the age of a report, which others may have passed on late; allows for an author's clock that is behind. */
  #freshUntilMs({ issuedAtMs, intervalMs }: PeerReport): number {
    const ageMs = Math.max(0, this.#clock.nowMs() - issuedAtMs - REPORT_LIMITS.clockSkewMs)
    return this.#clock.monotonicMs() - ageMs + INTERVALS_TO_LIVE * intervalMs
  }

  /** Adds the time since the last update in which the peer was present. */
  #prove(row: Row): void {
    const nowMs = this.#clock.monotonicMs()
    const spanMs = Math.max(0, Math.min(nowMs, row.freshUntilMs) - row.provenAtMs)
    row.provenAtMs = nowMs
    if (row.reached && row.gone === undefined) row.provenMs += row.served ? 2 * spanMs : spanMs
    row.served = false
  }

  #entry(row: Row): PeerEntry {
    const { report, domain, reliabilityPpm, provenMs } = row
    const id = report.peer.toString()
    const isSelf = id === this.#self
    return {
      report,
      domain,
      reliabilityPpm: coarseReliability(reliabilityPpm),
      standingPpm: standingPpm(isSelf ? this.#clock.monotonicMs() - this.#startedMs : provenMs),
      live: this.#isLive(row)
    }
  }

  #domainOf({ report: { peer, multiaddrs }, observed }: Row): string | undefined {
    const id = peer.toString()
    if (id === this.#self) return claimedDomain(multiaddrs, id)
    return observed && observedDomain(observed, multiaddrs, id)
  }

  #isLive({ report, reached, gone, freshUntilMs }: Row): boolean {
    if (report.peer.toString() === this.#self) return true
    return reached && gone === undefined && this.#clock.monotonicMs() < freshUntilMs
  }

  #makeRoom(): boolean {
    if (this.#rows.size < MAX_PEERS) return true
    let oldest: { id: string; freshUntilMs: number } | undefined
    for (const [id, row] of this.#rows) {
      if (this.#isLive(row) || (oldest !== undefined && oldest.freshUntilMs <= row.freshUntilMs)) continue
      oldest = { id, freshUntilMs: row.freshUntilMs }
    }
    if (oldest === undefined) return false
    this.#strangers.remove(oldest.id)
    return this.#rows.delete(oldest.id)
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }
}

const newRow = (report: PeerReport, nowMs: number): Row => ({
  report,
  reached: false,
  observed: undefined,
  domain: undefined,
  reliabilityPpm: FULL_RELIABILITY_PPM,
  provenMs: 0,
  provenAtMs: nowMs,
  served: false,
  freshUntilMs: nowMs,
  signedUntilMs: nowMs,
  vouchedSequence: 0n,
  gone: undefined
})
