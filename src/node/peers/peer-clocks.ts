import { REPORT_LIMITS } from './report.ts'
import type { PeerId } from '@libp2p/interface'
import type { Clock } from '../../clock/index.ts'
import type { Logger } from '../logger.ts'

/** Peers whose clocks are compared: so many cannot all be wrong by chance. */
const MIN_PEERS = 3
const MAX_PEERS = 256
/** What a peer's report said about the time is believed for so long. */
const WINDOW_MS = 15 * 60_000
/** The log repeats itself this often. */
const TELL_AGAIN_MS = 3_600_000

interface Sample {
  readonly sequence: bigint
  /** The peer's wall clock minus ours. */
  readonly skewMs: number
  /** On the monotonic clock. */
  readonly atMs: number
}

export interface PeerClocksInit {
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>
  readonly logger: Logger
}

/**
 * Whether this machine's clock agrees with those of its peers, by the median of what their reports say. A node whose clock
 * is wrong drops the reports of all others for their time, and they drop its own: it has to be told so itself.
 */
export class PeerClocks {
  readonly #init: PeerClocksInit
  readonly #samples = new Map<string, Sample>()
  #toldMs = -Infinity
  /** Our wall clock minus the monotonic one, to notice when the former is set. */
  #offsetMs: number

  constructor(init: PeerClocksInit) {
    this.#init = init
    this.#offsetMs = this.#offset()
  }

  /**
   * Takes the time out of a report whose signature has been checked.
   *
   * @param peer - its author; one that is connected, since keys are free
   */
  sample(peer: PeerId, sequence: bigint, issuedAtMs: number): void {
    const { clock } = this.#init
    this.#forgetWhenSet()
    const id = peer.toString()
    const known = this.#samples.get(id)
    // A report that is passed on again says nothing about now.
    if (known !== undefined && sequence <= known.sequence) return
    this.#samples.delete(id)
    if (this.#samples.size >= MAX_PEERS) this.#samples.delete(this.#samples.keys().next().value as string)
    this.#samples.set(id, { sequence, skewMs: issuedAtMs - clock.nowMs(), atMs: clock.monotonicMs() })
    this.#tell()
  }

  /** How far peers' clocks are ahead of ours, the median; undefined while fewer than three peers have said. */
  skewMs(): number | undefined {
    this.#forgetWhenSet()
    const sinceMs = this.#init.clock.monotonicMs() - WINDOW_MS
    const skews = [...this.#samples.values()].filter(({ atMs }) => atMs > sinceMs).map(({ skewMs }) => skewMs)
    if (skews.length < MIN_PEERS) return undefined
    skews.sort((a, b) => a - b)
    return skews[Math.floor((skews.length - 1) / 2)]
  }

  /** False when this clock is off by more than reports may be; undefined while too few peers have said. */
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

  /** When our clock is set, older samples compare with a time that is no more. */
  #forgetWhenSet(): void {
    const offsetMs = this.#offset()
    if (Math.abs(offsetMs - this.#offsetMs) > REPORT_LIMITS.clockSkewMs / 2) this.#samples.clear()
    this.#offsetMs = offsetMs
  }

  #offset(): number {
    return this.#init.clock.nowMs() - this.#init.clock.monotonicMs()
  }
}
