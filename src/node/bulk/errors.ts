/** Why a bulk connection was refused or cannot be made. */
export type BulkErrorCode =
  /** The other end negotiated no protocol, or another network's. */
  | 'PROTOCOL'
  /** No certificate, or one that cannot be read. */
  | 'BAD_CERTIFICATE'
  /** The certificate is not valid yet, or has expired. */
  | 'EXPIRED'
  /** The certificate has no signed key, or more than one. */
  | 'NO_SIGNED_KEY'
  /** The certificate's key is not signed by the key that it names. */
  | 'BAD_SIGNATURE'
  /** The peer's key, or the certificate's, is of a type that the network does not use. */
  | 'KEY_TYPE'
  /** The certificate proves another peer than the one that was dialled. */
  | 'OTHER_PEER'
  /** A session was resumed: only a full handshake proves who the other end is. */
  | 'RESUMED'
  /** The peer is not a member of the network, or has too many connections. */
  | 'NOT_ADMITTED'
  /** Too many handshakes at once, from one address or in all. */
  | 'CROWDED'
  /** The handshake was not finished in time. */
  | 'TIMEOUT'
  /** TLS failed, or the other end closed the connection. */
  | 'BROKEN'

export class BulkError extends Error {
  override readonly name = 'BulkError'
  readonly code: BulkErrorCode

  constructor(code: BulkErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
