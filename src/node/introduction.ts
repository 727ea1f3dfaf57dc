import type { Cancel, Clock } from '../clock/index.ts'
import type { Logger } from './logger.ts'
import type { Module } from './module.ts'

const FIRST_MS = 15_000
const MAX_PAUSE_MS = 600_000

export interface IntroductionInit {
  /** Peers to join by. */
  readonly bootstrap: readonly string[]
  readonly network: string
  /** Other ways to find peers: the local network, a public DHT. */
  readonly otherWays: readonly string[]
  readonly isIntroduced: () => boolean
  readonly clock: Pick<Clock, 'after'>
  readonly logger: Logger
}

/** Logs why a node is alone: it knows no bootstrap peers, or none of them answers. */
export class Introduction implements Module {
  readonly name = 'introduction'
  readonly #init: IntroductionInit
  #cancel: Cancel = () => {}
  #hasWarned = false

  constructor(init: IntroductionInit) {
    this.#init = init
  }

  start(): void {
    const { bootstrap, network, otherWays, logger } = this.#init
    if (bootstrap.length > 0) return this.#lookAgain(FIRST_MS)
    const ways = otherWays.length === 0 ? 'only peers that dial this node' : otherWays.join(' and ')
    logger.warn(
      'no peers to join by are known: name some with --bootstrap, or a network that lists some with --network',
      { network, found: ways }
    )
  }

  stop(): void {
    this.#cancel()
  }

  #lookAgain(pauseMs: number): void {
    const { bootstrap, network, isIntroduced, clock, logger } = this.#init
    this.#cancel = clock.after(pauseMs, () => {
      if (isIntroduced()) {
        if (this.#hasWarned) logger.info('a peer has answered: this node has joined its network', { network })
        return
      }
      this.#hasWarned = true
      logger.warn('no peer to join by has answered yet; the node goes on trying', { network, bootstrap })
      this.#lookAgain(Math.min(2 * pauseMs, MAX_PAUSE_MS))
    })
  }
}
