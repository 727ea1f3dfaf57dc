import type { PeerId, PrivateKey } from '@libp2p/interface'
import { isHeadError } from '../heads/index.ts'
import { unavailable } from './errors.ts'
import type { HeadStore } from './head-store.ts'
import { KeeperHeads, type KeeperHeadsComponents } from './keeper-heads.ts'
import type { AgreedSlots } from './agreed-slots.ts'
import { SlotHeads } from './slot-heads.ts'

export interface HeadStoreComponents extends KeeperHeadsComponents {
  /** Undefined where the network has no validators. */
  readonly slots: AgreedSlots | undefined
}

export interface HeadStoreInit {
  readonly name: PeerId
  readonly privateKey: PrivateKey
  readonly writer: Uint8Array
  readonly createKeepers: number
  /** The secret of the table is new: nobody can have begun it. */
  readonly isNew: boolean
  /** See `SlotHeadsInit`. */
  readonly patienceMs: number
}

/**
 * Where the head of a table is: in a slot, if the network has validators; but a table that was begun with keepers stays with
 * them, since a writer of an earlier version would not look at the slot.
 *
 * @throws TableError 'UNAVAILABLE' while that is not known
 */
export const openHeadStore = async (
  components: HeadStoreComponents,
  init: HeadStoreInit,
  signal: AbortSignal
): Promise<HeadStore> => {
  const { slots, resolve } = components
  const { name, privateKey, writer, createKeepers, isNew, patienceMs } = init
  if (slots === undefined) return new KeeperHeads(components, init)
  const inSlot = new SlotHeads(
    { ...components, slots },
    { name, privateKey, writer, mayCreate: createKeepers < Infinity, patienceMs }
  )
  if (isNew || slots.read(name) !== undefined) return inSlot
  try {
    await slots.sync(signal)
    if (slots.read(name) !== undefined) return inSlot
    await resolve(name, signal)
    return new KeeperHeads(components, init)
  } catch (error) {
    if (isHeadError(error, 'NO_HEAD')) return inSlot
    throw unavailable(error)
  }
}
