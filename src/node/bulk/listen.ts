import { CODE_IP4, CODE_IP6, CODE_TCP, multiaddr } from '@multiformats/multiaddr'

/** Distance from the first TCP port of `listen`: the port between them is WebSocket's by default. */
const PORT_DISTANCE = 2

export interface BulkListen {
  /** IP addresses; none to dial only. */
  readonly hosts: readonly string[]
  /** 0: a free one. */
  readonly port: number
  /** Whether a free port will do where `port` is taken. */
  readonly orFree: boolean
}

/**
 * Where the bulk channel listens: on the IP addresses where the node listens by TCP.
 *
 * @param listen - multiaddrs
 * @param port - the user's choice
 */
export const bulkListen = (listen: readonly string[], port: number | undefined): BulkListen => {
  const hosts = new Set<string>()
  let first: number | undefined
  for (const address of listen) {
    const [ip, transport, ...more] = multiaddr(address).getComponents()
    const isIp = ip?.code === CODE_IP4 || ip?.code === CODE_IP6
    if (!isIp || transport?.code !== CODE_TCP || more.length > 0) continue
    hosts.add(ip.value as string)
    first ??= Number(transport.value)
  }
  const beside =
    first === undefined || first === 0 || first > 65_535 - PORT_DISTANCE ? 0 : first + PORT_DISTANCE
  return { hosts: [...hosts], port: port ?? beside, orFree: port === undefined }
}
