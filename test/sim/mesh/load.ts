// How evenly the hosts carry what is read: sampled over the whole history.

import { imbalance, klDivergence, sharesOf } from '../../../src/homeostat/index.ts'
import type { World } from './world.ts'

export interface LoadSample {
  readonly second: number
  /** KL(shares of the bytes sent || shares of the capacity), nats. */
  readonly kl: number
  /** Busiest host over the mean, by bytes sent. */
  readonly maxOverMean: number
}

const SAMPLE_SECONDS = 10
/** Less traffic than this in a sample says nothing. */
const MIN_BYTES = 200_000

export class LoadMeter {
  readonly samples: LoadSample[] = []
  readonly #world: World
  #before: number[] = []
  #isRunning = true

  constructor(world: World) {
    this.#world = world
  }

  async run(): Promise<void> {
    this.#before = this.#sent()
    while (this.#isRunning) {
      await this.#world.sleep(SAMPLE_SECONDS)
      this.#sample()
    }
  }

  stop(): void {
    this.#isRunning = false
  }

  #sample(): void {
    const now = this.#sent()
    const running = this.#world.nodes.filter(({ isRunning }) => isRunning)
    const bytes = running.map(({ host }) => now[host] - (this.#before[host] ?? 0))
    this.#before = now
    if (bytes.reduce((a, b) => a + b, 0) < MIN_BYTES) return
    this.samples.push({
      second: Math.round(this.#world.clock.nowMicros / 1_000_000),
      kl: round(klDivergence(sharesOf(bytes), sharesOf(running.map(({ capacityBytes }) => capacityBytes)))),
      maxOverMean: round(imbalance(bytes))
    })
  }

  #sent(): number[] {
    return this.#world.nodes.map(({ host }) => this.#world.links.sentBytes(host))
  }
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
