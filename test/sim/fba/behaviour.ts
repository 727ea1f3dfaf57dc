// What Byzantine nodes do: each behaviour turns the envelopes of an honest state machine into others.

import {
  INFINITE_COUNTER,
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
const GRINDING_TRIES = 64

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

  /** What goes to node `peer` in place of `honest`. */
  distort(honest: Envelope, peer: number): Envelope[] {
    const { prng, sign } = this.#context
    switch (this.behaviour) {
      case 'silent':
        return []
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

  /** Of many proposals, one that would make its proposer lead the next slot, if it were decided. */
  propose(slotIndex: SlotIndex, election: Omit<LeaderElectionInit, 'slotIndex' | 'previousValue'>): Value {
    const { index, prng } = this.#context
    let value = makeValue(index, prng)
    if (this.behaviour !== 'grind') return value
    for (let tries = 0; tries < GRINDING_TRIES; tries++) {
      const next = new LeaderElection({ ...election, slotIndex: slotIndex + 1, previousValue: value })
      next.nextRound()
      if (next.leaders.has(election.localNode)) return value
      value = makeValue(index, prng)
    }
    return value
  }
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
