// Who hears the reports of a large network: the node's own rule, run on a random graph of connections until it settles.
import {
  HEARING_LIMITS,
  needsHearers,
  OUTSIDER_REPORTS,
  shouldHear
} from '../../../src/manifold/gossip/index.ts'
import { MAP_LIMITS } from '../../../src/manifold/map/index.ts'
import type { Prng } from '../engine/index.ts'

/** Connections that a node maintains; it dials half of them itself. */
const DIALLED = 16
/** Looks of every node: three minutes of them. */
const LOOKS = 24
/** Links of the gossip mesh that a hearer chooses among the hearers beside it: gossipsub's D = 8, as in overlay.ts. */
const CHOSEN_LINKS = 4

export interface HearersInit {
  readonly peers: number
  readonly validators: number
  readonly prng: Prng
}

export class Hearers {
  readonly connections: readonly number[][]
  readonly #hears: boolean[]
  readonly #copies: number

  constructor({ peers, validators, prng }: HearersInit) {
    this.connections = randomGraph(peers, Math.min(DIALLED, Math.floor((peers - 1) / 2)), prng)
    this.#hears = Array.from({ length: peers }, () => true)
    const mapPeers = Math.min(peers, MAP_LIMITS.peers)
    for (let look = 0; look < LOOKS * peers; look++) {
      // Nodes look at random moments; what a neighbour decided is known to the next.
      const node = prng.below(peers)
      const state = {
        isValidator: node < validators,
        isHearing: this.#hears[node],
        mapPeers,
        hearers: this.hearersBeside(node)
      }
      this.#hears[node] = shouldHear(state, HEARING_LIMITS, prng.unit())
      if (!needsHearers({ ...state, isHearing: this.#hears[node] }, HEARING_LIMITS)) continue
      const validator = prng.below(validators)
      if (this.connections[node].includes(validator)) continue
      this.connections[node].push(validator)
      this.connections[validator].push(node)
    }
    this.#copies = meshCopies(this.hearers, this.connections, this.#hears, prng)
  }

  hears(node: number): boolean {
    return this.#hears[node]
  }

  get hearers(): number[] {
    return this.#hears.flatMap((hears, node) => (hears ? [node] : []))
  }

  hearersBeside(node: number): number {
    return this.connections[node].filter((other) => this.#hears[other]).length
  }

  /** Hearers that no report of a validator would reach, since all ways to them lead over peers that do not hear. */
  get cutOff(): number {
    const reached = new Set([0])
    for (const node of reached)
      for (const other of this.connections[node]) if (this.#hears[other]) reached.add(other)
    return this.hearers.length - reached.size
  }

  /** Copies of each report that a hearer receives: by its mesh, and from authors beside it. */
  get copies(): number {
    const beside = this.connections.reduce((sum, _, node) => sum + this.hearersBeside(node), 0)
    return this.#copies + beside / this.connections.length / this.hearers.length
  }

  /** Reports that go to hearers in an interval: of a full map's outsiders a part. */
  get reportsPerInterval(): number {
    const outside = Math.max(0, this.connections.length - MAP_LIMITS.peers)
    return this.connections.length - outside + outside / OUTSIDER_REPORTS
  }

  /** Reports of neighbours that a peer which does not hear receives in an interval. */
  get neighbourReports(): number {
    const quiet = this.connections.filter((_, node) => !this.#hears[node])
    return quiet.length === 0 ? 0 : quiet.reduce((sum, { length }) => sum + length, 0) / quiet.length
  }
}

const randomGraph = (size: number, dialled: number, prng: Prng): number[][] => {
  const links = Array.from({ length: size }, () => new Set<number>())
  for (let node = 0; node < size; node++) {
    for (let left = dialled; left > 0 && links[node].size < size - 1;) {
      const other = prng.below(size)
      if (other === node || links[node].has(other)) continue
      links[node].add(other)
      links[other].add(node)
      left--
    }
  }
  return links.map((set) => [...set])
}

/** As `Overlay.copies`, for a mesh among the hearers. */
const meshCopies = (
  hearers: readonly number[],
  connections: readonly number[][],
  hears: readonly boolean[],
  prng: Prng
): number => {
  const links = new Map(hearers.map((node) => [node, new Set<number>()]))
  for (const node of hearers) {
    const beside = connections[node].filter((other) => hears[other])
    for (let left = Math.min(CHOSEN_LINKS, beside.length); left > 0; left--) {
      const [other] = beside.splice(prng.below(beside.length), 1)
      links.get(node)!.add(other)
      links.get(other)!.add(node)
    }
  }
  const ends = [...links.values()].reduce((sum, { size }) => sum + size, 0)
  return (ends - (hearers.length - 1)) / hearers.length
}
