import { CODE_IP4, CODE_IP6, CODE_P2P_CIRCUIT, CODE_TCP, CODE_UDP } from '@multiformats/multiaddr'
import { isLoopback, isPrivate } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'

/** The IP address and port of a multiaddr that leads to the peer itself, not to a relay. */
export interface Endpoint {
  readonly version: 4 | 6
  readonly host: string
  readonly port: string
  readonly scope: 'public' | 'private' | 'loopback'
}

/** @returns undefined for an address through a relay, and for one without an IP address */
export const endpointOf = (address: Multiaddr): Endpoint | undefined => {
  const parts = address.getComponents()
  // A relayed address shows where the relay is.
  if (parts.some(({ code }) => code === CODE_P2P_CIRCUIT)) return undefined
  const ip = parts.find(({ code }) => code === CODE_IP4 || code === CODE_IP6)
  if (ip?.value === undefined) return undefined
  return {
    version: ip.code === CODE_IP4 ? 4 : 6,
    host: ip.value,
    port: parts.find(({ code }) => code === CODE_TCP || code === CODE_UDP)?.value ?? '0',
    scope: isLoopback(address) ? 'loopback' : isPrivate(address) ? 'private' : 'public'
  }
}

/**
 * Where a peer is, as this node has observed it: the /24 (IPv4) or /48 (IPv6) of a public address, the host of a private
 * one. For a peer at a loopback address, which reveals nothing, its claims count.
 *
 * @param observed - the remote address of a direct connection with the peer
 * @param claims - the addresses of its report
 */
export const observedDomain = (observed: Multiaddr, claims: readonly Multiaddr[], peer: string): string => {
  const endpoint = endpointOf(observed)
  if (endpoint === undefined) return `peer:${peer}`
  return endpoint.scope === 'loopback' ? claimedDomain([...claims, observed], peer) : domainOf(endpoint)
}

/** The domain of claimed addresses: prefers public ones, then private ones. For loopback addresses it is the port. */
export const claimedDomain = (claims: readonly Multiaddr[], peer: string): string => {
  const direct = claims.map(endpointOf).filter((one) => one !== undefined)
  const best =
    direct.find(({ scope }) => scope === 'public') ??
    direct.find(({ scope }) => scope === 'private') ??
    direct.find(({ scope }) => scope === 'loopback')
  return best === undefined ? `peer:${peer}` : domainOf(best)
}

const domainOf = (endpoint: Endpoint): string => {
  if (endpoint.scope === 'public') return subnet(endpoint)
  return endpoint.scope === 'private' ? `host:${endpoint.host}` : `port:${endpoint.host}:${endpoint.port}`
}

const subnet = ({ version, host }: Endpoint): string =>
  version === 4
    ? `net:${host.split('.').slice(0, 3).join('.')}/24`
    : `net:${groups(host).slice(0, 3).join(':')}/48`

/** The eight groups of an IPv6 address, without leading zeros (RFC 4291, section 2.2). */
const groups = (host: string): string[] => {
  const [head, tail] = host.split('::').map((part) => (part === '' ? [] : part.split(':')))
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0')
  return [...head, ...zeros, ...(tail ?? [])].map((group) => group.replace(/^0+(?=.)/, '').toLowerCase())
}
