// A point in latency space: a Euclidean position and a height, both in milliseconds (Dabek et al., "Vivaldi", 2004). The
// position stands for the network's core, the height for the access link that every path of the node crosses.

import { DIMENSIONS, MAX_ERROR, MAX_POSITION_MS, MAX_RTT_MS, MIN_HEIGHT_MS } from './constants.ts'

export interface Coordinate {
  /** DIMENSIONS numbers, in milliseconds. */
  readonly position: readonly number[]
  readonly heightMs: number
  /** Relative error that the node expects of its predictions, 0 to MAX_ERROR. */
  readonly error: number
}

/** Predicted round-trip time between two nodes, in milliseconds. */
export function predictRttMs(a: Coordinate, b: Coordinate): number {
  return euclideanMs(a.position, b.position) + a.heightMs + b.heightMs
}

export function euclideanMs(a: readonly number[], b: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2
  return Math.sqrt(sum)
}

/** How far a coordinate moved: the way of its position and of its height. */
export function displacementMs(from: Coordinate, to: Coordinate): number {
  return euclideanMs(from.position, to.position) + Math.abs(from.heightMs - to.heightMs)
}

/** |predicted - measured| against the larger of both: 0 to 1, whichever of the two is wrong. */
export function relativeResidual(predictedMs: number, measuredMs: number): number {
  return Math.abs(predictedMs - measuredMs) / Math.max(predictedMs, measuredMs)
}

export type SampleProblem = 'bad-rtt' | 'bad-position' | 'bad-height' | 'bad-error'

/**
 * Why a measured round trip to a peer that claims `remote` may not enter any state, or undefined. One NaN that got in once
 * spread through a whole fleet (hashicorp/consul issue 3023).
 */
export function sampleProblem(rttMs: number, remote: Coordinate): SampleProblem | undefined {
  if (!(rttMs > 0 && rttMs <= MAX_RTT_MS)) return 'bad-rtt'
  return coordinateProblem(remote)
}

/** Why `coordinate`, which came from a peer, is not one. */
export function coordinateProblem(coordinate: Coordinate): SampleProblem | undefined {
  const { position, heightMs, error } = coordinate
  if (!Array.isArray(position) || position.length !== DIMENSIONS || !Array.from(position).every(isPosition)) {
    return 'bad-position'
  }
  if (!(heightMs >= MIN_HEIGHT_MS && heightMs <= MAX_POSITION_MS)) return 'bad-height'
  return error >= 0 && error <= MAX_ERROR ? undefined : 'bad-error'
}

// `every` skips the holes of a sparse array; `Array.from` makes them undefined.
const isPosition = (value: unknown): boolean =>
  typeof value === 'number' && Math.abs(value) <= MAX_POSITION_MS
