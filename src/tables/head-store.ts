import type { HeadValue } from './codec.ts'

/** What a head says of its table: the objects that make up the state. */
export type HeadContents = Pick<HeadValue, 'root' | 'segments'>

/** A head of a table, as its store knows it. */
export interface TableHead {
  readonly contents: HeadContents
  /** Differs between any two heads of a table. */
  readonly version: string
  /** Its contents count, whatever happens; those of a claim may still turn out not to. */
  readonly isDecided: boolean
}

/** What a reader may show. */
export interface Newest {
  /** Undefined: the table has not been begun. */
  readonly head: TableHead | undefined
  /** Written by this object. */
  readonly isOwn: boolean
  /** It was the newest when it was asked for. Otherwise nobody could be asked, and it is the newest that is known here. */
  readonly isFresh: boolean
  /** How long ago it is known to have been the newest, in milliseconds; 0 if it is fresh. */
  readonly ageMs: number
}

/**
 * Keeps the head of one table: a register that several writers replace, each only if it is still what the writer built on.
 *
 * Two implementations: `KeeperHeads` asks a majority of the peers that keep the table's name, `SlotHeads` is a slot that the
 * network's validators agree on. `openHeadStore` chooses.
 */
export interface HeadStore {
  /**
   * The newest decided head.
   *
   * @returns 'open' while it is not decided which head counts
   * @throws TableError 'NO_TABLE' for a table that has not been begun and is not to be; 'UNAVAILABLE' | 'DAMAGED'
   */
  newest(signal: AbortSignal): Promise<Newest | 'open'>
  /**
   * The head on which the next write of this object builds.
   *
   * @throws TableError 'UNAVAILABLE' | 'NO_TABLE' | 'DAMAGED'
   */
  claim(signal: AbortSignal): Promise<TableHead>
  /**
   * Replaces a head, if no write of another object has done so.
   *
   * @returns undefined when another came first: this one was not made, and never will be
   * @throws TableError 'UNAVAILABLE' when it is not known whether it was made
   */
  replace(before: TableHead, contents: HeadContents, signal: AbortSignal): Promise<TableHead | undefined>
  /** Resolves if no write has replaced `head` up to now. @throws TableError 'UNAVAILABLE' */
  confirm(head: TableHead, signal: AbortSignal): Promise<void>
  /** Whether the head must be written anew soon so that it does not expire. */
  isOld(head: TableHead | undefined): boolean
}

export const NO_CONTENTS: HeadContents = { root: undefined, segments: [] }
