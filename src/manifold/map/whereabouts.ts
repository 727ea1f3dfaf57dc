// Where peers are on the map: their claims, bounded against their own past and judged by what others measured.

import {
  DIMENSIONS,
  discreditedPeers,
  MAX_ERROR_PPM,
  MIN_VERIFIERS,
  NEAR_NEIGHBOURS
} from '../coordinate/index.ts'
import type { FixedCoordinate, Opinion } from '../coordinate/index.ts'
import { integerSqrt, lowerMedian } from './integers.ts'
import { MAP_LIMITS } from './types.ts'
import type { MapReport } from './types.ts'

/** Round trips are not told apart below this: queues and processors add as much. */
const JITTER_MICROS = 10_000

/** Predicted round-trip time in microseconds, rounded down. Every sum of squares stays below 2^53. */
export function predictRttMicros(a: FixedCoordinate, b: FixedCoordinate): number {
  return distanceMicros(a.positionMicros, b.positionMicros) + a.heightMicros + b.heightMicros
}

/**
 * A claim, as far as the map follows it in one slot: at most `maxDriftMicros` from where the peer was. Frog-boiling (Chan-Tin
 * et al. 2009) is slowed down, and a jump is a drift in the open.
 */
export function driftTowards(before: FixedCoordinate | undefined, claim: FixedCoordinate): FixedCoordinate {
  if (before === undefined) return claim
  const wayMicros =
    distanceMicros(before.positionMicros, claim.positionMicros) +
    Math.abs(before.heightMicros - claim.heightMicros)
  const most = MAP_LIMITS.maxDriftMicros
  if (wayMicros <= most) return claim
  const step = (from: number, to: number): number => from + Math.trunc(((to - from) * most) / wayMicros)
  return {
    positionMicros: before.positionMicros.map((from, i) => step(from, claim.positionMicros[i])),
    heightMicros: step(before.heightMicros, claim.heightMicros),
    errorPpm: claim.errorPpm
  }
}

/** What the witnesses' measurements say of the coordinates on the map. */
export interface Verdicts {
  /** Peers that most of their verifiers find elsewhere than they claim. */
  readonly doubted: ReadonlySet<string>
  /** Median relative residual of each peer that has enough verifiers, parts per million. */
  readonly residualPpm: ReadonlyMap<string, number>
}

/**
 * @param reports - of this slot, in the order of their peers
 * @param at - where the map has each peer
 */
export function judge(reports: readonly MapReport[], at: ReadonlyMap<string, FixedCoordinate>): Verdicts {
  const opinions: Opinion<string>[] = []
  for (const { peer: witness, sights } of reports) {
    const here = at.get(witness)
    if (here === undefined) continue
    // A peer can make itself a near neighbour of others; by chance it is one of the far ones. A witness of few sees everybody.
    const nearestFirst = [...sights].sort((a, b) => a.rttMicros - b.rttMicros)
    const near = sights.length < MAP_LIMITS.sights ? 0 : NEAR_NEIGHBOURS
    for (const { peer, rttMicros } of nearestFirst.slice(near)) {
      const there = at.get(peer)
      if (there === undefined || peer === witness) continue
      opinions.push({ subject: peer, residualPpm: residual(predictRttMicros(here, there), rttMicros) })
    }
  }
  return { doubted: discreditedPeers(opinions), residualPpm: medians(opinions) }
}

/** The error that the map gives a peer: its claim, or what its verifiers found when that is more. */
export function agreedErrorPpm(claimedPpm: number, foundPpm: number | undefined): number {
  return Math.min(MAX_ERROR_PPM, Math.max(claimedPpm, foundPpm ?? 0))
}

function medians(opinions: readonly Opinion<string>[]): Map<string, number> {
  const bySubject = new Map<string, number[]>()
  for (const { subject, residualPpm } of opinions) {
    const list = bySubject.get(subject)
    if (list === undefined) bySubject.set(subject, [residualPpm])
    else list.push(residualPpm)
  }
  const judged = [...bySubject].filter(([, residuals]) => residuals.length >= MIN_VERIFIERS)
  return new Map(judged.map(([subject, residuals]) => [subject, lowerMedian(residuals)]))
}

/** |predicted - measured| of the larger of both, parts per million. */
function residual(predictedMicros: number, measuredMicros: number): number {
  const larger = Math.max(predictedMicros, measuredMicros, JITTER_MICROS)
  return Math.floor((Math.abs(predictedMicros - measuredMicros) * 1_000_000) / larger)
}

function distanceMicros(a: readonly number[], b: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < DIMENSIONS; i++) sum += (a[i] - b[i]) ** 2
  return integerSqrt(sum)
}
