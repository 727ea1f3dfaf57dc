// The leaders whose values a node echoes in a round of nomination (draft-mazieres-dinrg-scp section 3.4, stellar-core
// #1666, #1975, #2648). Every draw is a hash, so all nodes with the same weights elect the same leaders.

import { ByteWriter } from './bytes.ts'
import { MAX_LEADERLESS_ROUNDS } from './limits.ts'
import { FULL_WEIGHT, nodeWeight, quorumSetNodes } from './quorum-set.ts'
import type { NodeId, QuorumSet, SlotIndex, Value } from './types.ts'

/** Tags of the three hashes: N, P and K. */
const NEIGHBOUR_TAG = 1
const PRIORITY_TAG = 2
const VALUE_TAG = 3

export interface LeaderElectionInit {
  readonly slotIndex: SlotIndex
  /** Decided value of the previous slot: a seed that was unknown when the quorum sets were chosen. */
  readonly previousValue: Value
  readonly localNode: NodeId
  readonly quorumSet: QuorumSet
  readonly sha256: (bytes: Uint8Array) => Uint8Array
  /** @default nodeWeight */
  readonly weightOf?: (node: NodeId, set: QuorumSet) => bigint
}

export class LeaderElection {
  readonly #init: LeaderElectionInit
  /** Weights above zero. The local node has full weight, since it is in each of its own slices. */
  readonly #weights = new Map<NodeId, bigint>()
  readonly #leaders = new Set<NodeId>()
  #round = 0

  constructor(init: LeaderElectionInit) {
    this.#init = init
    const others = withoutNode(init.quorumSet, init.localNode)
    const weightOf = init.weightOf ?? nodeWeight
    this.#weights.set(init.localNode, FULL_WEIGHT)
    for (const node of quorumSetNodes(others)) {
      const weight = weightOf(node, others)
      if (weight > 0n) this.#weights.set(node, weight)
    }
  }

  get round(): number {
    return this.#round
  }

  /** Leaders of all rounds so far: a node still echoes those of earlier rounds. */
  get leaders(): ReadonlySet<NodeId> {
    return this.#leaders
  }

  /**
   * Advances to the next round. While nodes are left, skips rounds without a new leader at once (#2648), up to a bound:
   * the last nodes of small weight can take thousands of rounds. The leaders so far stay.
   */
  nextRound(): void {
    this.#round++
    if (this.#leaders.size === this.#weights.size) return
    for (let skipped = 0; skipped < MAX_LEADERLESS_ROUNDS && !this.#addLeadersOfRound(); skipped++) {
      this.#round++
    }
  }

  /** Continues from the round of an earlier run, so that a restart does not begin with the first leader. */
  resume(round: number): void {
    while (this.#round < round) this.nextRound()
  }

  /** Priority of a value if a leader offers several: the highest first. */
  valuePriority(value: Value): bigint {
    return this.#hash(VALUE_TAG, value)
  }

  #addLeadersOfRound(): boolean {
    const before = this.#leaders.size
    let top = 1n
    let winners: NodeId[] = []
    for (const [node, weight] of this.#weights) {
      const priority = this.#priority(node, weight)
      if (priority > top) {
        top = priority
        winners = []
      }
      if (priority === top) winners.push(node)
    }
    for (const winner of winners) this.#leaders.add(winner)
    return this.#leaders.size > before
  }

  #priority(node: NodeId, weight: bigint): bigint {
    const id = asciiBytes(node)
    return this.#hash(NEIGHBOUR_TAG, id) <= weight ? this.#hash(PRIORITY_TAG, id) : 0n
  }

  #hash(tag: number, subject: Uint8Array): bigint {
    const input = new ByteWriter()
      .u64(this.#init.slotIndex)
      .bytes(this.#init.previousValue)
      .u32(tag)
      .u32(this.#round)
      .bytes(subject)
    const digest = this.#init.sha256(input.finish())
    return new DataView(digest.buffer, digest.byteOffset).getBigUint64(0)
  }
}

/**
 * A seed for the next slot's leaders that gives the proposer of `value` a choice of only 2^bits draws. With the whole
 * value as seed, a proposer could try variants until it leads again. With no bits, all future leaders would be known.
 * @param bits 0 to 8 @default 1
 */
export function leaderSeed(value: Value, sha256: (bytes: Uint8Array) => Uint8Array, bits = 1): Value {
  return Uint8Array.of(sha256(value)[0] & ((1 << bits) - 1))
}

/**
 * The set, given that `node` takes part: removes the node and reduces each threshold that it counts towards by one.
 */
function withoutNode(set: QuorumSet, node: NodeId): QuorumSet {
  const isMember = set.validators.includes(node)
  return {
    threshold: set.threshold - (isMember ? 1 : 0),
    validators: set.validators.filter((validator) => validator !== node),
    innerSets: set.innerSets.map((inner) => withoutNode(inner, node))
  }
}

function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}
