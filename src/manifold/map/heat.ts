// How loaded peers are: what a peer feels itself, or what its observers wait for when that is more. A peer can make itself
// hotter, which only costs it reads; it cannot seem cooler than it serves.

import { lowerMedian } from './integers.ts'

const FULL_PPM = 1_000_000
/** A peer counts with at most this multiple of the rate at which others saw it send. */
export const MAX_RATE_MULTIPLE = 4

/**
 * What a service time is usual in this network: the lower median of all peers whose service was observed. @returns 0 when there
 * is none
 */
export function usualServiceMicros(serviceMicros: readonly number[]): number {
  const observed = serviceMicros.filter((micros) => micros > 0)
  return observed.length === 0 ? 0 : lowerMedian(observed)
}

/**
 * Heat in parts per million. A queue with one server takes S = S0 / (1 - load) (M/M/1), so that a service time of S against
 * the usual one, S0, shows a load of 1 - S0 / S.
 */
export function heatPpm(claimedPpm: number, serviceMicros: number, usualMicros: number): number {
  if (usualMicros === 0 || serviceMicros <= usualMicros) return claimedPpm
  return Math.max(claimedPpm, FULL_PPM - Math.floor((usualMicros * FULL_PPM) / serviceMicros))
}

/** The rate at which a peer sends, KiB per second; 0 when nothing is known. A claim of 0 claims nothing. */
export function agreedRate(claimed: number, observed: number): number {
  if (observed === 0) return claimed
  return claimed === 0 ? observed : Math.min(claimed, MAX_RATE_MULTIPLE * observed)
}
