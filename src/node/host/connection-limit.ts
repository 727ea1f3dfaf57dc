import type { Libp2p } from '@libp2p/interface'

/**
 * Closes inbound connections beyond `maxConnections`. libp2p counts before a connection is upgraded, so that many at
 * once pass, and prunes no connection on which a stream is open, which with gossip is every one.
 */
export const limitConnections = (
  host: Pick<Libp2p, 'addEventListener' | 'getConnections'>,
  maxConnections: number
): void => {
  host.addEventListener('connection:open', ({ detail: connection }) => {
    if (connection.direction !== 'inbound' || host.getConnections().length <= maxConnections) return
    connection.close({ signal: AbortSignal.timeout(1_000) }).catch((error: Error) => connection.abort(error))
  })
}
