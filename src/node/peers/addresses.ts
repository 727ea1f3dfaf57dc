// A section of the report: where this peer can be dialled.
import { isLoopback } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { ReportSection } from './report-sections.ts'

export const ADDRESS_LIMITS = { multiaddrs: 16, multiaddrBytes: 256 } as const

export const addressesSection: ReportSection<readonly Multiaddr[]> = {
  encode: (addresses) => ({
    multiaddrs: addresses
      .map((address) => Uint8Array.from(address.bytes))
      .filter(({ byteLength }) => byteLength <= ADDRESS_LIMITS.multiaddrBytes)
      .slice(0, ADDRESS_LIMITS.multiaddrs)
  }),
  check: ({ multiaddrs }) => {
    if (multiaddrs.some(({ byteLength }) => byteLength > ADDRESS_LIMITS.multiaddrBytes)) return undefined
    try {
      return multiaddrs.map((bytes) => multiaddr(bytes))
    } catch {
      // Bytes that are no multiaddr break the rules.
      return undefined
    }
  }
}

/** Addresses without the peer id, which the report has already. Loopback ones only where there are no others. */
export const reportableAddresses = (addresses: readonly Multiaddr[]): Multiaddr[] => {
  const bare = addresses.map((address) => multiaddr(address.toString().replace(/\/p2p\/[^/]+$/, '')))
  const others = bare.filter((address) => !isLoopback(address))
  return others.length > 0 ? others : bare
}
