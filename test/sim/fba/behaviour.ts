// What Byzantine nodes do: each behaviour turns the envelopes of an honest state machine into others.

import {
  INFINITE_COUNTER,
  quorumSetNodes,
  type Envelope,
  type SlotIndex,
  type Statement,
  type Value
} from '../../../fba/index.ts'
import { LeaderElection, type LeaderElectionInit } from '../../../fba/leaders.ts'
import type { Prng } from '../engine/index.ts'
import { makeInvalidValue, makeValue } from './value.ts'

export const BEHAVIOURS = ['equivocate', 'silent', 'replay', 'wrong-value', 'bump', 'grind'] as const
export type Behaviour = (typeof BEHAVIOURS)[number]

export interface ByzantineContext {
  readonly index: number
  readonly prng: Prng
  readonly sign: (statement: Statement) => Envelope
}

const REPLAY_MEMORY = 500
const GRINDING_TRIES = 32

export class ByzantineMind {
  readonly behaviour: Behaviour
  readonly #context: ByzantineContext
  readonly #overheard: Envelope[] = []
  readonly #lies = new Map<SlotIndex, Value>()

  constructor(behaviour: Behaviour, context: ByzantineContext) {
    this.behaviour = behaviour
    this.#context = context
  }

  /** Remembers others' envelopes for replay. */
  overhear(envelope: Envelope): void {
    if (this.behaviour !== 'replay') return
    if (this.#overheard.length < REPLAY_MEMORY) this.#overheard.push(envelope)
    else this.#overheard[this.#context.prng.below(REPLAY_MEMORY)] = envelope
  }

  /** What goes to node `peer` in place of `honest`; a silent node sends nothing of any kind, see SimNode. */
  distort(honest: Envelope, peer: number): Envelope[] {
    const { prng, sign } = this.#context
    switch (this.behaviour) {
      case 'silent':
      case 'grind':
        return [honest]
      case 'replay':
        return [honest, ...prng.sample(this.#overheard, 2)]
      case 'bump':
        return [sign(withCounter(honest.statement, prng))]
      case 'equivocate':
        return [peer % 2 === 0 ? honest : sign(withValue(honest.statement, this.#lieFor(honest.statement)))]
      case 'wrong-value':
        return prng.chance(0.5) ? [honest] : [sign(withValue(honest.statement, makeInvalidValue(prng)))]
    }
  }

  /** One lie per slot, so that the two stories hold together. */
  #lieFor({ slotIndex }: Statement): Value {
    let lie = this.#lies.get(slotIndex)
    if (lie === undefined)
      this.#lies.set(slotIndex, (lie = makeValue(this.#context.index, this.#context.prng)))
    return lie
  }

  /** Of many proposals, the one that would make its proposer lead the next slot for the most nodes, if decided. */
  propose(slotIndex: SlotIndex, election: ElectionSetting): Value {
    const { index, prng } = this.#context
    if (this.behaviour !== 'grind') return makeValue(index, prng)
    const proposals = Array.from({ length: GRINDING_TRIES }, () => makeValue(index, prng))
    const followers = proposals.map((value) => followersAfter(value, slotIndex, election))
    return proposals[followers.indexOf(Math.max(...followers))]
  }
}

interface ElectionSetting extends Omit<LeaderElectionInit, 'slotIndex' | 'previousValue'> {
  readonly seedOf: (decided: Value) => Value
}

/** Nodes for which the local node would lead the slot after one that decided `value`. */
function followersAfter(value: Value, slotIndex: SlotIndex, setting: ElectionSetting): number {
  return [...quorumSetNodes(setting.quorumSet)].filter((localNode) => {
    const election = new LeaderElection({
      ...setting,
      localNode,
      slotIndex: slotIndex + 1,
      previousValue: setting.seedOf(value)
    })
    election.nextRound()
    return election.leaders.has(setting.localNode)
  }).length
}

function withValue(statement: Statement, value: Value): Statement {
  switch (statement.type) {
    case 'nominate':
      return { ...statement, votes: [value], accepted: statement.accepted.length > 0 ? [value] : [] }
    case 'prepare': {
      const prepared = statement.prepared && { ...statement.prepared, value }
      return { ...statement, ballot: { ...statement.ballot, value }, prepared, preparedPrime: undefined }
    }
    case 'confirm':
      return { ...statement, ballot: { ...statement.ballot, value } }
    case 'externalize':
      return { ...statement, commit: { ...statement.commit, value } }
  }
}

function withCounter(statement: Statement, prng: Prng): Statement {
  if (statement.type !== 'prepare') return statement
  const counter = prng.pick([2, 50, 900, 10 ** 6, INFINITE_COUNTER - 1, INFINITE_COUNTER])
  return { ...statement, ballot: { ...statement.ballot, counter } }
}
