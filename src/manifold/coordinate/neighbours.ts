// Whom a node probes: some of the nearest peers that it knows of, so that it can tell near ones apart, and random ones, so
// that the whole space does not fold (Dabek et al., "Vivaldi", section 5.2).

import { NEAR_NEIGHBOURS, NEARER_BY, NEIGHBOURS } from './constants.ts'

export interface NeighbourSetInit {
  /** @default NEIGHBOURS */
  readonly size?: number
  /** Of them, the nearest. @default NEAR_NEIGHBOURS / NEIGHBOURS of the size */
  readonly near?: number
}

export class NeighbourSet<Id> {
  readonly #size: number
  readonly #near: number
  /** The first `near` places are for the nearest, the others for random peers. */
  readonly #members: Id[] = []
  #turn = 0
  #renewed = 0

  constructor({
    size = NEIGHBOURS,
    near = Math.floor((size * NEAR_NEIGHBOURS) / NEIGHBOURS)
  }: NeighbourSetInit = {}) {
    this.#size = size
    this.#near = near
  }

  get members(): readonly Id[] {
    return this.#members
  }

  /** Those that were not chosen for being near: only they may judge a peer's claims. */
  get random(): readonly Id[] {
    return this.#members.slice(this.#near)
  }

  /** The neighbour to probe now: each in turn. @returns undefined where there is none */
  next(): Id | undefined {
    return this.#members.length === 0 ? undefined : this.#members[this.#turn++ % this.#members.length]
  }

  /** Takes in a peer chosen at random, while there is room. @returns whether it was taken in */
  addRandom(peer: Id): boolean {
    if (this.#members.length >= this.#size || this.#members.includes(peer)) return false
    this.#members.push(peer)
    return true
  }

  /**
   * A peer that somebody told us of: takes the place of the farthest near neighbour when it is clearly nearer.
   * @param estimateMs - round-trip time to a peer, measured or predicted, in milliseconds
   * @returns the neighbour that it replaced
   */
  offer(peer: Id, estimateMs: (peer: Id) => number): Id | undefined {
    if (this.#members.length < this.#size) {
      this.addRandom(peer)
      return undefined
    }
    if (this.#near === 0 || this.#members.includes(peer)) return undefined
    let farthest = 0
    let farthestMs = -1
    for (let i = 0; i < this.#near; i++) {
      const ms = estimateMs(this.#members[i])
      if (ms > farthestMs) [farthest, farthestMs] = [i, ms]
    }
    if (!(estimateMs(peer) < farthestMs * (1 - NEARER_BY))) return undefined
    const replaced = this.#members[farthest]
    this.#members[farthest] = peer
    return replaced
  }

  /**
   * Puts a peer chosen at random in the place of a random neighbour, each in turn, so that newcomers find somebody who measures
   * them.
   *
   * @returns the neighbour that it replaced; undefined while there is room or no random place
   */
  renew(peer: Id): Id | undefined {
    const places = this.#size - this.#near
    if (this.#members.length < this.#size || places === 0 || this.#members.includes(peer)) return undefined
    const place = this.#near + (this.#renewed++ % places)
    const replaced = this.#members[place]
    this.#members[place] = peer
    return replaced
  }

  /** Drops a peer that left. */
  remove(peer: Id): void {
    const index = this.#members.indexOf(peer)
    if (index >= 0) this.#members.splice(index, 1)
  }
}
