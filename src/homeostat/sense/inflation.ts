/** Share of the gap by which the baseline follows slower service, per sample: about a thousand samples to forget a best. */
const DRIFT = 1 / 1_000
/** Gain of the smoothed service time (RFC 6298 uses the same for round-trip times). */
const GAIN = 1 / 8

/**
 * Utilisation of a resource, inferred from how much longer it takes than when it is idle. In an M/M/1 queue the response
 * time is S / (1 - rho), so rho = 1 - S / R (Kleinrock, "Queueing Systems", volume 1, 1975, section 3.2). S is the
 * resource's own baseline: the lowest time seen, which drifts up slowly so that it follows a machine that has changed.
 */
export class Inflation {
  #baselineMs = Infinity
  #smoothedMs = NaN

  /** @param elapsedMs - service time of one unit of work; ignored when it is negative or not a number */
  sample(elapsedMs: number): void {
    if (!(elapsedMs >= 0) || elapsedMs === Infinity) return
    this.#smoothedMs = Number.isNaN(this.#smoothedMs)
      ? elapsedMs
      : this.#smoothedMs + GAIN * (elapsedMs - this.#smoothedMs)
    this.#baselineMs =
      elapsedMs < this.#baselineMs ? elapsedMs : this.#baselineMs + DRIFT * (elapsedMs - this.#baselineMs)
  }

  /** Milliseconds; 0 before the first sample. */
  get baselineMs(): number {
    return this.#baselineMs === Infinity ? 0 : this.#baselineMs
  }

  /** Milliseconds; 0 before the first sample. */
  get smoothedMs(): number {
    return Number.isNaN(this.#smoothedMs) ? 0 : this.#smoothedMs
  }

  /** Without samples the resource is idle: the smoothed time decays to the baseline. Call it once a period without work. */
  idle(): void {
    if (Number.isNaN(this.#smoothedMs)) return
    this.#smoothedMs += (this.#baselineMs - this.#smoothedMs) / 2
  }

  /**
   * @param floorMs - differences below this are noise, not queueing
   * @returns 0 to 1
   */
  utilisation(floorMs: number): number {
    const [base, now] = [this.baselineMs + floorMs, this.smoothedMs]
    return now <= base ? 0 : 1 - base / now
  }
}
