import { ConcurrencyLimit } from '../sense/concurrency-limit.ts'
import { Inflation } from '../sense/inflation.ts'

export interface AdmissionSettings {
  /** Requests served at once before anything is known of this machine. */
  readonly initialLimit: number
  readonly minLimit: number
  readonly maxLimit: number
  /** Share of the limit that background work (repair, audit) may take. */
  readonly backgroundShare: number
  /** Shortest and longest pause that a refused peer is told. */
  readonly minRetryMs: number
  readonly maxRetryMs: number
}

export const DEFAULT_ADMISSION: AdmissionSettings = {
  initialLimit: 64,
  minLimit: 8,
  maxLimit: 1024,
  backgroundShare: 0.5,
  minRetryMs: 50,
  maxRetryMs: 2_000
}

export interface ServedWork {
  /** Units of work in the request, blocks for instance; its time is divided by them. */
  readonly units: number
  readonly tookMs: number
  readonly failed: boolean
}

export interface Refused {
  readonly retryAfterMs: number
  /** A sentence for a person. */
  readonly reason: string
}

/** The limit moves at most this often: far more often than a control period, since queues build up in milliseconds. */
const UPDATE_MS = 100

/** Counts since the start. */
export interface AdmissionTotals {
  readonly admitted: number
  readonly refused: number
  readonly refusedBackground: number
}

export interface AdmissionPeriod {
  /** Highest number in service within the period. */
  readonly peakInFlight: number
  readonly errorRate: number
  readonly served: number
}

/**
 * Takes requests up to an adaptive limit and refuses the rest at once: a refusal costs a round trip, a queue costs everybody
 * behind it. Background work is refused first, so that repair never stands in a user's way.
 */
export class RequestAdmission {
  readonly #settings: AdmissionSettings
  readonly #unit: () => number
  readonly #monotonicMs: () => number
  readonly #isShort: () => boolean
  readonly #limit: ConcurrencyLimit
  readonly #service = new Inflation()
  #inFlight = 0
  #background = 0
  #peak = 0
  #served = 0
  #failed = 0
  #totals = { admitted: 0, refused: 0, refusedBackground: 0 }

  #updatedMs = -Infinity

  /**
   * @param unit - uniform in [0, 1), so that refused peers do not come back together
   * @param isShort - some resource of this machine is nearly used up
   */
  constructor(
    { unit, monotonicMs, isShort }: { unit: () => number; monotonicMs: () => number; isShort: () => boolean },
    settings: AdmissionSettings = DEFAULT_ADMISSION
  ) {
    this.#unit = unit
    this.#monotonicMs = monotonicMs
    this.#isShort = isShort
    this.#settings = settings
    const { initialLimit: initial, minLimit: min, maxLimit: max } = settings
    this.#limit = new ConcurrencyLimit({ initial, min, max })
  }

  get limit(): number {
    return this.#limit.limit
  }

  get inFlight(): number {
    return this.#inFlight
  }

  get totals(): AdmissionTotals {
    return { ...this.#totals }
  }

  /** Smoothed service time of one unit, milliseconds. */
  get serviceMs(): number {
    return this.#service.smoothedMs
  }

  /** @returns what to call, once, when the request is done; or why it is not taken */
  enter(isBackground: boolean): ((work: ServedWork) => void) | Refused {
    const refused = this.#refusal(isBackground)
    if (refused !== undefined) return refused
    this.#totals.admitted++
    this.#inFlight++
    if (isBackground) this.#background++
    this.#peak = Math.max(this.#peak, this.#inFlight)
    const inFlight = this.#inFlight
    let isDone = false
    return ({ units, tookMs, failed }) => {
      if (isDone) return
      isDone = true
      this.#inFlight--
      if (isBackground) this.#background--
      this.#served++
      if (failed) this.#failed++
      if (failed || units < 1) return
      this.#service.sample(tookMs / units)
      this.#limit.sample(tookMs / units, inFlight)
      const nowMs = this.#monotonicMs()
      if (nowMs - this.#updatedMs < UPDATE_MS) return
      this.#updatedMs = nowMs
      this.#limit.update(this.#isShort())
    }
  }

  /** Ends a control period. @returns what it was like */
  endPeriod(): AdmissionPeriod {
    const period = {
      peakInFlight: Math.max(this.#peak, this.#inFlight),
      errorRate: this.#served === 0 ? 0 : this.#failed / this.#served,
      served: this.#served
    }
    if (this.#served === 0) this.#service.idle()
    this.#peak = this.#inFlight
    this.#served = this.#failed = 0
    return period
  }

  /** @param floorMs - differences below this are noise */
  serviceUtilisation(floorMs: number): number {
    return this.#service.utilisation(floorMs)
  }

  #refusal(isBackground: boolean): Refused | undefined {
    const { backgroundShare } = this.#settings
    const { limit } = this
    if (this.#inFlight >= limit) {
      this.#totals.refused++
      if (isBackground) this.#totals.refusedBackground++
      return this.#refused(limit, `${this.#inFlight} requests are in service, and ${limit} are taken at once`)
    }
    const most = Math.max(1, Math.floor(limit * backgroundShare))
    // Background work gives way to all foreground work, not only to what would fill the limit.
    const foreground = this.#inFlight - this.#background
    if (!isBackground || this.#background < Math.max(1, most - foreground)) return undefined
    this.#totals.refused++
    this.#totals.refusedBackground++
    return this.#refused(limit, `${foreground} requests of users go before repair`)
  }

  /** By Little's law the queue moves on by `limit` requests in one service time. */
  #refused(limit: number, reason: string): Refused {
    const { minRetryMs, maxRetryMs } = this.#settings
    const turnMs = this.serviceMs * Math.max(1, this.#inFlight / limit)
    const retryMs = Math.min(maxRetryMs, Math.max(minRetryMs, turnMs))
    return { retryAfterMs: Math.round(retryMs * (0.5 + this.#unit())), reason }
  }
}
