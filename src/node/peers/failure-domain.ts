import { CODE_IP4, CODE_IP6, CODE_P2P_CIRCUIT, CODE_TCP, CODE_UDP } from '@multiformats/multiaddr'
import { isLoopback, isPrivate } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'

/**
 * Peers with the same failure domain are expected to fail together: the operator's label, else the /24 (IPv4) or /48
 * (IPv6) of a public address, else the host of a private one, else host and port of a loopback one. Computed from
 * the report alone, so that all peers come to the same answer.
 *
 * @param label - as reported, '' for none
 */
export const failureDomain = (label: string, addresses: readonly Multiaddr[], peer: string): string => {
  if (label !== '') return `label:${label}`
  const direct = addresses.map(endpoint).filter((one) => one !== undefined)
  const best =
    direct.find(({ scope }) => scope === 'public') ??
    direct.find(({ scope }) => scope === 'private') ??
    direct.find(({ scope }) => scope === 'loopback')
  if (best === undefined) return `peer:${peer}`
  if (best.scope === 'public') return subnet(best)
  return best.scope === 'private' ? `host:${best.host}` : `port:${best.host}:${best.port}`
}

interface Endpoint {
  readonly version: 4 | 6
  readonly host: string
  readonly port: string
  readonly scope: 'public' | 'private' | 'loopback'
}

const endpoint = (address: Multiaddr): Endpoint | undefined => {
  const parts = address.getComponents()
  // A relay's address says where the relay is.
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
