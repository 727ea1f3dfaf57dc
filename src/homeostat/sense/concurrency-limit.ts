export interface ConcurrencyLimitInit {
  readonly initial: number
  readonly min: number
  readonly max: number
}

/** Service may take this multiple of its baseline before the limit falls. */
const TOLERANCE = 1.5
/** Share of the new limit in each update that raises it, and in each that lowers it. */
const RISE = 0.2
const FALL = 0.5
/** Share by which the baseline follows slower service, per update. */
const DRIFT = 1 / 4096
/** Requests that an update needs: fewer say nothing of the queue. */
const MIN_SAMPLES = 8
/** No update aims at less than this share of the limit. */
const MIN_GRADIENT = 0.5

/**
 * How many requests a node serves at once. The gradient of the service time against its baseline moves it, as in TCP Vegas
 * (Brakmo and Peterson, 1995) and Netflix's concurrency-limits (Gradient2): while service keeps its pace the limit grows by
 * the square root of itself, and it shrinks in proportion when service slows down. The baseline is the fastest mean of any
 * update. It drifts up only while the node is not under pressure, because an overload that lasts must not become normal.
 */
export class ConcurrencyLimit {
  readonly #init: ConcurrencyLimitInit
  #limit: number
  #baselineMs = Infinity
  #sumMs = 0
  #samples = 0
  #peak = 0

  constructor(init: ConcurrencyLimitInit) {
    this.#init = init
    this.#limit = init.initial
  }

  /** Requests that may be in service at once; a whole number. */
  get limit(): number {
    return Math.max(this.#init.min, Math.floor(this.#limit))
  }

  /** A request has been served. @param inFlight - requests in service when it began, itself included */
  sample(serviceMs: number, inFlight: number): void {
    if (!(serviceMs >= 0) || serviceMs === Infinity) return
    this.#sumMs += serviceMs
    this.#samples++
    this.#peak = Math.max(this.#peak, inFlight)
  }

  /**
   * Moves the limit, if there has been enough since the last time.
   *
   * @param mayFall - false when no resource of this machine is short: service is slow because the readers are, and serving
   *   fewer of them would help nobody
   */
  update(mayFall: boolean): void {
    if (this.#samples < MIN_SAMPLES) return
    const meanMs = this.#sumMs / this.#samples
    const isUnderPressure = this.#peak >= this.#limit / 2
    this.#sumMs = this.#samples = this.#peak = 0
    this.#learn(meanMs, isUnderPressure)
    const gradient = meanMs <= 0 ? 1 : Math.max(MIN_GRADIENT, (TOLERANCE * this.#baselineMs) / meanMs)
    if (gradient < 1 && mayFall) this.#move(this.#limit * gradient, FALL)
    // A limit that nothing comes near proves nothing: it does not grow.
    else if (gradient >= 1 && isUnderPressure) this.#move(this.#limit + Math.sqrt(this.#limit), RISE)
  }

  #learn(meanMs: number, isUnderPressure: boolean): void {
    const { min } = this.#init
    if (meanMs < this.#baselineMs) this.#baselineMs = meanMs
    // At its lowest limit a node queues nothing: what is slow then is the machine.
    else if (!isUnderPressure || this.limit === min) this.#baselineMs += DRIFT * (meanMs - this.#baselineMs)
  }

  #move(target: number, share: number): void {
    const { min, max } = this.#init
    this.#limit = Math.min(max, Math.max(min, this.#limit + share * (target - this.#limit)))
  }
}
