import { REPORT_LIMITS } from './report.ts'
import type { PeerId } from '@libp2p/interface'
import type { Clock } from '../../clock/index.ts'
import type { Logger } from '../logger.ts'

/** Minimum of peers whose clocks are compared: this many are not all wrong by chance. */
const MIN_PEERS = 3
const MAX_PEERS = 256
/** How long the time in a peer's report counts. */
const WINDOW_MS = 15 * 60_000
/** Pause before the log repeats a warning. */
const TELL_AGAIN_MS = 3_600_000

interface Sample {
  readonly sequence: bigint
  /** The peer's wall clock minus ours. */
  readonly skewMs: number
  /** Monotonic time. */
  readonly atMs: number
}

export interface PeerClocksInit {
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>
  readonly logger: Logger
}

/**
 * Whether this machine's clock agrees with its peers' clocks, by the median of the times in their reports. A node with a
 * wrong clock drops the reports of all others because of their time, and they drop its own: its operator has to know.
 */
export class PeerClocks {
  readonly #init: PeerClocksInit
  readonly #samples = new Map<string, Sample>()
  #toldMs = -Infinity
  /** Our wall clock minus the monotonic clock; it changes when the wall clock is set. */
  #offsetMs: number

  constructor(init: PeerClocksInit) {
    this.#init = init
    this.#offsetMs = this.#offset()
  }

  /**
   * Takes the time of a report with a verified signature.
   *
   * @param peer - its author, which must be connected, since keys are free
   */
  sample(peer: PeerId, sequence: bigint, issuedAtMs: number): void {
    const { clock } = this.#init
    this.#forgetWhenSet()
    const id = peer.toString()
    const known = this.#samples.get(id)
    // A repeated report says nothing about the present time.
    if (known !== undefined && sequence <= known.sequence) return
    this.#samples.delete(id)
    if (this.#samples.size >= MAX_PEERS) this.#samples.delete(this.#samples.keys().next().value as string)
    this.#samples.set(id, { sequence, skewMs: issuedAtMs - clock.nowMs(), atMs: clock.monotonicMs() })
    this.#tell()
  }

  /** Median by which peers' clocks are ahead of ours; undefined while fewer than three peers have reported. */
  skewMs(): number | undefined {
    this.#forgetWhenSet()
    const sinceMs = this.#init.clock.monotonicMs() - WINDOW_MS
    const skews = [...this.#samples.values()].filter(({ atMs }) => atMs > sinceMs).map(({ skewMs }) => skewMs)
    if (skews.length < MIN_PEERS) return undefined
    skews.sort((a, b) => a - b)
    return skews[Math.floor((skews.length - 1) / 2)]
  }

  /** False if this clock is off by more than reports may be; undefined while too few peers have reported. */
  agrees(): boolean | undefined {
    const skewMs = this.skewMs()
    return skewMs === undefined ? undefined : Math.abs(skewMs) <= REPORT_LIMITS.clockSkewMs
  }

  #tell(): void {
    const { clock, logger } = this.#init
    const skewMs = this.skewMs()
    if (skewMs === undefined) return
    const nowMs = clock.monotonicMs()
    const isWrong = this.agrees() === false
    if (isWrong && nowMs - this.#toldMs >= TELL_AGAIN_MS) {
      this.#toldMs = nowMs
      const direction = skewMs > 0 ? 'behind' : 'ahead of'
      logger.error(
        `The clock of this machine is ${direction} that of its peers by more than a minute; set it, by NTP for instance. ` +
          'Until then peers do not take this node for live, and nothing is collected.',
        { skewSeconds: Math.round(skewMs / 1000), peers: this.#samples.size }
      )
    } else if (!isWrong && this.#toldMs !== -Infinity) {
      this.#toldMs = -Infinity
      logger.info('The clock of this machine agrees with those of its peers again.')
    }
  }

  /** Drops all samples after our clock was set: they compare with the old time. */
  #forgetWhenSet(): void {
    const offsetMs = this.#offset()
    if (Math.abs(offsetMs - this.#offsetMs) > REPORT_LIMITS.clockSkewMs / 2) this.#samples.clear()
    this.#offsetMs = offsetMs
  }

  #offset(): number {
    return this.#init.clock.nowMs() - this.#init.clock.monotonicMs()
  }
}
