// What the network between the peers is like: round-trip times from a matrix, jitter, loss, rates, and who is cut off.
import { seededDice, withoutGaps } from '../../src/manifold/simulation/index.ts'
import type { RttMatrix } from '../../src/manifold/simulation/index.ts'

/** How packets go from one host to another. */
export interface Link {
  readonly delayMicros: number
  readonly jitterMicros: number
  /** Parts per million; a million cuts the link. */
  readonly lossPpm: number
}

export interface LinkSettings {
  readonly jitterMs: number
  /** Percent of the packets. */
  readonly lossPercent: number
}

const CUT_PPM = 1_000_000

/** A smaller matrix: `size` nodes of `matrix`, chosen by the seed, without gaps. @throws RangeError */
export const sampleMatrix = (matrix: RttMatrix, size: number, seed: number): RttMatrix => {
  if (size > matrix.size) {
    throw new RangeError(`The matrix has ${matrix.size} nodes, too few for ${size} peers.`)
  }
  const whole = withoutGaps(matrix)
  const all = Array.from({ length: matrix.size }, (_, node) => node)
  const chosen = seededDice(seed).sample(all, size)
  return {
    size,
    names: chosen.map((node) => whole.names[node]),
    rttMs: (from, to) => whole.rttMs(chosen[from], chosen[to])
  }
}

/** Links between peers 1 to `size`. Host 0, from which the lab talks to them, is not on any of them: it is next to all. */
export class LinkTable {
  readonly size: number
  readonly #matrix: RttMatrix
  readonly #settings: LinkSettings
  /** Side of a partition on which each peer is. */
  #side = new Map<number, number>()

  constructor(matrix: RttMatrix, settings: LinkSettings) {
    this.size = matrix.size
    this.#matrix = matrix
    this.#settings = settings
  }

  /** Round-trip time that was asked for, in milliseconds. */
  rttMs(from: number, to: number): number {
    return (this.#matrix.rttMs(from - 1, to - 1) + this.#matrix.rttMs(to - 1, from - 1)) / 2
  }

  link(from: number, to: number): Link {
    return {
      delayMicros: Math.round(this.#matrix.rttMs(from - 1, to - 1) * 500),
      jitterMicros: Math.round(this.#settings.jitterMs * 1000),
      lossPpm: this.#isCut(from, to) ? CUT_PPM : Math.round(this.#settings.lossPercent * 10_000)
    }
  }

  /** Splits the peers: those of one side no longer hear those of another. Peers that are not named are on a side together. */
  partition(sides: ReadonlyArray<readonly number[]>): void {
    this.#side = new Map(sides.flatMap((side, index) => side.map((peer) => [peer, index + 1] as const)))
  }

  heal(): void {
    this.#side = new Map()
  }

  *pairs(): Generator<readonly [number, number]> {
    for (let from = 1; from <= this.size; from++) {
      for (let to = 1; to <= this.size; to++) if (from !== to) yield [from, to]
    }
  }

  #isCut(from: number, to: number): boolean {
    return (this.#side.get(from) ?? 0) !== (this.#side.get(to) ?? 0)
  }
}
