// Equivocation: two signed statements that no honest node signs together, kept to show to anyone.

import { areContradictory } from './statement.ts'
import type { Envelope, NodeId, SlotIndex } from './types.ts'

export interface Equivocation {
  readonly nodeId: NodeId
  readonly slotIndex: SlotIndex
  readonly first: Envelope
  readonly second: Envelope
}

/** Whether `evidence` convicts its node, for one who was not there. */
export function isEquivocation(evidence: Equivocation, verify: (envelope: Envelope) => boolean): boolean {
  const { nodeId, slotIndex, first, second } = evidence
  const both = [first, second]
  return (
    both.every(({ statement }) => statement.nodeId === nodeId && statement.slotIndex === slotIndex) &&
    areContradictory(first.statement, second.statement) &&
    both.every(verify)
  )
}
