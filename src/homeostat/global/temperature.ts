export const MIN_TEMPERATURE = 0.05
export const MAX_TEMPERATURE = 1
const GAIN = 0.1

/**
 * The temperature of the reads: how much two heats must differ before the difference counts. A heat is as old as the report
 * that carried it, so differences below what heat usually changes between two reports are noise, and a reader that acts on
 * them stampedes with all others to the peer that was coolest a moment ago. So T follows the mean change of heat from one
 * report of a peer to its next.
 */
export class Temperature {
  #value: number

  constructor(initial = 0.2) {
    this.#value = initial
  }

  get value(): number {
    return this.#value
  }

  /** A peer's heat was `before` and is `now`. */
  sample(before: number, now: number): void {
    const change = Math.abs(now - before)
    if (!Number.isFinite(change)) return
    const next = this.#value + GAIN * (change - this.#value)
    this.#value = Math.min(MAX_TEMPERATURE, Math.max(MIN_TEMPERATURE, next))
  }
}
