import { connect } from 'node:tls'
import { deadlineIn } from '../../clock/index.ts'
import { BulkConnection } from './connection.ts'
import { BulkError } from './errors.ts'
import { RecordReader } from './records.ts'
import { addressOf, peerAt, tlsOptions } from './tls.ts'
import type { OnReadOpts } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import type { PeerId } from '@libp2p/interface'
import type { Clock } from '../../clock/index.ts'
import type { OwnCertificate } from './certificate.ts'

/** From the first packet to the listener's READY. */
export const HANDSHAKE_DEADLINE_MS = 8_000
const KEEP_ALIVE_MS = 15_000

/** Where a peer takes bulk connections. */
export interface Endpoint {
  /** An IP address. */
  readonly host: string
  readonly port: number
}

export interface DialInit {
  readonly certificate: OwnCertificate
  readonly alpn: string
  readonly clock: Clock
  readonly signal?: AbortSignal
}

/**
 * A connection to `peer` that the listener has admitted.
 *
 * @throws {BulkError} 'OTHER_PEER' | 'TIMEOUT' | 'BROKEN', and those of `peerAt`
 */
export const dialBulk = async (peer: PeerId, endpoint: Endpoint, init: DialInit): Promise<BulkConnection> => {
  using deadline = deadlineIn(init.clock, HANDSHAKE_DEADLINE_MS, init.signal)
  const { signal } = deadline
  const reader = new RecordReader()
  const socket = connectTls(endpoint, reader, init)
  const onAbort = (): void => void socket.destroy()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    const connection = await handshake(socket, reader, peer, endpoint, init)
    await connection.admitted()
    return connection
  } catch (cause) {
    socket.destroy()
    if (init.signal?.aborted === true) throw init.signal.reason
    if (signal.aborted) {
      throw new BulkError('TIMEOUT', `No bulk connection within ${HANDSHAKE_DEADLINE_MS} ms.`, { cause })
    }
    throw cause
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

const connectTls = (
  { host, port }: Endpoint,
  reader: RecordReader,
  { certificate, alpn }: DialInit
): TLSSocket => {
  // The types of Node leave `onread` out, which its documentation has.
  const options: ConnectionOptions & { readonly onread: OnReadOpts } = {
    ...tlsOptions(certificate),
    host,
    port,
    ALPNProtocols: [alpn],
    // Certificates are self-signed; `peerAt` checks them.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    // Reads straight into the records.
    onread: {
      buffer: () => reader.room(),
      callback: (count) => {
        try {
          reader.wrote(count)
        } catch (error) {
          socket.destroy(error as Error)
        }
        return true
      }
    }
  }
  const socket = connect(options)
  socket.setNoDelay(true)
  socket.setKeepAlive(true, KEEP_ALIVE_MS)
  return socket
}

/** The first record may come with the end of the handshake, so the connection is made in the same turn. */
const handshake = async (
  socket: TLSSocket,
  reader: RecordReader,
  peer: PeerId,
  { host, port }: Endpoint,
  { alpn, clock }: DialInit
): Promise<BulkConnection> => {
  const { promise, resolve, reject } = Promise.withResolvers<BulkConnection>()
  let cause: Error | undefined
  socket.on('error', (error) => {
    cause ??= error
  })
  socket.once('close', () => reject(new BulkError('BROKEN', `No TLS with ${host} port ${port}.`, { cause })))
  socket.once('secureConnect', () => {
    try {
      const proven = peerAt(socket, alpn, clock.nowMs())
      if (!proven.equals(peer)) {
        throw new BulkError('OTHER_PEER', `${proven.toString()} answers in place of ${peer.toString()}.`)
      }
      const remoteAddr = addressOf(host, port)
      resolve(new BulkConnection({ socket, reader, peer, remoteAddr, direction: 'outbound' }))
    } catch (error) {
      reject(error as Error)
      socket.destroy()
    }
  })
  return await promise
}
