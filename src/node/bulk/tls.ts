// How both ends of a bulk connection use TLS, and what they check when its handshake is done.
import { constants } from 'node:crypto'
import { multiaddr } from '@multiformats/multiaddr'
import { verifyCertificate } from './certificate.ts'
import { BulkError } from './errors.ts'
import type { PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { SecureContextOptions, TLSSocket } from 'node:tls'
import type { OwnCertificate } from './certificate.ts'

/** Application protocol (RFC 7301) of a network's bulk connections. @param prefix - of its protocol ids, '/thhe/<network>' */
export const alpnOf = (prefix: string): string => `${prefix.slice(1)}/bulk/1`

/** TLS 1.3 only, no session tickets, and keys that every implementation of the libp2p handshake has. */
export const tlsOptions = ({ cert, key }: OwnCertificate): SecureContextOptions => ({
  cert,
  key,
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  // The first is the fastest where the processor has AES; the second where it has not.
  ciphers: 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384',
  sigalgs: 'ed25519:ecdsa_secp256r1_sha256',
  ecdhCurve: 'X25519:P-256',
  secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION
})

/**
 * Who is at the other end of a connection whose handshake is done.
 *
 * @throws {BulkError} 'PROTOCOL' | 'RESUMED' | 'BAD_CERTIFICATE' | 'EXPIRED' | 'NO_SIGNED_KEY' | 'BAD_SIGNATURE' | 'KEY_TYPE'
 */
export const peerAt = (socket: TLSSocket, alpn: string, nowMs: number): PeerId => {
  if (socket.alpnProtocol !== alpn) throw new BulkError('PROTOCOL', 'The other end speaks another protocol.')
  if (socket.isSessionReused()) throw new BulkError('RESUMED', 'The other end resumed a session.')
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) throw new BulkError('BAD_CERTIFICATE', 'The other end has no certificate.')
  return verifyCertificate(certificate.raw, nowMs)
}

/** @param host - an IP address */
export const addressOf = (host: string, port: number): Multiaddr => {
  const bare = host.replace(/^::ffff:/i, '').replace(/%.*$/, '')
  return multiaddr(`/${bare.includes(':') ? 'ip6' : 'ip4'}/${bare}/tcp/${port}`)
}
