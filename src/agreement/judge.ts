// Which values may be voted for, what this node proposes, and how candidates are combined. Validity depends on the value,
// the reports that it names and the agreed map before it, never on what this node measured itself.

import { compareBytes, fromHex, toHex } from '../../fba/bytes.ts'
import { isQuorumSlice } from '../../fba/index.ts'
import type { QuorumSet, ValidationLevel } from '../../fba/index.ts'
import { encodeEpochValue, MAX_EPOCH_REPORTS } from './epoch-value.ts'
import type { EpochValue } from './epoch-value.ts'
import type { ReadReport } from './map-rules.ts'
import type { Payloads } from './payloads.ts'
import { VALUE_NAME_BYTES } from './value-pool.ts'
import type { ValuePool } from './value-pool.ts'

/** A report may be this much older than the value that names it: three intervals of a report, and the clocks' slack. */
export const MAX_REPORT_AGE_MS = 75_000
/** How far clocks of peers may be apart (`REPORT_LIMITS.clockSkewMs`). */
export const MAX_CLOCK_SKEW_MS = 60_000

/** The decision before the slot in question, as far as it matters. */
export interface Before {
  readonly closedAtMs: number
  /** SHA-256 of the map. */
  readonly mapHash: Uint8Array
  /** Peers on the map. */
  readonly peers: ReadonlySet<string>
}

export interface JudgeInit {
  /** The network's own quorum set: a value needs reports of one of its slices, which a lone leader cannot leave out. */
  readonly roster: QuorumSet
  readonly payloads: Payloads
  readonly values: ValuePool
  readonly nowMs: () => number
}

export interface Verdict {
  readonly level: ValidationLevel
  /** Reports that the value names and that are not here. */
  readonly missing: readonly Uint8Array[]
}

const INVALID: Verdict = { level: 'invalid', missing: [] }
const UNKNOWN: Verdict = { level: 'maybe-valid', missing: [] }

