/** All of a peer's capacity, parts per million. */
const FULL_PPM = 1_000_000
const HOUR_MS = 3_600_000
/** A newcomer counts with a quarter of its capacity, after some hours with half, after a day with all of it. */
const STEPS: ReadonlyArray<readonly [afterMs: number, ppm: number]> = [
  [24 * HOUR_MS, FULL_PPM],
  [3 * HOUR_MS, FULL_PPM / 2]
]
export const NEWCOMER_PPM = FULL_PPM / 4

/**
 * The part of a peer's capacity that placement counts, by the time for which the peer has proven to be present. In a
 * cluster that starts together this changes nothing, since only the ratio of weights matters.
 *
 * @param provenMs - time for which the peer was reachable and reported
 */
export function standingPpm(provenMs: number): number {
  return STEPS.find(([afterMs]) => provenMs >= afterMs)?.[1] ?? NEWCOMER_PPM
}
