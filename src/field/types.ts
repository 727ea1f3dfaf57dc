import type { NodeId } from '../../fba/index.ts'
import type { SlotName } from './name.ts'

export type Sha256 = (bytes: Uint8Array) => Uint8Array

/** What a slot holds, and so how it may be changed. */
export type SlotKind = 'bytes' | 'integer' | 'set'

/** 'bytes': up to 64 KiB. 'integer': 64 bits with sign. 'set': byte strings, ascending, each once. */
export type SlotValue =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'integer'; readonly integer: bigint }
  | { readonly kind: 'set'; readonly items: readonly Uint8Array[] }

/** What the state holds of a slot: its value, or that it was removed. */
export type StoredValue = SlotValue | { readonly kind: 'removed' }

/** The peers that may change a slot besides its owner: all, or these. */
export type Writers = 'anyone' | readonly NodeId[]

/** One change of one slot. Deltas commute: any number of them succeed side by side. */
export type Change =
  | { readonly type: 'create'; readonly writers: Writers; readonly value: SlotValue }
  /** Replaces bytes if the slot is still at version `expected`. */
  | { readonly type: 'set'; readonly expected: number; readonly bytes: Uint8Array }
  | { readonly type: 'add'; readonly delta: bigint }
  | { readonly type: 'max'; readonly integer: bigint }
  | { readonly type: 'union'; readonly items: readonly Uint8Array[] }
  /** Removes the slot if it is still at version `expected`; for its owner and the writers that its rule names. */
  | { readonly type: 'remove'; readonly expected: number }

export interface Transaction {
  readonly slot: SlotName
  readonly author: NodeId
  /** 16 random bytes: two equal changes of one author are two transactions. */
  readonly nonce: Uint8Array
  /** Milliseconds since the Unix epoch: no round that is closed at this time or later may contain it. */
  readonly expiresAtMs: number
  readonly change: Change
}

/** Whoever signs a transaction, where it is not the node itself. */
export interface Author {
  readonly id: NodeId
  readonly sign: (bytes: Uint8Array) => Uint8Array
}

export interface SignedTransaction {
  /** SHA-256 of the unsigned bytes, hexadecimal. */
  readonly id: string
  readonly transaction: Transaction
  /** As it travels. */
  readonly bytes: Uint8Array
}

/** Why the quorum decided against a transaction. */
export type Refusal =
  /** A slot of that name is there. */
  | 'EXISTS'
  | 'NO_SLOT'
  /** A slot of that name was removed moments ago: changes of it may still be on their way. */
  | 'REMOVED'
  /** The slot's rule does not name the author. */
  | 'NOT_ALLOWED'
  /** The slot holds another kind of value. */
  | 'WRONG_KIND'
  /** Another transaction has changed the slot since the version that was expected. */
  | 'CONFLICT'
  /** The sum does not fit 64 bits. */
  | 'OVERFLOW'
  /** The set, the owner's slots or the state have no room. */
  | 'FULL'

/** What the quorum decided about one transaction; the same on every node. */
export interface Outcome {
  readonly id: string
  readonly slot: string
  readonly round: number
  readonly refusal: Refusal | undefined
  /** Version of the slot after it; 0 when there is no slot. */
  readonly version: number
  /** The transaction that a conflict was lost to. */
  readonly winner: string | undefined
}
