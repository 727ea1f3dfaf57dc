/** The result of an interaction with a peer. */
export type Outcome = 'served' | 'unreachable' | 'slow' | 'lied'

/** Reliability of a peer that has not failed, parts per million. */
export const FULL_RELIABILITY_PPM = 1_000_000

/** A failure reduces the reliability by 1 / this of itself. A lie weighs more than an outage. */
const LOSS_DIVISOR: Record<Exclude<Outcome, 'served'>, number> = { slow: 16, unreachable: 6, lied: 1.25 }
/** A success restores 1 / this of the missing reliability. */
const GAIN_DIVISOR = 16
const FLOOR_PPM = 1_000

/** The reliability after one more outcome: an exponentially weighted average, in whole parts per million. */
export const nextReliability = (ppm: number, outcome: Outcome): number =>
  outcome === 'served'
    ? Math.min(FULL_RELIABILITY_PPM, ppm + Math.ceil((FULL_RELIABILITY_PPM - ppm) / GAIN_DIVISOR))
    : Math.max(FLOOR_PPM, Math.floor(ppm - ppm / LOSS_DIVISOR[outcome]))

/**
 * The reliability for placement, rounded to halves, quarters and so on: peers whose experience differs a little still
 * compute the same homes.
 */
export const coarseReliability = (ppm: number): number => {
  let coarse = FULL_RELIABILITY_PPM
  while (coarse > FLOOR_PPM && ppm < coarse * 0.7) coarse = Math.floor(coarse / 2)
  return coarse
}
