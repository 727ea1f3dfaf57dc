// A private network on loopback for the benches: peers in processes of their own and one client, which lends no
// storage, in this process.
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  configWith,
  createDescriptor,
  createNode,
  formatDescriptor,
  silentLogger
} from '../src/node/index.ts'
import type { Node, NodeConfig } from '../src/node/index.ts'

export interface BenchCluster {
  readonly client: Node
  /** Starts another node in this process, which lends no storage and knows every peer. */
  startReader: () => Promise<Node>
  /** Milliseconds from the start of a peer's process to its being ready, one a peer. */
  readonly startMillis: readonly number[]
  /** Largest resident set so far of any peer process, bytes. */
  peakPeerRssBytes: () => Promise<number>
  /** Milliseconds of processor time of all peer processes so far. */
  peerCpuMillis: () => Promise<number>
  stop: () => Promise<void>
}

export interface BenchClusterInit {
  readonly folder: string
  readonly peers: number
  readonly k: number
  readonly n: number
  /** For every node, besides those that keep a bench quiet. */
  readonly settings?: Partial<NodeConfig>
}

const QUIET: Partial<NodeConfig> = {
  listen: ['/ip4/127.0.0.1/tcp/0'],
  mdns: false,
  upnp: false,
  autonat: false,
  relay: false,
  reportInterval: 5000,
  quota: 64 * 2 ** 30
}

export const startCluster = async ({
  folder,
  peers,
  k,
  n,
  settings
}: BenchClusterInit): Promise<BenchCluster> => {
  const network = join(folder, 'network.json')
  await writeFile(network, formatDescriptor(createDescriptor({ name: 'bench', code: { k, n } })))

  const children: ChildProcess[] = []
  const startMillis: number[] = []
  const bootstrap: string[] = []
  for (let index = 0; index < peers; index++) {
    const peerSettings = { ...QUIET, ...settings, network, bootstrap, data: join(folder, `peer-${index}`) }
    const started = performance.now()
    const child = fork(fileURLToPath(new URL('./peer.ts', import.meta.url)), [JSON.stringify(peerSettings)], {
      // as `thhe cluster` and the container start a node
      env: { MALLOC_ARENA_MAX: '2', ...process.env }
    })
    children.push(child)
    const [{ address }] = (await once(child, 'message')) as [{ address: string }]
    startMillis.push(performance.now() - started)
    if (index === 0) bootstrap.push(address)
  }

  const clients: Node[] = []
  const startClient = async (name: string): Promise<Node> => {
    const node = await createNode(
      configWith({ ...QUIET, ...settings, network, bootstrap, data: join(folder, name), storage: false }),
      { logger: silentLogger }
    )
    clients.push(node)
    await node.start()
    while (node.peers().filter((peer) => peer.live && !peer.self && peer.capacityBytes > 0).length < peers) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return node
  }
  return {
    client: await startClient('client'),
    startReader: async () => await startClient('reader'),
    startMillis,
    peakPeerRssBytes: async () =>
      Math.max(...(await Promise.all(children.map(({ pid }) => peakRssBytes(pid!))))),
    peerCpuMillis: async () =>
      (await Promise.all(children.map(({ pid }) => cpuMillis(pid!)))).reduce((sum, one) => sum + one, 0),
    stop: async () => {
      for (const node of clients) await node.stop()
      for (const child of children) {
        child.send('stop')
        if (child.exitCode === null) await once(child, 'exit')
      }
    }
  }
}

/** High-water mark of a process's resident set, from /proc (Linux), in bytes. */
export const peakRssBytes = async (pid: number | 'self'): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024
}

/** Clock ticks a second of /proc, the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

/** Processor time of a process with all its threads, from /proc (Linux). */
const cpuMillis = async (pid: number): Promise<number> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND
}
