import { FieldError } from './errors.ts'
import type { Outcome, Refusal } from './types.ts'

const REASONS: Readonly<Record<Refusal, string>> = {
  EXISTS: 'There is a slot of that name already.',
  NO_SLOT: 'There is no slot of that name.',
  REMOVED: 'A slot of that name was removed a moment ago. Create it again in two minutes.',
  NOT_ALLOWED: 'The rule of the slot does not allow you to change it.',
  WRONG_KIND: 'The slot holds another kind of value.',
  CONFLICT: 'Another change came first.',
  OVERFLOW: 'The sum does not fit 64 bits.',
  FULL: 'There is no room: the set, the slots of its owner, or the field are full.'
}

/** @throws FieldError 'CHANGE_REFUSED' for a change that the quorum has decided against */
export function refuseIfRefused(outcome: Outcome): Outcome {
  const { refusal, winner, version } = outcome
  if (refusal === undefined) return outcome
  const lost = winner !== undefined && { winner }
  throw new FieldError('CHANGE_REFUSED', REASONS[refusal], { refusal, version, ...lost })
}
