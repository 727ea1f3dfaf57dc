import { FULL_RELIABILITY_PPM } from './reliability.ts'

const HOUR_MS = 3_600_000
/** A newcomer takes a quarter of what its capacity would give it, after some hours half, after a day all. */
const STEPS: ReadonlyArray<readonly [afterMs: number, ppm: number]> = [
  [24 * HOUR_MS, FULL_RELIABILITY_PPM],
  [3 * HOUR_MS, FULL_RELIABILITY_PPM / 2]
]
export const NEWCOMER_PPM = FULL_RELIABILITY_PPM / 4

/**
 * The part of its capacity that placement grants a peer, by the time for which it has proven to be there. A cluster that
 * starts together is weighed as ever, since only the ratio of weights counts.
 *
 * @param provenMs - time for which the peer was reachable and reported; time in which it also served counts double
 */
export const standingPpm = (provenMs: number): number =>
  STEPS.find(([afterMs]) => provenMs >= afterMs)?.[1] ?? NEWCOMER_PPM
