import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { BlockList, connect, createServer, isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { StatusJson } from '../../gateway/index.ts'
import { portHolder } from './port-holder.ts'
import type { Finding } from './finding.ts'

const UPNP_ANSWER_MS = 1500
const CONNECT_MS = 1000

/** One address of --listen or --api that a port is bound for. */
export interface Port {
  readonly transport: 'tcp' | 'udp'
  readonly host: string
  readonly port: number
}

/** The port of '/ip4/0.0.0.0/tcp/4701' and the like; undefined for an address without one. */
export const portOf = (multiaddr: string): Port | undefined => {
  const match = /^\/ip[46]\/([^/]+)\/(tcp|udp)\/(\d+)(?:\/|$)/.exec(multiaddr)
  if (match === null) return undefined
  return { transport: match[2] as Port['transport'], host: match[1], port: Number(match[3]) }
}

/** The port of an --api, HOST:PORT. */
export const portOfApi = (api: string): Port => {
  const { hostname, port } = new URL(`tcp://${api}`)
  return { transport: 'tcp', host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) }
}

/** Whether the ports of --listen and --api can be had; not asked while a node has them. */
export const checkPorts = async (listen: readonly string[], api: string): Promise<readonly Finding[]> =>
  await Promise.all(
    [...listen.map(portOf), portOfApi(api)]
      .filter((port) => port !== undefined && port.port !== 0)
      .map(async (port) => await checkPort(port as Port))
  )

/** Who listens at an address of this machine, for a person; undefined when nobody does. */
export const listenerAt = async (url: string): Promise<string | undefined> => {
  const { host, port } = portOfApi(new URL(url).host)
  const socket = connect({ host, port })
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_MS) })
  } catch {
    // Refused, or too slow for a listener on this machine.
    return undefined
  } finally {
    socket.destroy()
  }
  return await programAt('tcp', port)
}

const programAt = async (transport: Port['transport'], port: number): Promise<string> => {
  const holder = await portHolder(transport, port)
  return holder === undefined ? 'another program' : `another program (${holder.name}, process ${holder.pid})`
}

const checkPort = async ({ transport, host, port }: Port): Promise<Finding> => {
  const check = `port ${port}/${transport}`
  try {
    if (transport === 'tcp') {
      const server = createServer().listen({ host, port, exclusive: true })
      await once(server, 'listening')
      server.close()
    } else {
      const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
      socket.bind({ address: host, port, exclusive: true })
      await once(socket, 'listening')
      socket.close()
    }
    return { check, state: 'good', detail: 'free to listen on' }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const advice =
      code === 'EACCES'
        ? 'Ports under 1024 need privileges: choose higher ones with --listen.'
        : 'Choose another port with --listen, --api for the interface, or end what has it.'
    return {
      check,
      state: 'bad',
      detail: code === 'EADDRINUSE' ? `taken by ${await programAt(transport, port)}` : message,
      advice
    }
  }
}

/** Whether others can reach this machine: by a public address, else through a router that forwards ports. */
export const checkReachability = async (status: StatusJson | undefined): Promise<readonly Finding[]> => {
  const addresses = publicAddresses()
  if (addresses.length > 0) {
    const detail = `this machine has the public address ${addresses.join(', ')}`
    const advice = 'See that a firewall lets the listening ports in.'
    return [{ check: 'NAT', state: 'good', detail, advice }]
  }
  const relayed = status?.multiaddrs.some((address) => address.includes('/p2p-circuit'))
  const relay: Finding = {
    check: 'relay',
    state: 'note',
    detail: relayed === true ? 'the node can be reached through a relay' : 'not reached through a relay now'
  }
  return [await checkUpnp(), ...(status === undefined ? [] : [relay])]
}

const checkUpnp = async (): Promise<Finding> => {
  const check = 'NAT'
  const router = await findUpnpRouter()
  if (router !== undefined) {
    return { check, state: 'good', detail: `behind a NAT; the router at ${router} forwards ports by UPnP` }
  }
  return {
    check,
    state: 'weak',
    detail: 'behind a NAT, and no router answers to UPnP',
    advice:
      'Forward the listening ports by hand and name the outer address with --announce; ' +
      'without that peers reach this one through a relay and by hole punching, which is slower.'
  }
}

/** UPnP Device Architecture 2.0, section 1.3.2: a search by multicast for gateway devices. */
const findUpnpRouter = async (): Promise<string | undefined> => {
  const search = [
    'M-SEARCH * HTTP/1.1',
    'HOST: 239.255.255.250:1900',
    'MAN: "ssdp:discover"',
    'MX: 1',
    'ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1',
    '',
    ''
  ].join('\r\n')
  const socket = createSocket('udp4')
  try {
    const answered = once(socket, 'message', { signal: AbortSignal.timeout(UPNP_ANSWER_MS) })
    socket.send(search, 1900, '239.255.255.250', () => {})
    const [, { address }] = (await answered) as [Buffer, { address: string }]
    return address
  } catch {
    return undefined
  } finally {
    socket.close()
  }
}

/** IANA's special-purpose address registries (RFC 6890): addresses that mean nothing on the Internet. */
const NOT_PUBLIC = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['240.0.0.0', 4]
] as const) {
  NOT_PUBLIC.addSubnet(network, prefix, 'ipv4')
}
for (const [network, prefix] of [
  ['::1', 128],
  ['2001:db8::', 32],
  ['fc00::', 7],
  ['fe80::', 10]
] as const) {
  NOT_PUBLIC.addSubnet(network, prefix, 'ipv6')
}

export const isPublic = (address: string): boolean =>
  !NOT_PUBLIC.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')

const publicAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => address)
    .filter(isPublic)
