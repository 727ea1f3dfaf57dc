// What a slot may become while a round is under way: each outcome that is proposed, with the share of the quorum set that
// has accepted it. The shares of all outcomes together never exceed 1.

import { toHex } from '../../fba/bytes.ts'
import type { Envelope, NodeId, Statement, Value } from '../../fba/index.ts'
import { applyBatch } from './apply.ts'
import type { Applied } from './apply.ts'
import type { Payloads } from './payloads.ts'
import { orderOf, readRoundValue } from './round-value.ts'
import { liveEntry } from './state.ts'
import type { FieldState, SlotEntry } from './state.ts'
import type { Sha256 } from './types.ts'

export interface Candidate {
  /** The slot as it would be; undefined for none. */
  readonly entry: SlotEntry | undefined
  /** Share of the validators that have accepted it, 0 to 1. A validator that accepts several outcomes counts in parts. */
  readonly weight: number
  /** Ids of the transactions on the slot that would be applied, hexadecimal. */
  readonly transactions: readonly string[]
}

export interface WeighedValue {
  readonly value: Value
  readonly weight: number
}

export interface SuperpositionInit {
  readonly payloads: Payloads
  readonly validators: ReadonlySet<NodeId>
  readonly sha256: Sha256
}

export class Superposition {
  readonly #init: SuperpositionInit
  /** What each value of the round would do; a reader who waits looks many times. */
  readonly #applied = new Map<string, Applied>()
  #round = 0

  constructor(init: SuperpositionInit) {
    this.#init = init
  }

  /**
   * Outcomes that a slot may have in the round after `state`, the most accepted first; none when no change of it is under way.
   *
   * @param envelopes - the newest statements of that round
   */
  of(id: string, state: FieldState, envelopes: readonly Envelope[]): Candidate[] {
    const byOutcome = new Map<string, Candidate>()
    for (const { value, weight } of weighValues(envelopes, this.#init.validators)) {
      const applied = this.#apply(value, state)
      if (applied === undefined) continue
      const transactions = applied.outcomes
        .filter(({ slot, refusal }) => slot === id && refusal === undefined)
        .map((outcome) => outcome.id)
      const key = transactions.join()
      byOutcome.set(key, {
        entry: liveEntry(applied.changes.has(id) ? applied.changes.get(id) : state.get(id)),
        weight: (byOutcome.get(key)?.weight ?? 0) + weight,
        transactions
      })
    }
    const candidates = [...byOutcome.values()].sort((a, b) => b.weight - a.weight)
    return candidates.some(({ transactions }) => transactions.length > 0) ? candidates : []
  }

  /** @returns undefined while its batch or a transaction is not here */
  #apply(value: Value, state: FieldState): Applied | undefined {
    const { payloads, sha256 } = this.#init
    const round = state.header.round + 1
    if (round !== this.#round) this.#applied.clear()
    this.#round = round
    const key = toHex(value)
    const known = this.#applied.get(key)
    if (known !== undefined) return known
    const read = readRoundValue(value)
    const ids = read && payloads.batch(toHex(read.batch))
    if (read === undefined || ids === undefined) return undefined
    const order = orderOf(ids, read.batch, sha256).flatMap((id) => payloads.transaction(id) ?? [])
    if (order.length < ids.length) return undefined
    const applied = applyBatch(state, order, { round, closedAtMs: read.closedAtMs }, sha256)
    this.#applied.set(key, applied)
    return applied
  }
}

/**
 * @param envelopes - the newest statements of one round
 * @param validators - whose acceptance counts
 */
export function weighValues(envelopes: readonly Envelope[], validators: ReadonlySet<NodeId>): WeighedValue[] {
  const statements = new Map<NodeId, Statement[]>()
  for (const { statement } of envelopes) {
    if (!validators.has(statement.nodeId)) continue
    statements.set(statement.nodeId, [...(statements.get(statement.nodeId) ?? []), statement])
  }
  const weighed = new Map<string, { value: Value; weight: number }>()
  const add = (value: Value, share: number): void => {
    const key = toHex(value)
    const before = weighed.get(key)?.weight ?? 0
    weighed.set(key, { value, weight: before + share / validators.size })
  }
  for (const ofOne of statements.values()) {
    for (const statement of ofOne) {
      if (statement.type === 'nominate') for (const value of statement.votes) add(value, 0)
    }
    const accepted = acceptedValues(ofOne)
    for (const value of accepted) add(value, 1 / accepted.length)
  }
  return [...weighed.values()].sort((a, b) => b.weight - a.weight)
}

/** What one validator has accepted: of ballots if it has got so far, otherwise of nominations. */
function acceptedValues(statements: readonly Statement[]): readonly Value[] {
  const ballot = statements.find(({ type }) => type !== 'nominate')
  switch (ballot?.type) {
    case 'externalize':
      return [ballot.commit.value]
    case 'confirm':
      return [ballot.ballot.value]
    case 'prepare':
      if (ballot.prepared !== undefined) return [ballot.prepared.value]
  }
  const nomination = statements.find(({ type }) => type === 'nominate')
  return nomination?.type === 'nominate' ? nomination.accepted : []
}
