// The links that a node has measured: a filtered round-trip time each, and where the peer said that it was.

import { LINK_WINDOW, MAX_LINKS } from './constants.ts'
import type { Coordinate } from './coordinate.ts'

export interface Link<Id> {
  readonly peer: Id
  /** Least of the last LINK_WINDOW measurements, in milliseconds. */
  readonly rttMs: number
  /** As the peer gave it with the last measurement. */
  readonly remote: Coordinate
}

interface StoredLink<Id> extends Link<Id> {
  rttMs: number
  remote: Coordinate
  readonly window: number[]
  next: number
}

export class LinkMemory<Id> {
  /** In the order in which they were last heard of, so that the first is the one to drop. */
  readonly #links = new Map<Id, StoredLink<Id>>()
  #list: StoredLink<Id>[] | undefined
  #medianRttMs: number | undefined

  get size(): number {
    return this.#links.size
  }

  get(peer: Id): Link<Id> | undefined {
    return this.#links.get(peer)
  }

  all(): readonly Link<Id>[] {
    return (this.#list ??= [...this.#links.values()])
  }

  /** Median of the links' round-trip times. @returns undefined where there is no link */
  medianRttMs(): number | undefined {
    if (this.#medianRttMs === undefined && this.#links.size > 0) {
      const sorted = Float64Array.from(this.all(), ({ rttMs }) => rttMs).sort()
      this.#medianRttMs = sorted[sorted.length >> 1]
    }
    return this.#medianRttMs
  }

  /** Takes in a measurement that is sane. */
  record(peer: Id, rttMs: number, remote: Coordinate): Link<Id> {
    const link: StoredLink<Id> = this.#links.get(peer) ?? { peer, rttMs, remote, window: [], next: 0 }
    link.window[link.next++ % LINK_WINDOW] = rttMs
    link.rttMs = Math.min(...link.window)
    link.remote = remote
    this.#links.delete(peer)
    this.#links.set(peer, link)
    if (this.#links.size > MAX_LINKS) {
      for (const oldest of this.#links.keys()) {
        this.#links.delete(oldest)
        break
      }
    }
    this.#forgetDerived()
    return link
  }

  remove(peer: Id): void {
    if (this.#links.delete(peer)) this.#forgetDerived()
  }

  #forgetDerived(): void {
    this.#list = undefined
    this.#medianRttMs = undefined
  }
}
