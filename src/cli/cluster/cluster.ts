import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { StatusJson } from '../../gateway/index.ts'
import { createFile, makeFolder } from '../../node/data/files.ts'
import { isAlive } from '../../node/data/lock.ts'
import { readApiFile } from '../api-file.ts'
import { NodeClient } from '../client.ts'
import { aboutPath, CliError, usageError } from '../errors.ts'
import { count } from '../format.ts'
import { signalProcess, spawnDetached, waitForEnd } from './process.ts'
import {
  emptyState,
  livePeers,
  networkFile,
  peerFolder,
  peerLog,
  peerName,
  readState,
  writeState
} from './state.ts'
import { codeFor } from './code.ts'
import type { ClusterCode, ClusterPeer, ClusterState } from './state.ts'

const POLL_MS = 100
/** A peer gets so long to stop cleanly before it is killed, and more for each peer that shares its processor. */
const STOP_TIMEOUT_MS = 10_000
const STOP_MS_PER_PEER = 1_000

export interface ClusterUp {
  readonly folder: string
  /** Peers in all, those that run already included. */
  readonly size: number
  /** Code of a new cluster; else one that fits its size. */
  readonly code?: ClusterCode
  readonly quota?: string
  /** Environment variables of settings for the peers that this call starts, e.g. THHE_REPAIR_GRACE. */
  readonly settings?: Readonly<Record<string, string>>
  /** `host:port` at which peer 1 serves S3. */
  readonly s3?: string
  readonly timeoutMs: number
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal
  readonly onProgress?: (ready: number) => void
}

export interface RunningPeer extends ClusterPeer {
  readonly client: NodeClient
}

/**
 * Starts what does not run yet of peers 1 to `size`, each as a process of its own, and waits until every peer knows
 * all others. When that fails, what was started is ended again.
 */
export const clusterUp = async (up: ClusterUp): Promise<{ peers: RunningPeer[]; code: ClusterCode }> => {
  const state = await openState(up)
  const code = state.code ?? codeFor(up.size)
  if (code.n > up.size) {
    throw usageError(
      `A code of ${code.n} shards needs ${code.n} peers, and the cluster has ${up.size}.`,
      `Start ${code.n + 1} or more: with one to spare, puts go on when one is down.`
    )
  }
  const alive = await livePeers(state)
  await openNetwork(up.folder, code, up.size)
  const missing = Array.from({ length: up.size }, (_, index) => index + 1).filter(
    (number) => !alive.some((peer) => peer.number === number)
  )
  const started: ClusterPeer[] = []
  const start = async (number: number, bootstrap: readonly string[]): Promise<ClusterPeer> => {
    const identity = await spawnDetached(
      peerArguments(up, state, code, number, bootstrap),
      peerLog(up.folder, number),
      up.env,
      up.settings
    )
    const peer = { number, ...identity }
    started.push(peer)
    return peer
  }
  try {
    const [first, ...others] = missing
    const anchor = alive[0] ?? (first === undefined ? undefined : await start(first, []))
    if (anchor === undefined) throw usageError('A cluster needs at least one peer.')
    const bootstrap = await addressesOf(up, anchor)
    const rest = alive.length > 0 ? missing : others
    // All of them before anything else: what is under way when one fails must be ended as well.
    const starts = await Promise.allSettled(rest.map(async (number) => await start(number, bootstrap)))
    for (const one of starts) if (one.status === 'rejected') throw one.reason
    const peers = [...alive, ...started].sort((a, b) => a.number - b.number)
    await writeState(up.folder, { ...state, peers })
    return { peers: await allSeeAll(up, peers), code }
  } catch (error) {
    await endAll(started, 'SIGKILL')
    await writeState(up.folder, { ...state, peers: alive })
    throw error
  }
}

