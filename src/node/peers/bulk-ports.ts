// A section of the report: on which TCP port this peer takes bulk connections.
import { endpointOf } from './failure-domain.ts'
import type { Connection } from '@libp2p/interface'
import type { ReportSection } from './report-sections.ts'

export interface BulkPorts {
  /** 0: none. */
  readonly port: number
  /** The port that a router forwards to it; 0: the same. */
  readonly publicPort: number
}

export const NO_BULK_PORTS: BulkPorts = { port: 0, publicPort: 0 }
/** @param port - 0 while this node takes no bulk connections */
export const bulkPorts = (port: number, publicPort: number): BulkPorts =>
  port === 0 ? NO_BULK_PORTS : { port, publicPort }

const MAX_PORT = 65_535
/** Addresses of a peer that are tried. */
const MAX_ENDPOINTS = 2

export const bulkPortsSection: ReportSection<BulkPorts> = {
  encode: ({ port, publicPort }) => ({ bulkPort: port, bulkPublicPort: publicPort }),
  check: ({ bulkPort: port, bulkPublicPort: publicPort }) => {
    if (port > MAX_PORT || publicPort > MAX_PORT || (port === 0 && publicPort !== 0)) return undefined
    return { port, publicPort }
  }
}

/**
 * Where a peer takes bulk connections: its port at the addresses of the direct connections with it. A report alone could
 * send this node to anybody's address.
 */
export const bulkEndpoints = (
  connections: ReadonlyArray<Pick<Connection, 'remoteAddr' | 'direction' | 'limits'>>,
  { port, publicPort }: BulkPorts
): Array<{ host: string; port: number }> => {
  if (port === 0) return []
  const found = new Map<string, number>()
  // An address that was dialled is one at which the peer listens.
  const dialledFirst = connections.toSorted((a, b) => rank(a) - rank(b))
  for (const { remoteAddr, limits } of dialledFirst) {
    const endpoint = limits === undefined ? endpointOf(remoteAddr) : undefined
    if (endpoint === undefined) continue
    const atRouter = endpoint.scope === 'public' && publicPort !== 0
    found.set(endpoint.host, atRouter ? publicPort : port)
  }
  return [...found].slice(0, MAX_ENDPOINTS).map(([host, at]) => ({ host, port: at }))
}

const rank = ({ direction }: Pick<Connection, 'direction'>): number => (direction === 'outbound' ? 0 : 1)
