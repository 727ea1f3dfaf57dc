// Many controllers around one hot object, in a loop: what they do changes the load that they see. Their own forecasts,
// policies and temperature, on a model of load instead of a mesh, so that days cost milliseconds.

import {
  choosePeers,
  DEFAULT_DILATION,
  DilationPolicy,
  ensembleOf,
  Holt,
  Temperature
} from '../../../src/homeostat/index.ts'
import type { Prng } from '../engine/index.ts'

export interface ClosedLoopInit {
  readonly peers: number
  /** Holders of the object at the start; they stay. */
  readonly holders: number
  /** Periods by which what peers know of each other is behind. */
  readonly staleness: number
  readonly seconds: number
}

export interface Period {
  readonly holders: number
  readonly maxHeat: number
  readonly spread: number
  readonly dropped: number
}

const OBJECT = 'hot'
/** What a node serves besides, as a share of what it can. */
const BACKGROUND = 0.05
const HORIZON = 3

class Peer {
  readonly forecast = new Holt()
  readonly policy = new DilationPolicy()
  /** Heat, period by period. */
  readonly heats: number[] = []
  isHolder = false
}

export class ClosedLoop {
  readonly #init: ClosedLoopInit
  readonly #prng: Prng
  readonly #peers: Peer[]
  readonly #temperature = new Temperature()
  #nowMs = 0

  constructor(init: ClosedLoopInit, prng: Prng) {
    this.#init = init
    this.#prng = prng
    this.#peers = Array.from({ length: init.peers }, () => new Peer())
    for (const peer of this.#peers.slice(0, init.holders)) peer.isHolder = true
  }

  /** One control period. @param demand - in units of what one peer can serve */
  step(demand: number): Period {
    this.#nowMs += this.#init.seconds * 1000
    const loads = this.#shareOut(demand)
    let spread = 0
    let dropped = 0
    const fixed = this.#init.holders
    this.#peers.forEach((peer, i) => {
      const heat = Math.min(4, loads[i] + BACKGROUND)
      const before = this.#seen(peer)
      peer.heats.push(heat)
      peer.forecast.sample(heat)
      this.#temperature.sample(before, this.#seen(peer))
      const state = { now: heat, forecast: Math.max(0, peer.forecast.predict(HORIZON)) }
      const hottest = peer.isHolder ? [{ key: OBJECT, bytes: loads[i] }] : []
      for (const { copies } of peer.policy.decide(state, hottest, heat, this.#nowMs)) {
        if (this.#give(copies)) spread++
      }
      if (peer.policy.coolCopies(() => loads[i], this.#nowMs).length > 0 && i >= fixed) {
        dropped++
        peer.isHolder = false
        peer.policy.forgetCopy(OBJECT)
      }
    })
    const holders = this.#peers.filter(({ isHolder }) => isHolder)
    return {
      holders: holders.length,
      maxHeat: Math.max(...this.#peers.map(({ heats }) => heats.at(-1)!)),
      spread,
      dropped
    }
  }

  #seen(peer: Peer): number {
    return peer.heats.at(-1 - this.#init.staleness) ?? 0
  }

  /** Very many readers draw holders by Boltzmann weight, from what they know of their heat. */
  #shareOut(demand: number): number[] {
    const seen = this.#peers.map((peer) => this.#seen(peer))
    this.#temperature.observe(seen)
    const holders = [...this.#peers.keys()].filter((i) => this.#peers[i].isHolder)
    const members = holders.map((i) => ({ heat: seen[i], capacity: 1 }))
    const { weights } = ensembleOf(members, this.#temperature.value)
    const loads = new Array<number>(this.#peers.length).fill(0)
    holders.forEach((i, at) => (loads[i] = demand * weights[at]))
    return loads
  }

  /** @returns whether a cool peer took one */
  #give(copies: number): boolean {
    const free = [...this.#peers.keys()].filter((i) => !this.#peers[i].isHolder)
    const candidates = free.map((i) => ({ id: String(i), heat: this.#seen(this.#peers[i]), distanceMs: 20 }))
    const chosen = choosePeers(candidates, copies, () => this.#prng.unit(), DEFAULT_DILATION)
    for (const { id } of chosen) {
      const peer = this.#peers[Number(id)]
      peer.isHolder = true
      peer.policy.noteCopy(OBJECT, this.#nowMs)
    }
    return chosen.length > 0
  }
}
