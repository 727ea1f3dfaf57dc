import type { Clock } from '../../clock/index.ts'
import type { Bandwidth } from '../wire/bandwidth.ts'

/** One look at whether the user is still waiting for something. */
const LOOK_MS = 50
/** A piece of repair waits this long for the user's puts and gets, and then goes on: repair must not starve. */
const MAX_WAIT_MS = 1_000

/** A cap on repair that lets what the node's user does go first. */
export class YieldingPace implements Bandwidth {
  readonly #cap: Bandwidth
  readonly #clock: Clock
  readonly #isBusy: () => boolean

  constructor({ cap, clock, isBusy }: { cap: Bandwidth; clock: Clock; isBusy: () => boolean }) {
    this.#cap = cap
    this.#clock = clock
    this.#isBusy = isBusy
  }

  async take(bytes: number, signal: AbortSignal): Promise<void> {
    await this.#cap.take(bytes, signal)
    for (let waitedMs = 0; this.#isBusy() && waitedMs < MAX_WAIT_MS; waitedMs += LOOK_MS) {
      await this.#clock.sleep(LOOK_MS, signal)
    }
  }
}
