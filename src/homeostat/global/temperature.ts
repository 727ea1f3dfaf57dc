export const MIN_TEMPERATURE = 0.05
export const MAX_TEMPERATURE = 4
/** Gain of the mean change. */
const GAIN = 0.1
/** Over the heat below which readers overshoot (docs/explain/thesis.md, "Lemma 3.1"). */
const STABILITY_MARGIN = 1.25

/**
 * The temperature of the reads: how much two heats must differ before the difference counts. Two things bound it from below.
 *
 * Noise: a heat is as old as the report that carried it. Differences below what heat usually changes between two reports mean
 * nothing, so T is at least the mean change from one report of a peer to its next.
 *
 * Stability: readers that all act on the same reports overshoot. Sharing a load out by exp(-heat / T) is a contraction only
 * while T is above the heat of those that share it, however old the reports are. So T is at least 1.25 times the mean heat,
 * weighted by heat: the idle peers of a large mesh say nothing of those that carry the load.
 */
export class Temperature {
  #change: number
  #heat = 0

  constructor(initial = 0.2) {
    this.#change = initial
  }

  get value(): number {
    const value = Math.max(this.#change, STABILITY_MARGIN * this.#heat)
    return Math.min(MAX_TEMPERATURE, Math.max(MIN_TEMPERATURE, value))
  }

  /** A peer's heat was `before` and is `now`. */
  sample(before: number, now: number): void {
    const change = Math.abs(now - before)
    if (Number.isFinite(change)) this.#change += GAIN * (change - this.#change)
  }

  /** The heats of all peers, as they are known. */
  observe(heats: readonly number[]): void {
    const sum = heats.reduce((acc, heat) => acc + heat, 0)
    this.#heat = sum > 0 ? heats.reduce((acc, heat) => acc + heat * heat, 0) / sum : 0
  }
}
