// What a slot may become while a round is under way: each outcome that is proposed, with the share of the quorum set that
// has accepted it. The shares of all outcomes together never exceed 1.

import { toHex } from '../../fba/bytes.ts'
import type { Envelope, NodeId, Statement, Value } from '../../fba/index.ts'
import type { SlotEntry } from './state.ts'

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
