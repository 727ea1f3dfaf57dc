/**
 * The network that a connection comes from: the /24 of a public IPv4 address, the /48 of an IPv6 address; a private or
 * loopback address as it is, and one name for all that come through relays.
 *
 * @param address - a multiaddr as text, '/ip4/203.0.113.7/tcp/4001'
 */
export function networkPrefix(address: string): string {
  if (address.includes('/p2p-circuit')) return 'relayed'
  const [, kind, host = ''] = address.split('/')
  if (kind === 'ip4') return isPrivate(host) ? host : `${host.split('.').slice(0, 3).join('.')}/24`
  if (kind === 'ip6') return `${groupsOf(host).slice(0, 3).join(':')}/48`
  return 'other'
}

/**
 * Whether the other end is on this machine or on a local network: addresses that are not routed on the Internet (RFC 1918,
 * 3927, 4193, 4291). A connection over a relay is not local.
 */
export function isLocalAddress(address: string): boolean {
  if (address.includes('/p2p-circuit')) return false
  const [, kind, host = ''] = address.split('/')
  if (kind === 'ip4') return isPrivate(host)
  if (kind !== 'ip6') return false
  const [first, ...rest] = groupsOf(host).map((group) => parseInt(group, 16))
  const isLoopback = first === 0 && rest.slice(0, 6).every((group) => group === 0) && rest[6] === 1
  return isLoopback || (first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfe80
}

const isPrivate = (host: string): boolean =>
  /^(10|127)\.|^192\.168\.|^169\.254\.|^172\.(1[6-9]|2\d|3[01])\./.test(host)

/** The eight groups of an IPv6 address, '::' written out. */
function groupsOf(host: string): string[] {
  const [head, tail] = host.toLowerCase().split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0')
  return [...before, ...(tail === undefined ? [] : zeros), ...after]
}
