import type { PeerId, PrivateKey } from '@libp2p/interface'

/** The bytes of a slot as they were agreed last. */
export interface SlotContents {
  /** 1 when created, and one more with each replacement. */
  readonly version: number
  readonly bytes: Uint8Array
  /** When the round was closed that made this version, in milliseconds since the Unix epoch. */
  readonly changedAtMs: number
}

/** What a table needs of agreed slots: one register for each key. */
export interface AgreedSlots {
  /** As it is known here; undefined for none. */
  readonly read: (owner: PeerId) => SlotContents | undefined
  /** Resolves when everything is known here that was reported as made before the call. @throws Error when nobody can tell */
  readonly sync: (signal: AbortSignal) => Promise<void>
  /** How long ago that was so, in milliseconds. */
  readonly ageMs: () => number
  /**
   * Replaces version `expected`, or creates the slot if that is 0.
   *
   * @returns the new version; undefined when it was not made, and never will be
   * @throws Error, or the signal's reason, when it is not known whether it was or will be made
   */
  readonly replace: (
    owner: PrivateKey,
    expected: number,
    bytes: Uint8Array,
    signal: AbortSignal
  ) => Promise<number | undefined>
}
