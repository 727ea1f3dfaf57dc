import type { Connection, PeerId } from '@libp2p/interface'
import type { Host } from '../host/host.ts'
import type { PeerTable } from './peer-table.ts'

/**
 * The connection to `peer`: an existing one, else a new one to the addresses in its report or the peer store.
 *
 * @throws when `signal` fires or nothing answers
 */
export const dialPeer = async (
  host: Host,
  table: PeerTable,
  peer: PeerId,
  signal: AbortSignal
): Promise<Connection> => {
  const reported = table.get(peer)?.report.multiaddrs ?? []
  if (reported.length > 0 && host.getConnections(peer).length === 0) {
    await host.peerStore.merge(peer, { multiaddrs: [...reported] }, { signal })
  }
  return await host.dial(peer, { signal })
}
