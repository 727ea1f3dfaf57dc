// A loopback network on the virtual clock: messages arrive after their link's delay, late, twice or never.

import type { VirtualClock } from './clock.ts'
import type { OneWayMicros } from './latency.ts'
import type { Prng } from './prng.ts'

export interface NetworkOptions {
  readonly latency: OneWayMicros
  /** Share of messages that never arrive. @default 0 */
  readonly loss?: number
  /** Share of messages that arrive twice. @default 0 */
  readonly duplication?: number
  /** Random extra delay, as a share of the link's: more than the gap between two messages reorders them. @default 0 */
  readonly jitter?: number
}

export interface TrafficCounts {
  messages: number
  bytes: number
}

export type MessageHandler<M> = (message: M, from: number) => void

export class LoopbackNetwork<M> {
  readonly #clock: VirtualClock
  readonly #prng: Prng
  readonly #options: NetworkOptions
  readonly #handlers = new Map<number, MessageHandler<M>>()
  /** Side of the partition each node is on; nodes on different sides do not reach each other. */
  #sides: ReadonlyMap<number, number> = new Map()
  readonly sent: TrafficCounts = { messages: 0, bytes: 0 }
  readonly delivered: TrafficCounts = { messages: 0, bytes: 0 }

  constructor(clock: VirtualClock, prng: Prng, options: NetworkOptions) {
    this.#clock = clock
    this.#prng = prng
    this.#options = options
  }

  /** Attaches a node; a handler attached later replaces it, as after a restart. */
  attach(node: number, handler: MessageHandler<M>): void {
    this.#handlers.set(node, handler)
  }

  /** What is under way to a detached node is lost. */
  detach(node: number): void {
    this.#handlers.delete(node)
  }

  /** Splits the network into `groups`; nodes in none form one more group. */
  partition(groups: readonly (readonly number[])[]): void {
    this.#sides = new Map(groups.flatMap((group, side) => group.map((node) => [node, side + 1] as const)))
  }

  heal(): void {
    this.#sides = new Map()
  }

  send(from: number, to: number, message: M, sizeBytes: number): void {
    this.sent.messages++
    this.sent.bytes += sizeBytes
    const { loss = 0, duplication = 0 } = this.#options
    if (this.#isCut(from, to) || this.#prng.chance(loss)) return
    this.#schedule(from, to, message, sizeBytes)
    if (this.#prng.chance(duplication)) this.#schedule(from, to, message, sizeBytes)
  }

  #schedule(from: number, to: number, message: M, sizeBytes: number): void {
    const { latency, jitter = 0 } = this.#options
    const delayMicros = latency(from, to) * (1 + (jitter > 0 ? jitter * this.#prng.unit() : 0))
    this.#clock.after(delayMicros, () => {
      const handler = this.#handlers.get(to)
      if (handler === undefined || this.#isCut(from, to)) return
      this.delivered.messages++
      this.delivered.bytes += sizeBytes
      handler(message, from)
    })
  }

  #isCut(from: number, to: number): boolean {
    return (this.#sides.get(from) ?? 0) !== (this.#sides.get(to) ?? 0)
  }
}
