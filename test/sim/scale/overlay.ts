// The gossip mesh of a large network: who forwards to whom, how long a message takes, and how many copies are made.
import { MinHeap } from '../../../src/manifold/gossip/heap.ts'
import { scatteredLatency } from '../engine/index.ts'
import type { OneWayMicros, Prng } from '../engine/index.ts'

/** Links that a node chooses; as many choose it: gossipsub's D = 8. */
const CHOSEN_LINKS = 4
/** Mean one-way delay of a link, and what a node takes to check a message and pass it on, in microseconds. */
const MEAN_ONE_WAY_MICROS = 60_000
const HOP_MICROS = 1_000

export class Overlay {
  readonly size: number
  readonly oneWayMicros: OneWayMicros
  readonly #links: readonly number[][]

  constructor(size: number, prng: Prng) {
    this.size = size
    this.oneWayMicros = scatteredLatency(prng.fork(), size, MEAN_ONE_WAY_MICROS)
    const links = Array.from({ length: size }, () => new Set<number>())
    for (let node = 0; node < size; node++) {
      for (let chosen = 0; chosen < Math.min(CHOSEN_LINKS, size - 1);) {
        const other = prng.below(size)
        if (other === node) continue
        links[node].add(other)
        links[other].add(node)
        chosen++
      }
    }
    this.#links = links.map((set) => [...set])
  }

  /**
   * Copies of one message that a node receives on average: each node passes its first copy on to all of its links but the
   * one that it came by. What IDONTWANT saves of large messages is not deducted.
   */
  get copies(): number {
    const ends = this.#links.reduce((sum, { length }) => sum + length, 0)
    return (ends - (this.size - 1)) / this.size
  }

  /** When a message from `source` arrives at each node, in microseconds; nothing is lost. Links are symmetric. */
  arrivals(source: number): Float64Array {
    const micros = new Float64Array(this.size).fill(Infinity)
    const queue = new MinHeap<number>()
    micros[source] = 0
    queue.push(0, source)
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const { key, item: node } = next
      if (key > micros[node]) continue
      for (const other of this.#links[node]) {
        const atMicros = key + this.oneWayMicros(node, other) + HOP_MICROS
        if (atMicros >= micros[other]) continue
        micros[other] = atMicros
        queue.push(atMicros, other)
      }
    }
    return micros
  }
}