/** Ends every peer: asks, waits, and kills whatever does not listen. @returns those that had to be killed */
export const clusterDown = async (
  folder: string
): Promise<{ stopped: ClusterPeer[]; killed: ClusterPeer[] }> => {
  const state = await existing(folder)
  const stopped = await livePeers(state)
  const killed = await endAll(stopped, 'SIGTERM')
  await writeState(folder, { ...state, peers: [] })
  return { stopped, killed }
}

/** Ends peers without warning, as a power cut would. @throws CliError 'USAGE' when one does not run */
export const clusterKill = async (folder: string, numbers: readonly number[]): Promise<ClusterPeer[]> => {
  const alive = await livePeers(await existing(folder))
  const victims = numbers.map((number) => {
    const peer = alive.find((one) => one.number === number)
    if (peer !== undefined) return peer
    const running = alive.map((one) => one.number).join(', ')
    throw usageError(
      `Peer ${number} does not run.`,
      running === '' ? 'None does.' : `Those that do: ${running}.`
    )
  })
  await endAll(victims, 'SIGKILL')
  return victims
}

/** The cluster in `folder`. @throws CliError 'CLUSTER_STATE' when there is none */
export const existing = async (folder: string): Promise<ClusterState> => {
  const state = await readState(folder)
  if (state !== undefined) return state
  throw new CliError('CLUSTER_STATE', `There is no cluster in ${folder}.`, 'Make one with `thhe cluster up`.')
}

/** A client of a peer of the cluster, as soon as it answers. */
export const clientOf = async (
  { folder, signal, timeoutMs }: Pick<ClusterUp, 'folder' | 'signal' | 'timeoutMs'>,
  peer: ClusterPeer
): Promise<NodeClient> => {
  const deadlineMs = performance.now() + timeoutMs
  for (;;) {
    const file = await readApiFile(peerFolder(folder, peer.number))
    if (file?.pid === peer.pid) {
      const token = (await readFile(file.tokenFile, 'utf8')).trim()
      return new NodeClient({ url: file.url, address: file.url, pid: peer.pid, token, signal })
    }
    if (!(await isAlive(peer))) throw await diedEarly(folder, peer)
    if (performance.now() > deadlineMs) throw tooSlow(timeoutMs, `peer ${peer.number} does not answer`)
    await delay(POLL_MS, undefined, { signal })
  }
}

/** The state of the cluster in the folder, or of a new one. @throws CliError 'USAGE' for another code than it has */
const openState = async ({ folder, quota, code }: ClusterUp): Promise<ClusterState> => {
  const state = await readState(folder)
  if (state === undefined) return emptyState(quota ?? '1GiB', code)
  if (code === undefined || (code.k === state.code?.k && code.n === state.code.n)) return state
  throw usageError(
    `The cluster in ${folder} has its code already.`,
    'Leave out --code-k and --code-n, or name another --dir.'
  )
}

/**
 * Makes the network of a new cluster. Its first peers, up to 25, are its validators; those that are started later follow,
 * and may put with another code than the network's own.
 */
const openNetwork = async (folder: string, code: ClusterCode, size: number): Promise<void> => {
  const { createDescriptor, flatQuorumSet, formatDescriptor, MAX_EVERYBODY_VALIDATES } =
    await import('../../node/network.ts')
  const { futurePeerId } = await import('../../node/data/folder.ts')
  await makeFolder(folder).catch((error: unknown) => {
    throw aboutPath(folder, error)
  })
  if (existsSync(networkFile(folder))) return
  const numbers = Array.from({ length: Math.min(size, MAX_EVERYBODY_VALIDATES) }, (_, index) => index + 1)
  const validators = await Promise.all(
    numbers.map(async (number) => await futurePeerId(peerFolder(folder, number)))
  )
  const descriptor = createDescriptor({ name: 'local cluster', code, quorumSet: flatQuorumSet(validators) })
  const text = formatDescriptor(descriptor)
  await createFile(networkFile(folder), text, 0o600).catch((error: unknown) => {
    throw aboutPath(folder, error)
  })
}

