import type { Libp2p, PeerId } from '@libp2p/interface'

/** Round-trip time to a peer in microseconds, at least 1: the best of its connections. Undefined while none is measured. */
export const rttMicros = (host: Pick<Libp2p, 'getConnections'>, peer: PeerId): number | undefined => {
  const rtts = host.getConnections(peer).flatMap(({ rtt }) => (rtt === undefined ? [] : [rtt]))
  return rtts.length === 0 ? undefined : Math.max(1, Math.round(Math.min(...rtts) * 1000))
}
