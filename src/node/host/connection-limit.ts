import { setMaxListeners } from 'node:events'
import { endpointOf } from '../peers/failure-domain.ts'
import type { Connection, Libp2p, PeerId } from '@libp2p/interface'

/** TCP, QUIC and WebSocket, and one more if both ends dial each other. */
const MAX_CONNECTIONS_PER_PEER = 4
/** Minimum age before a connection is closed in favour of another: long enough for identify. */
const GRACE_MS = 10_000
const CLOSE_DEADLINE_MS = 1_000

/** Value of a connection to this node. A proven one is never closed in favour of a newcomer. */
export const WORTH = { stranger: 0, member: 1, reached: 2, proven: 3 } as const
export type Worth = (typeof WORTH)[keyof typeof WORTH]

export interface ConnectionLimitInit {
  /** Limit over all peers. Connections that this node made count, but are not closed. */
  readonly maxConnections: number
  readonly worth: (peer: PeerId) => Worth
  /** Connections of the bulk channel, which count as well. An idle one is the first to be closed. */
  readonly bulk?: { readonly size: number; endIdle: () => boolean }
  /** Milliseconds since the Unix epoch. @default Date.now */
  readonly nowMs?: () => number
  /** Uniform in [0, 1). @default Math.random */
  readonly random?: () => number
}

/**
 * Limits inbound connections. One peer has at most four. When all slots are taken, a newcomer replaces the connection with
 * the lowest worth; of equals, one from the address with the most connections. So neither one key nor one machine with
 * many keys can lock others out. libp2p alone would refuse every newcomer, and never prunes a connection with an open
 * stream, which with gossip is every connection.
 */
export const limitConnections = (
  host: Pick<Libp2p, 'addEventListener' | 'getConnections'>,
  init: ConnectionLimitInit
): void => {
  host.addEventListener('connection:open', ({ detail: connection }) => {
    if (connection.direction !== 'inbound') return
    const open = host.getConnections().filter(({ status }) => status === 'open')
    const victim = surplusOfPeer(connection, open) ?? surplusOfAll(connection, open, init)
    if (victim !== undefined) close(victim)
  })
}

/** The oldest inbound connection of a peer that has too many. */
const surplusOfPeer = ({ remotePeer }: Connection, open: readonly Connection[]): Connection | undefined => {
  const own = open.filter((one) => one.direction === 'inbound' && one.remotePeer.equals(remotePeer))
  if (own.length <= MAX_CONNECTIONS_PER_PEER) return undefined
  return own.reduce((oldest, one) => (one.timeline.open < oldest.timeline.open ? one : oldest))
}

const surplusOfAll = (
  newcomer: Connection,
  open: readonly Connection[],
  { maxConnections, worth, bulk, nowMs = Date.now, random = Math.random }: ConnectionLimitInit
): Connection | undefined => {
  if (open.length + (bulk?.size ?? 0) <= maxConnections) return undefined
  if (bulk?.endIdle() === true) return undefined
  const inbound = open.filter((one) => one.direction === 'inbound')
  const crowd = new Map<string, number>()
  for (const one of inbound) crowd.set(addressKey(one), (crowd.get(addressKey(one)) ?? 0) + 1)
  const others = inbound.filter((one) => one !== newcomer)
  const settled = others.filter((one) => nowMs() - one.timeline.open >= GRACE_MS)
  // If none is settled, many arrived at once: those from the most crowded address are most likely one peer.
  const candidates = (settled.length > 0 ? settled : others).filter(
    (one) => worth(one.remotePeer) < WORTH.proven
  )
  if (candidates.length === 0) return newcomer
  const leastWorth = Math.min(...candidates.map((one) => worth(one.remotePeer)))
  const least = candidates.filter((one) => worth(one.remotePeer) === leastWorth)
  const mostCrowded = Math.max(...least.map((one) => crowd.get(addressKey(one)) ?? 0))
  const last = least.filter((one) => crowd.get(addressKey(one)) === mostCrowded)
  return last[Math.floor(random() * last.length)]
}

/** A site has as many addresses in its /64 as it likes. */
const addressKey = ({ remoteAddr }: Connection): string => {
  const endpoint = endpointOf(remoteAddr)
  if (endpoint === undefined) return remoteAddr.toString()
  return siteOf(endpoint.host)
}

/** Groups IP addresses that one attacker may have: an IPv4 address alone, an IPv6 address with its /64. */
export const siteOf = (host: string): string => (host.includes(':') ? prefix64(host) : host)

const prefix64 = (host: string): string => {
  const [head = '', tail] = host.split('::')
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0')
  return [...first, ...zeros, ...last].slice(0, 4).join(':').toLowerCase()
}

const close = (connection: Connection): void => {
  const signal = AbortSignal.timeout(CLOSE_DEADLINE_MS)
  setMaxListeners(0, signal)
  connection.close({ signal }).catch((error: Error) => connection.abort(error))
}