export class Judge {
  readonly #init: JudgeInit
  /** Of the slot after `before`, by name: nothing changes them once all reports are here. */
  #settled: { readonly before: Before | undefined; readonly levels: Map<string, Verdict> } = {
    ...{ before: undefined, levels: new Map() }
  }

  constructor(init: JudgeInit) {
    this.#init = init
  }

  /**
   * @param name - of the value, as statements carry it
   * @param before - undefined while this node does not know the map of the slot before
   */
  judge(name: Uint8Array, before: Before | undefined, isNominating: boolean): Verdict {
    if (name.byteLength !== VALUE_NAME_BYTES) return INVALID
    const key = toHex(name)
    const known = this.#init.values.known(key)
    if (known === undefined) return UNKNOWN
    const { value } = known
    if (value === undefined) return INVALID
    // The proposer's clock is judged while the value is new; a vote cannot be withdrawn because time goes by.
    if (isNominating && value.closedAtMs > this.#init.nowMs() + MAX_CLOCK_SKEW_MS) return INVALID
    if (before !== this.#settled.before) this.#settled = { before, levels: new Map() }
    const settled = this.#settled.levels.get(key)
    if (settled !== undefined) return settled
    const verdict = this.#judgeValue(value, before)
    if (verdict.level !== 'maybe-valid') this.#settled.levels.set(key, verdict)
    return verdict
  }

  #judgeValue(value: EpochValue, before: Before | undefined): Verdict {
    if (before !== undefined && !follows(value, before)) return INVALID
    const missing = value.reports.filter((hash) => this.#init.payloads.report(hash) === undefined)
    const reports = value.reports.flatMap((hash) => this.#init.payloads.report(hash) ?? [])
    if (!areInTime(reports, value.closedAtMs) || !areOfDifferentPeers(reports)) return INVALID
    if (missing.length > 0 || before === undefined) return { level: 'maybe-valid', missing }
    return this.#hasRoster(reports) ? { level: 'valid', missing } : INVALID
  }

  /** The bytes of a value of the newest reports. Undefined when too few validators have reported to make one that is valid. */
  propose(signed: readonly Uint8Array[], before: Before): Uint8Array | undefined {
    const { payloads, nowMs } = this.#init
    const closedAtMs = Math.max(nowMs(), before.closedAtMs + 1)
    const newest = new Map<string, { hash: string; report: ReadReport }>()
    for (const bytes of signed) {
      const hash = payloads.addReport(bytes)
      const report = hash === undefined ? undefined : payloads.report(hash)
      if (hash === undefined || report === undefined || !areInTime([report], closedAtMs)) continue
      const other = newest.get(report.peer)
      if (other === undefined || other.report.sequence < report.sequence)
        newest.set(report.peer, { hash, report })
    }
    const chosen = this.#choose([...newest.values()], before)
    if (!this.#hasRoster(chosen.map(({ report }) => report))) return undefined
    return encodeEpochValue({
      closedAtMs,
      previousMap: before.mapHash,
      reports: sortedHashes(chosen.map(({ hash }) => hash))
    })
  }

  /**
   * The union of the candidates: of each peer the newest report, closed at the latest time of all. Kept among the values.
   *
   * @param candidates - names; this node has accepted them only with their bytes
   * @param before - undefined while this node does not know the map of the slot before
   * @returns the name
   */
  combine(candidates: readonly Uint8Array[], before: Before | undefined): Uint8Array {
    const { values: pool } = this.#init
    const values = candidates.flatMap((name) => pool.known(name)?.value ?? [])
    if (candidates.length === 1 || values.length < candidates.length) return candidates[candidates.length - 1]
    const newest = new Map<string, { hash: string; report: ReadReport }>()
    for (const hash of values.flatMap(({ reports }) => reports)) {
      const report = this.#init.payloads.report(hash)
      // A candidate has been confirmed, so a quorum has its reports; this node has accepted it only with them.
      if (report === undefined) continue
      const other = newest.get(report.peer)
      if (other === undefined || isBetter(report, hash, other))
        newest.set(report.peer, { hash: toHex(hash), report })
    }
    const closedAtMs = Math.max(...values.map((value) => value.closedAtMs))
    const inTime = [...newest.values()].filter(({ report }) => areInTime([report], closedAtMs))
    const union = pool.add(
      encodeEpochValue({
        closedAtMs,
        previousMap: values[0].previousMap,
        reports: sortedHashes(this.#choose(inTime, before).map(({ hash }) => hash))
      })
    )
    // Reports can have become too old beside a late candidate; each candidate is valid by itself.
    return this.judge(union, undefined, false).level !== 'invalid' &&
      this.#hasRoster(inTime.map((r) => r.report))
      ? union
      : candidates[candidates.length - 1]
  }

  /**
   * The roster's reports, then those of peers on the map before, and then, in the order of their ids, as many others as fit.
   * A full network so keeps the same peers on its maps, and homes stay where they are.
   */
  #choose(
    found: ReadonlyArray<{ hash: string; report: ReadReport }>,
    before: Before | undefined
  ): Array<{ hash: string; report: ReadReport }> {
    if (found.length <= MAX_EPOCH_REPORTS) return [...found]
    const members = rosterOf(this.#init.roster)
    const rank = ({ report }: { report: ReadReport }): number =>
      members.has(report.peer) ? 0 : before?.peers.has(report.peer) ? 1 : 2
    return [...found]
      .sort((a, b) => rank(a) - rank(b) || (a.report.peer < b.report.peer ? -1 : 1))
      .slice(0, MAX_EPOCH_REPORTS)
  }

  #hasRoster(reports: readonly ReadReport[]): boolean {
    return isQuorumSlice(this.#init.roster, new Set(reports.map(({ peer }) => peer)))
  }
}

function follows({ closedAtMs, previousMap }: EpochValue, before: Before): boolean {
  return closedAtMs > before.closedAtMs && compareBytes(previousMap, before.mapHash) === 0
}

function areInTime(reports: readonly ReadReport[], closedAtMs: number): boolean {
  return reports.every(
    ({ issuedAtMs }) =>
      issuedAtMs >= closedAtMs - MAX_REPORT_AGE_MS && issuedAtMs <= closedAtMs + MAX_CLOCK_SKEW_MS
  )
}

function areOfDifferentPeers(reports: readonly ReadReport[]): boolean {
  return new Set(reports.map(({ peer }) => peer)).size === reports.length
}

/** A peer that signs two reports under one sequence number gains nothing: the lower hash counts for everybody. */
function isBetter(
  report: ReadReport,
  hash: Uint8Array,
  other: { hash: string; report: ReadReport }
): boolean {
  if (report.sequence !== other.report.sequence) return report.sequence > other.report.sequence
  return toHex(hash) < other.hash
}

function sortedHashes(hashes: readonly string[]): Uint8Array[] {
  return [...hashes].sort().map(fromHex)
}

function rosterOf(set: QuorumSet, into = new Set<string>()): Set<string> {
  for (const validator of set.validators) into.add(validator)
  for (const inner of set.innerSets) rosterOf(inner, into)
  return into
}
