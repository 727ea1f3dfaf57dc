import { readdir, readFile, readlink } from 'node:fs/promises'

/** A process that has a port. */
export interface PortHolder {
  readonly pid: number
  readonly name: string
}

/** Sockets in this state of /proc/net/tcp wait for connections; those of /proc/net/udp are bound. */
const LISTENING = { tcp: '0A', udp: '07' } as const

/**
 * The process that listens on a port of this machine, as far as the system lets this user see it: Linux, and processes of
 * the same user, or all of them for root. Undefined otherwise.
 *
 * Follows proc_net_tcp.txt of the Linux kernel: the second column is the local address, the fourth the state, the tenth the
 * inode of the socket.
 */
export const portHolder = async (transport: 'tcp' | 'udp', port: number): Promise<PortHolder | undefined> => {
  const tables = [`/proc/net/${transport}`, `/proc/net/${transport}6`]
  const texts = await Promise.all(tables.map(async (path) => (await read(path)) ?? ''))
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0')
  const inodes = new Set(
    texts
      .flatMap((text) => text.trim().split('\n').slice(1))
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => local?.endsWith(`:${hexPort}`) && state === LISTENING[transport])
      .map((columns) => `socket:[${columns[9]}]`)
  )
  if (inodes.size === 0) return undefined
  const pids = (await unlessHidden(readdir('/proc'))) ?? []
  for (const pid of pids.filter((name) => /^\d+$/.test(name))) {
    const files = (await unlessHidden(readdir(`/proc/${pid}/fd`))) ?? []
    const targets = await Promise.all(
      files.map(async (file) => await unlessHidden(readlink(`/proc/${pid}/fd/${file}`)))
    )
    if (targets.some((target) => target !== undefined && inodes.has(target))) {
      return { pid: Number(pid), name: ((await read(`/proc/${pid}/comm`)) ?? '').trim() }
    }
  }
  return undefined
}

const read = async (path: string): Promise<string | undefined> => await unlessHidden(readFile(path, 'utf8'))

/** Undefined for what this user may not see, for a process that has ended, and on a system without /proc. */
const unlessHidden = async <T>(reading: Promise<T>): Promise<T | undefined> =>
  await reading.catch((error: unknown) => {
    if (typeof (error as NodeJS.ErrnoException).code === 'string') return undefined
    throw error
  })
