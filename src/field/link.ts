import type { AgreementLink } from '../agreement/index.ts'

/** The other peers, as the field needs them. Implemented by the node over gossip and a request protocol. */
export interface FieldLink extends Pick<AgreementLink, 'publish' | 'ask' | 'peers'> {
  /** Sends a message of `encodeTransactions` to everybody. */
  publishTransactions: (message: Uint8Array) => Promise<void>
}
