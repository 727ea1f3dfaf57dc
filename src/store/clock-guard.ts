import { decodeTime, encodeTime, KIND, kindKey } from './records.ts'
import type { Clock } from '../clock/index.ts'
import type { Database } from './database.ts'

const MINUTE_MS = 60 * 1000
const HOUR_MS = 60 * MINUTE_MS
/** Difference between wall time and monotonic time beyond which it counts as a jump: more than any honest drift. */
export const MAX_JUMP_MS = HOUR_MS
/** After a jump, or after a pause longer than this, a clock that no peer confirms may not end leases for this long. */
export const PROBATION_MS = 24 * HOUR_MS
/** Maximum difference between a caller's time and the clock. */
const MAX_CALLER_MS = 10 * MINUTE_MS

const KEY = kindKey(KIND.clock)

export interface ClockGuardInit {
  readonly clock: Clock
  readonly database: Database
  /** Whether the peers' clocks agree with ours; undefined while too few peers have reported their time. */
  readonly peersAgreeOnTime?: () => boolean | undefined
}

/**
 * Decides whether the wall clock may end leases. A clock that is a month wrong would delete everything, for good. So a
 * clock that may be wrong ends no lease.
 */
export class ClockGuard {
  readonly #init: ClockGuardInit
  #wallMs: number
  #monotonicMs: number
  /** Monotonic time. */
  #probationUntilMs: number

  static async open(init: ClockGuardInit): Promise<ClockGuard> {
    const [entry] = await init.database.getMany([KEY])
    return new ClockGuard(init, entry?.value && decodeTime(entry.value))
  }

  /** @param lastSeenMs - wall time when the store was last known to run; undefined for a new one */
  constructor(init: ClockGuardInit, lastSeenMs: number | undefined) {
    this.#init = init
    this.#wallMs = init.clock.nowMs()
    this.#monotonicMs = init.clock.monotonicMs()
    const isLongAgo = lastSeenMs === undefined || Math.abs(this.#wallMs - lastSeenMs) > PROBATION_MS
    this.#probationUntilMs = this.#monotonicMs + (isLongAgo ? PROBATION_MS : 0)
  }

  /** @param nowMs - the caller's time */
  isTrusted(nowMs: number): boolean {
    this.#noticeJump()
    const { clock, peersAgreeOnTime } = this.#init
    if (Math.abs(nowMs - clock.nowMs()) > MAX_CALLER_MS) return false
    return peersAgreeOnTime?.() ?? clock.monotonicMs() >= this.#probationUntilMs
  }

  /** Notes durably that the store runs at this time. */
  async note(): Promise<void> {
    await this.#init.database.write([{ key: KEY, value: encodeTime(this.#init.clock.nowMs()) }])
  }

  #noticeJump(): void {
    const { clock } = this.#init
    const [wallMs, monotonicMs] = [clock.nowMs(), clock.monotonicMs()]
    const jumpMs = wallMs - this.#wallMs - (monotonicMs - this.#monotonicMs)
    if (Math.abs(jumpMs) <= MAX_JUMP_MS) return
    this.#wallMs = wallMs
    this.#monotonicMs = monotonicMs
    this.#probationUntilMs = monotonicMs + PROBATION_MS
  }
}
