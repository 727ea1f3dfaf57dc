// Equivocation: two signed statements that contradict each other, kept as evidence for others.

import { areContradictory } from './statement.ts'
import type { Envelope, NodeId, SlotIndex } from './types.ts'

export interface Equivocation {
  readonly nodeId: NodeId
  readonly slotIndex: SlotIndex
  readonly first: Envelope
  readonly second: Envelope
}

/** Whether `evidence` proves an equivocation, from the evidence alone. */
export function isEquivocation(evidence: Equivocation, verify: (envelope: Envelope) => boolean): boolean {
  const { nodeId, slotIndex, first, second } = evidence
  const both = [first, second]
  return (
    both.every(({ statement }) => statement.nodeId === nodeId && statement.slotIndex === slotIndex) &&
    areContradictory(first.statement, second.statement) &&
    both.every(verify)
  )
}
