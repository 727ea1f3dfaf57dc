// What losses cost: bytes that went with the lost hosts, bytes that repair moved, and how long it took.

import { liveShards } from './objects.ts'
import type { StoredObject } from './objects.ts'
import type { SimNode } from './node.ts'
import type { World } from './world.ts'

const LOOK_SECONDS = 10

export interface RepairCost {
  readonly lostBytes: number
  /** Read and sent for repair, over all hosts. */
  readonly movedBytes: number
  /** Of the host that moved most. */
  readonly busiestBytes: number
  /** From each loss until every object had all of its shards again; absent for a loss after which that was not reached. */
  readonly secondsToFull: readonly number[]
}

export class Redundancy {
  readonly #world: World
  readonly #objects: readonly StoredObject[]
  readonly #secondsToFull: number[] = []
  #lostBytes = 0
  #isRunning = true
  #watching: Promise<void> = Promise.resolve()

  constructor(world: World, objects: readonly StoredObject[]) {
    this.#world = world
    this.#objects = objects
  }

  /** These hosts are about to be lost for good. */
  async noteLoss(nodes: readonly SimNode[]): Promise<void> {
    for (const { store } of nodes) this.#lostBytes += (await store?.usage())?.usedBytes ?? 0
    const sinceMicros = this.#world.clock.nowMicros
    this.#watching = Promise.all([this.#watching, this.#watch(sinceMicros)]).then(() => {})
  }

  /** Ends the watch: what is not whole by now is not counted. */
  async stop(): Promise<void> {
    this.#isRunning = false
    await this.#watching
  }

  cost(): RepairCost {
    const moved = this.#world.nodes.map(({ hologram }) =>
      hologram === undefined ? 0 : hologram.healStats.readBytes + hologram.healStats.sentBytes
    )
    return {
      lostBytes: this.#lostBytes,
      movedBytes: moved.reduce((a, b) => a + b, 0),
      busiestBytes: Math.max(0, ...moved),
      secondsToFull: this.#secondsToFull
    }
  }

  async #watch(sinceMicros: number): Promise<void> {
    await this.#world.sleep(1)
    while (this.#isRunning) {
      if (await this.#isFull()) {
        this.#secondsToFull.push(Math.round((this.#world.clock.nowMicros - sinceMicros) / 1_000_000))
        return
      }
      await this.#world.sleep(LOOK_SECONDS)
    }
  }

  async #isFull(): Promise<boolean> {
    const running = this.#world.nodes.filter(({ isRunning }) => isRunning).length
    for (const object of this.#objects) {
      if (!object.isEntitled) continue
      const wanted = Math.min(object.n, object.k === 1 ? running : object.n)
      if ((await liveShards(this.#world, object)) < wanted) return false
    }
    return true
  }
}
