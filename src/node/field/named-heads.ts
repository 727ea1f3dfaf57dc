// Names: on a network with validators what is published under one is a slot that belongs to the name's key, so two that publish
// at the same time do not both succeed; elsewhere, and for names published before, it is a head that several peers keep.
import { FieldError } from '../../field/index.ts'
import { HeadError, openHead } from '../../heads/index.ts'
import { NAME_LABEL, slotOf } from './agreed-slots.ts'
import type { PeerId } from '@libp2p/interface'
import type { Clock } from '../../clock/index.ts'
import type { Change, Field, SlotEntry } from '../../field/index.ts'
import type { Heads, Published, Resolved } from '../../heads/index.ts'

/** The slot that a head is in. */
export interface NameSlot {
  readonly version: number
  /** The round in which it was agreed on. */
  readonly round: number
  /** How long ago it is known to have been the newest, in milliseconds: 0, unless too few validators answer. */
  readonly ageMs: number
}

export interface ResolvedName extends Resolved {
  /** Undefined for a head that peers keep. */
  readonly slot?: NameSlot
}

export interface PublishedName extends Published {
  readonly slot?: NameSlot
}

export interface NamedHeadsComponents {
  readonly heads: Pick<Heads, 'publish' | 'resolve'>
  /** Undefined where the network has no validators. */
  readonly field: Pick<Field, 'view' | 'sync' | 'ageMs' | 'openSigned' | 'submitSigned'> | undefined
  readonly networkId: Uint8Array
  readonly clock: Pick<Clock, 'nowMs'>
}

export class NamedHeads {
  readonly #components: NamedHeadsComponents

  constructor(components: NamedHeadsComponents) {
    this.#components = components
  }

  /**
   * What is published under a name. Without a quorum it is what was agreed on last, as far as this node knows.
   *
   * @throws HeadError 'NO_HEAD' | 'NO_MAJORITY' | 'BAD_HEAD'; the signal's reason
   */
  async resolve(name: PeerId, signal?: AbortSignal): Promise<ResolvedName> {
    const { heads, field } = this.#components
    if (field === undefined) return await heads.resolve(name, signal)
    const isFresh = await this.#sync(field, signal)
    const { entry } = field.view(slotOf(name, NAME_LABEL))
    if (entry !== undefined) return await this.#headOf(name, entry, isFresh ? 0 : field.ageMs)
    if (!isFresh) {
      throw new HeadError('NO_MAJORITY', 'Too few validators answer, and nothing is known of this name here.')
    }
    return await heads.resolve(name, signal)
  }

  /**
   * Gives a signed head to the peers that keep its name.
   *
   * @throws HeadError 'STALE_HEAD' for a name that is in a slot, also as `Heads.publish`
   */
  async publish(name: PeerId, signed: Uint8Array, signal?: AbortSignal): Promise<PublishedName> {
    const { heads, field } = this.#components
    if (field?.view(slotOf(name, NAME_LABEL)).entry !== undefined) {
      throw new HeadError(
        'STALE_HEAD',
        'This name is in a slot, which a signed change replaces, not a head alone.'
      )
    }
    return await heads.publish(name, signed, signal)
  }

  /**
   * Has the validators agree on a change of a name's slot, signed by the name: its new bytes are a signed head.
   *
   * @throws HeadError 'BAD_HEAD' | 'STALE_HEAD'; FieldError as `Field.submitSigned`; the signal's reason
   */
  async publishInSlot(name: PeerId, bytes: Uint8Array, signal?: AbortSignal): Promise<PublishedName> {
    const { field, networkId, clock } = this.#components
    if (field === undefined) throw new FieldError('NO_QUORUM', 'This network has no validators.')
    const { transaction } = field.openSigned(bytes)
    const { owner, label } = transaction.slot
    const value = newBytes(transaction.change)
    const isOfName = owner === name.toString() && label === NAME_LABEL && transaction.author === owner
    if (!isOfName || value === undefined)
      throw new HeadError('BAD_HEAD', 'The change is not one of this name.')
    const head = await openHead(networkId, value, clock.nowMs())
    if (!head.name.equals(name)) throw new HeadError('BAD_HEAD', 'The head is of another name.')
    try {
      const { version, round } = await field.submitSigned(bytes, { signal })
      return { heads: [head], confirmed: 0, keepers: 0, slot: { version, round, ageMs: 0 } }
    } catch (error) {
      const { refusal } = error instanceof FieldError ? error.data : {}
      if (refusal !== 'CONFLICT' && refusal !== 'EXISTS') throw error
      throw new HeadError(
        'STALE_HEAD',
        'Somebody else has published under this name first.',
        {},
        { cause: error }
      )
    }
  }

  /** @returns whether what this node has is the newest */
  async #sync(field: Pick<Field, 'sync'>, signal: AbortSignal | undefined): Promise<boolean> {
    try {
      await field.sync(signal)
      return true
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof FieldError) return false
      throw error
    }
  }

  async #headOf(name: PeerId, entry: SlotEntry, ageMs: number): Promise<ResolvedName> {
    const { networkId, clock } = this.#components
    const { value, version, changedRound: round } = entry
    if (value.kind !== 'bytes') throw new HeadError('BAD_HEAD', 'The slot of this name has no bytes.')
    const head = await openHead(networkId, value.bytes, clock.nowMs()).catch((error: unknown) => {
      if (!(error instanceof HeadError) || error.data.reason !== 'has expired') throw error
      throw new HeadError('NO_HEAD', `What was published under ${name.toString()} has expired.`)
    })
    if (!head.name.equals(name))
      throw new HeadError('BAD_HEAD', 'The slot of this name has the head of another.')
    return { heads: [head], answered: 0, agreed: 0, keepers: 0, slot: { version, round, ageMs } }
  }
}

const newBytes = (change: Change): Uint8Array | undefined => {
  if (change.type === 'set') return change.bytes
  const isOwners = change.type === 'create' && change.writers !== 'anyone' && change.writers.length === 0
  return isOwners && change.value.kind === 'bytes' ? change.value.bytes : undefined
}
