// Routes over a matrix: what nodes would choose from the edges that reports carry, against the shortest path over any hops.

import { chooseRoute, RELAY_COST_MS, shortlistRelays } from '../route/index.ts'
import type { RttMatrix } from './matrix.ts'
import { seededDice } from './random.ts'
import { quantileOf } from './score.ts'
import { shortestPaths } from './shortest-paths.ts'

export interface RouteRunInit {
  /** Without gaps. */
  readonly matrix: RttMatrix
  readonly predictedMs: (from: number, to: number) => number
  /** What the map's reports carry: each node's measured neighbours. */
  readonly measuredMs: (from: number, to: number) => number | undefined
  readonly seed: number
}

export interface StretchFigures {
  readonly median: number
  readonly p90: number
}

export interface RouteReport {
  /** Direct path against the shortest over any hops, each relay at 1 ms. */
  readonly direct: StretchFigures
  /** Relays are shortlisted from the map, their edges measured, and the best is taken where it gains enough. */
  readonly chosen: StretchFigures
  /** Relays of which the map itself has both edges, and nothing is measured anew. */
  readonly fromMapOnly: StretchFigures
  /** Share of the pairs that take a detour. */
  readonly detours: number
  /** Largest ratio of a chosen route to the direct path. */
  readonly worstAgainstDirect: number
  readonly pairs: number
}

/** Pairs that are looked at. */
const PAIRS = 5000

/** The direct path is always measured: it is the connection that exists. */
export function runRoutes({ matrix, predictedMs, measuredMs, seed }: RouteRunInit): RouteReport {
  const dice = seededDice(seed)
  const { size } = matrix
  const shortest = shortestPaths(matrix, RELAY_COST_MS)
  const relays = Array.from({ length: size }, (_, i) => i)
  const heat = (): number => 0
  const stretches = { direct: [] as number[], chosen: [] as number[], fromMapOnly: [] as number[] }
  let [detours, worstAgainstDirect] = [0, 0]
  for (let i = 0; i < PAIRS; i++) {
    const from = dice.below(size)
    const to = (from + 1 + dice.below(size - 1)) % size
    const directMs = matrix.rttMs(from, to)
    const isDirect = (a: number, b: number): boolean => a === from && b === to
    const known = {
      from,
      to,
      relays,
      predictedMs,
      heat,
      measuredMs: (a: number, b: number) => (isDirect(a, b) ? directMs : measuredMs(a, b))
    }
    const shortlist = shortlistRelays(known)
    const probed = chooseRoute({ ...known, relays: shortlist, measuredMs: matrix.rttMs })
    const bestMs = shortest[from * size + to]
    const trueMs = (relay: number | undefined): number =>
      relay === undefined ? directMs : matrix.rttMs(from, relay) + RELAY_COST_MS + matrix.rttMs(relay, to)
    stretches.direct.push(directMs / bestMs)
    stretches.chosen.push(trueMs(probed.relay) / bestMs)
    stretches.fromMapOnly.push(trueMs(chooseRoute(known).relay) / bestMs)
    if (probed.relay !== undefined) detours++
    worstAgainstDirect = Math.max(worstAgainstDirect, trueMs(probed.relay) / directMs)
  }
  const figuresOf = (values: number[]): StretchFigures => {
    values.sort((a, b) => a - b)
    return { median: quantileOf(values, 0.5), p90: quantileOf(values, 0.9) }
  }
  return {
    direct: figuresOf(stretches.direct),
    chosen: figuresOf(stretches.chosen),
    fromMapOnly: figuresOf(stretches.fromMapOnly),
    detours: detours / PAIRS,
    worstAgainstDirect,
    pairs: PAIRS
  }
}
