// Slots as registers for other rooms: the owner's key signs each replacement, so whoever has the key may write.
import { FieldError } from '../../field/index.ts'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { PeerId, PrivateKey } from '@libp2p/interface'
import type { Author, Change, Field, Outcome, SlotName } from '../../field/index.ts'
import type { AgreedSlots } from '../../tables/agreed-slots.ts'

/** Last part of the name of the slot in which a name's key keeps what is published under it. */
export const NAME_LABEL = 'head'

/** What is asked of the field of a node. */
export type FieldPort = Pick<Field, 'view' | 'sync' | 'submit' | 'ageMs'>

/** @param label - of the one slot that each owner has here */
export const agreedSlots = (field: FieldPort, label: string): AgreedSlots => ({
  read: (owner) => {
    const { entry } = field.view(slotOf(owner, label))
    if (entry?.value.kind !== 'bytes') return undefined
    return { version: entry.version, bytes: entry.value.bytes, changedAtMs: entry.changedAtMs }
  },
  sync: async (signal) => await field.sync(signal),
  ageMs: () => field.ageMs,
  replace: async (owner, expected, bytes, signal) => {
    const author = authorOf(owner)
    const name = { owner: author.id, label }
    const made = await outcomeOf(field.submit(name, replacement(expected, bytes), { author, signal }))
    return made?.version
  }
})

export const slotOf = (owner: PeerId, label: string): SlotName => ({ owner: owner.toString(), label })

/** @param expected - version that is replaced; 0 creates the slot */
export const replacement = (expected: number, bytes: Uint8Array): Change =>
  expected === 0
    ? { type: 'create', writers: [], value: { kind: 'bytes', bytes } }
    : { type: 'set', expected, bytes }

export const authorOf = (key: PrivateKey): Author => ({
  id: peerIdFromPrivateKey(key).toString(),
  sign: (bytes) => {
    const signature = key.sign(bytes)
    if (signature instanceof Promise) throw new TypeError('Changes of slots cannot be signed at once here.')
    return signature
  }
})

/** @returns undefined for a change that was not made, and never will be @throws FieldError otherwise */
const outcomeOf = async (work: Promise<Outcome>): Promise<Outcome | undefined> => {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof FieldError)) throw error
    if (error.code === 'CHANGE_EXPIRED') return undefined
    const { refusal } = error.data
    const isLost = refusal === 'CONFLICT' || refusal === 'EXISTS' || refusal === 'NO_SLOT'
    if (error.code === 'CHANGE_REFUSED' && isLost) return undefined
    throw error
  }
}
