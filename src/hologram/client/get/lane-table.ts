import type { PeerId } from '@libp2p/interface'
import type { PeerExperience } from '../find/experience.ts'
import type { Lane } from './lane.ts'

/** One shard as the reader sees it: its possible holders, and the lane in use. */
export interface LaneEntry {
  readonly shard: number
  /** Peers that may hold the shard, the best first; the first is the one in use. */
  readonly candidates: PeerId[]
  lane: Lane | undefined
  /** Bytes asked for and not delivered. */
  queuedBytes: number
  /** One of the lanes that the object is read from while nothing goes wrong. */
  primary: boolean
  /** Deadlines missed since the last block. */
  strikes: number
  /** Not asked before this time on the reader's clock. */
  restsUntilMs: number
  /** Times it was overloaded in a row. */
  rests: number
  /** It has delivered at least one block. */
  served: boolean
}

/** A standby lane is used only if it should deliver this much sooner than a primary one. */
const STANDBY_HANDICAP_MS = 50
/** Of each lane that waits in line for the peer. */
const LINE_HANDICAP_MS = 20
/** Decoding has a cost: data rows are preferred among equals. */
const PARITY_HANDICAP_MS = 5
/** Cost of each missed deadline: high enough that a late lane is used only if there is no other. */
const STRIKE_HANDICAP_MS = 60_000
/** Attempts with one peer for one shard without a block in between. */
const MAX_TRIES = 2
/** BUSY answers in a row after which a peer is given up. */
const MAX_RESTS = 8

/** Ranks shards by when their next block would come. */
export class LaneTable {
  readonly #experience: PeerExperience
  readonly #self: PeerId
  readonly #inLine: (peer: PeerId) => number
  readonly #factor: (peer: PeerId) => number
  readonly #entries = new Map<number, LaneEntry>()
  /** Tries of each peer for each shard, since it last delivered. */
  readonly #tries = new Map<string, number>()

  /** @param factor - by which the predicted time of a peer is multiplied; the same for the whole read */
  constructor(
    experience: PeerExperience,
    self: PeerId,
    inLine: (peer: PeerId) => number,
    factor: (peer: PeerId) => number = () => 1
  ) {
    this.#experience = experience
    this.#self = self
    this.#inLine = inLine
    this.#factor = factor
  }

  /** Adds `peers` as candidates for `shard`, except those that were given up for good. */
  add(shard: number, peers: readonly PeerId[]): void {
    const entry = this.#entries.get(shard) ?? newEntry(shard)
    for (const peer of peers) {
      const known = entry.candidates.some((candidate) => candidate.equals(peer))
      if (!known && (this.#tries.get(keyOf(shard, peer)) ?? 0) < MAX_TRIES) entry.candidates.push(peer)
    }
    if (entry.candidates.length > 0) this.#entries.set(shard, entry)
  }

  get(shard: number): LaneEntry | undefined {
    return this.#entries.get(shard)
  }

  /** Every shard that somebody may still hold. */
  entries(): IterableIterator<LaneEntry> {
    return this.#entries.values()
  }

  get size(): number {
    return this.#entries.size
  }

  /**
   * The `count` shards whose next block of `blockBytes` should come first, of those that are `usable`. Fewer when there are
   * fewer. Data rows are those below `k`.
   */
  best(
    count: number,
    k: number,
    blockBytes: number,
    usable: (entry: LaneEntry) => boolean,
    nowMs: number
  ): LaneEntry[] {
    const ranked: Array<{ entry: LaneEntry; cost: number }> = []
    for (const entry of this.#entries.values()) {
      if (entry.restsUntilMs > nowMs || !usable(entry)) continue
      ranked.push({ entry, cost: this.#cost(entry, k, blockBytes) })
    }
    ranked.sort((a, b) => a.cost - b.cost || a.entry.shard - b.entry.shard)
    return ranked.slice(0, count).map(({ entry }) => entry)
  }

  /** How many primary lanes are in order. */
  primaries(nowMs: number): number {
    let count = 0
    for (const entry of this.#entries.values()) {
      if (entry.primary && entry.strikes === 0 && entry.restsUntilMs <= nowMs) count++
    }
    return count
  }

  /** The peer in use has delivered a block. */
  served(entry: LaneEntry): void {
    entry.strikes = 0
    entry.rests = 0
    entry.served = true
    this.#tries.delete(keyOf(entry.shard, entry.candidates[0]))
  }

  /** Gives up the peer in use, `forGood` or until it is named again; the shard goes on with the next one, or is out. */
  discard(entry: LaneEntry, { forGood }: { forGood: boolean }): void {
    const key = keyOf(entry.shard, entry.candidates[0])
    this.#tries.set(key, forGood ? MAX_TRIES : (this.#tries.get(key) ?? 0) + 1)
    entry.candidates.shift()
    this.#resetEntry(entry)
    if (entry.candidates.length === 0) this.#entries.delete(entry.shard)
  }

  /** Goes on with another candidate of the shard; the one in use stays the last choice. */
  turnTo(entry: LaneEntry, peer: PeerId): void {
    const { candidates } = entry
    const chosen = candidates.findIndex((candidate) => candidate.equals(peer))
    candidates.push(...candidates.splice(0, chosen))
    this.#resetEntry(entry)
  }

  /** The peer in use is overloaded: it is asked again later, and given up after a few times. */
  rest(entry: LaneEntry, untilMs: number): void {
    if (entry.rests >= MAX_RESTS) return this.discard(entry, { forGood: false })
    const rests = entry.rests + 1
    this.#resetEntry(entry)
    entry.rests = rests
    entry.restsUntilMs = untilMs
  }

  #cost(entry: LaneEntry, k: number, blockBytes: number): number {
    if (entry.candidates[0].equals(this.#self)) return 0
    return (
      this.#experience.predictMs(entry.candidates[0], entry.queuedBytes, blockBytes) *
        this.#factor(entry.candidates[0]) +
      (entry.primary ? 0 : STANDBY_HANDICAP_MS) +
      this.#inLine(entry.candidates[0]) * LINE_HANDICAP_MS +
      entry.strikes * STRIKE_HANDICAP_MS +
      (entry.shard < k ? 0 : PARITY_HANDICAP_MS)
    )
  }

  #resetEntry(entry: LaneEntry): void {
    Object.assign(entry, { ...newEntry(entry.shard), candidates: entry.candidates })
  }
}

function keyOf(shard: number, peer: PeerId): string {
  return `${shard}/${peer.toString()}`
}

function newEntry(shard: number): LaneEntry {
  return {
    shard,
    candidates: [],
    lane: undefined,
    queuedBytes: 0,
    primary: false,
    strikes: 0,
    restsUntilMs: 0,
    rests: 0,
    served: false
  }
}