/** Every peer is a failure domain of its own: what a cluster shows is the loss of peers, not of this one machine. */
const peerArguments = (
  { folder, s3 }: ClusterUp,
  { quota }: ClusterState,
  { k, n }: ClusterCode,
  number: number,
  bootstrap: readonly string[]
): string[] => [
  'node',
  ...['--data', peerFolder(folder, number), '--network', networkFile(folder)],
  ...['--listen', '/ip4/127.0.0.1/tcp/0', '--api', '127.0.0.1:0', '--domain', peerName(number)],
  ...['--quota', quota, '--k', String(k), '--n', String(n), '--report-interval', '5s', '--dht', 'server'],
  ...['--no-mdns', '--no-upnp', '--no-autonat', '--no-relay'],
  ...(s3 !== undefined && number === 1 ? ['--s3', s3] : []),
  ...bootstrap.flatMap((address) => ['--bootstrap', address])
]

const allSeeAll = async (up: ClusterUp, peers: readonly ClusterPeer[]): Promise<RunningPeer[]> => {
  const deadlineMs = performance.now() + up.timeoutMs
  let ready = 0
  return await Promise.all(
    peers.map(async (peer) => {
      const client = await clientOf(up, peer)
      for (;;) {
        const status = await statusIfPrompt(client)
        if (status?.ready === true && status.peers.live >= peers.length) break
        if (!(await isAlive(peer))) throw await diedEarly(up.folder, peer)
        if (performance.now() > deadlineMs) {
          const seen = status && `sees ${status.peers.live} of ${count(peers.length, 'peer')}`
          throw tooSlow(up.timeoutMs, `peer ${peer.number} ${seen ?? 'does not answer'}`)
        }
        await delay(POLL_MS, undefined, { signal: up.signal })
      }
      up.onProgress?.(++ready)
      return { ...peer, client }
    })
  )
}

/** Undefined while the peer does not answer: peers that start all at once are slow to. One that was stopped never will. */
const statusIfPrompt = async (client: NodeClient): Promise<StatusJson | undefined> =>
  await client.status().catch((error: unknown) => {
    const { code, data } = error as Partial<CliError>
    if (code === 'NODE_SILENT' && data?.stopped === undefined) return undefined
    throw error
  })

const addressesOf = async (up: ClusterUp, peer: ClusterPeer): Promise<readonly string[]> => {
  const deadlineMs = performance.now() + up.timeoutMs
  const client = await clientOf(up, peer)
  for (;;) {
    const status = await statusIfPrompt(client)
    if (status !== undefined) return status.multiaddrs
    if (performance.now() > deadlineMs) throw tooSlow(up.timeoutMs, `peer ${peer.number} does not answer`)
  }
}

const endAll = async (
  peers: readonly ClusterPeer[],
  signal: 'SIGTERM' | 'SIGKILL'
): Promise<ClusterPeer[]> => {
  const killed: ClusterPeer[] = []
  const timeoutMs = STOP_TIMEOUT_MS + (STOP_MS_PER_PEER * peers.length) / availableParallelism()
  await Promise.all(
    peers.map(async (peer) => {
      await signalProcess(peer, signal)
      if (await waitForEnd(peer, timeoutMs)) return
      killed.push(peer)
      await signalProcess(peer, 'SIGKILL')
      await waitForEnd(peer, timeoutMs)
    })
  )
  return killed
}

const diedEarly = async (folder: string, { number }: ClusterPeer): Promise<CliError> => {
  const path = peerLog(folder, number)
  const text = await readFile(path, 'utf8').catch((error: unknown) => String(error))
  const log = text.trimEnd().split('\n').slice(-12)
  return new CliError('CLUSTER_FAILED', `Peer ${number} ended while it was started:`, `Its log is ${path}.`, {
    log
  })
}

const tooSlow = (timeoutMs: number, what: string): CliError =>
  new CliError(
    'CLUSTER_FAILED',
    `The cluster was not ready after ${timeoutMs / 1000} s: ${what}.`,
    'Start fewer peers, or give it more time with --timeout.'
  )
