import type { Envelope, QuorumSet } from '../../fba/index.ts'

/** What one peer may be asked for. All fields are optional and answered together. */
export interface Question {
  /** Statements of this slot and the next few. */
  readonly fromSlot?: number
  /** Hexadecimal SHA-256 of quorum sets; 8 at most. */
  readonly quorumSets?: readonly string[]
  /** SHA-256 of values, reports and maps; 32 at most. */
  readonly payloads?: readonly Uint8Array[]
  /** Why this slot was decided as it was. */
  readonly proofOfSlot?: number
  readonly map?: MapQuestion
}

/** Asks for an agreed map. */
export interface MapQuestion {
  /** SHA-256 of the map. */
  readonly wanted: Uint8Array
  /** SHA-256 of a map that the asking peer has: what has changed since suffices. */
  readonly have?: Uint8Array
}

export interface Reply {
  /** The slot that the peer works on. */
  readonly currentSlot: number
  readonly envelopes: readonly Envelope[]
  readonly quorumSets: readonly QuorumSet[]
  /** Unverified: whoever asks hashes them. A map that was asked for without a known predecessor is among them. */
  readonly payloads: readonly Uint8Array[]
  /** What leads from the map that the asking peer has to the one that it wants. Unverified. */
  readonly mapDelta?: Uint8Array
}

export interface AskOptions {
  readonly signal: AbortSignal
}

/** The other peers, as the agreement needs them. Implemented by the node over gossip and a request protocol. */
export interface AgreementLink {
  /**
   * Sends an envelope to everybody.
   *
   * @param value - bytes of a value that the envelope names and that nobody has yet
   */
  publish: (envelope: Envelope, value?: Uint8Array) => Promise<void>
  /** @throws Error when the peer does not answer, or answers nonsense */
  ask: (peer: string, question: Question, options: AskOptions) => Promise<Reply>
  /** Peers that can be asked now. */
  peers: () => readonly string[]
  /** The newest report that this node has of every peer that it takes to be there, its own included. */
  reports: () => readonly Uint8Array[]
  /** Whether everybody's reports come to this node. Without them it takes the maps of others. */
  hearsReports: () => boolean
  /** Peers that can be asked now and that work maps out themselves, as far as is known. */
  mapHolders: () => readonly string[]
}
