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
}

export interface Reply {
  /** The slot that the peer works on. */
  readonly currentSlot: number
  readonly envelopes: readonly Envelope[]
  readonly quorumSets: readonly QuorumSet[]
  /** Unverified: whoever asks hashes them. */
  readonly payloads: readonly Uint8Array[]
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
}
