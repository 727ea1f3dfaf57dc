import { toHex } from '../../fba/bytes.ts'
import type { NodeId } from '../../fba/index.ts'
import { FieldError } from './errors.ts'
import type { Sha256 } from './types.ts'

/** A slot is named by the peer that created it and a label of its own: nobody can take another's names. */
export interface SlotName {
  readonly owner: NodeId
  readonly label: string
}

const LABEL = /^[a-z0-9][a-z0-9._-]{0,62}$/
const OWNER = /^[1-9A-HJ-NP-Za-km-z]{40,64}$/
const UTF8 = new TextEncoder()

export const isLabel = (text: string): boolean => LABEL.test(text)
export const isOwner = (text: string): boolean => OWNER.test(text)

/** 'OWNER/LABEL' */
export const slotNameText = ({ owner, label }: SlotName): string => `${owner}/${label}`

/**
 * @param self - owner of a name that is a label alone
 * @throws FieldError 'BAD_SLOT_NAME'
 */
export function parseSlotName(text: string, self?: NodeId): SlotName {
  const at = text.indexOf('/')
  const owner = at < 0 ? self : text.slice(0, at)
  const label = text.slice(at + 1)
  if (owner !== undefined && isOwner(owner) && isLabel(label)) return { owner, label }
  throw new FieldError(
    'BAD_SLOT_NAME',
    'A slot is named PEER/LABEL, or LABEL for one of your own; a label has 1 to 63 of a-z, 0-9, ".", "_" and "-", and ' +
      'begins with a letter or a digit.'
  )
}

/** SHA-256 of the name, hexadecimal: spreads the slots evenly over the buckets of the state. */
export function slotId(name: SlotName, sha256: Sha256): string {
  return toHex(sha256(UTF8.encode(`thhe/field/slot/1\0${slotNameText(name)}`)))
}
