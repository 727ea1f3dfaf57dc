import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder, replaceFile } from '../../node/data/files.ts'
import { isAlive } from '../../node/data/lock.ts'
import type { ProcessIdentity } from '../../node/data/lock.ts'
import { aboutPath, CliError } from '../errors.ts'
import { defaultClusterFolder } from '../paths.ts'

const FORMAT = 'thhe-cluster/1'
const FILE = 'cluster.json'

/** One peer of a local cluster: a process of its own with a data folder of its own. */
export interface ClusterPeer extends ProcessIdentity {
  /** From 1. */
  readonly number: number
}

export interface ClusterCode {
  readonly k: number
  readonly n: number
}

export interface ClusterState {
  readonly format: typeof FORMAT
  /** Disk space that each peer lends, as --quota takes it. */
  readonly quota: string
  /** Code that the user asked for; without it each peer is given one that fits the size of the cluster. */
  readonly code?: ClusterCode
  readonly peers: readonly ClusterPeer[]
}

export const emptyState = (quota: string, code?: ClusterCode): ClusterState => ({
  format: FORMAT,
  quota,
  ...(code && { code }),
  peers: []
})

/** Undefined when there is no cluster in the folder. @throws CliError 'CLUSTER_STATE' */
export const readState = async (folder: string): Promise<ClusterState | undefined> => {
  const path = join(folder, FILE)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw aboutPath(folder, error)
  })
  if (text === undefined) return undefined
  const state = parse(text)
  if (state !== undefined) return state
  throw new CliError(
    'CLUSTER_STATE',
    `${path} does not describe a cluster.`,
    'End its processes by hand if any run, and remove the folder.'
  )
}

export const writeState = async (folder: string, state: ClusterState): Promise<void> => {
  try {
    await makeFolder(folder)
    await replaceFile(join(folder, FILE), `${JSON.stringify(state, null, 2)}\n`, 0o600)
  } catch (error) {
    throw aboutPath(folder, error)
  }
}

export const peerName = (number: number): string => `peer-${String(number).padStart(2, '0')}`
/** The highest number of a peer with a data folder there; 0 where there is none. */
export const largestPeer = async (folder: string): Promise<number> => {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return []
    throw aboutPath(folder, error)
  })
  return Math.max(0, ...names.map((name) => Number(/^peer-(\d+)$/.exec(name)?.[1] ?? 0)))
}

export const peerFolder = (folder: string, number: number): string => join(folder, peerName(number))
export const peerLog = (folder: string, number: number): string => join(folder, `${peerName(number)}.log`)
export const networkFile = (folder: string): string => join(folder, 'network.json')

/** The peers whose process runs. */
export const livePeers = async ({ peers }: ClusterState): Promise<ClusterPeer[]> => {
  const alive = await Promise.all(peers.map(isAlive))
  return peers.filter((_, index) => alive[index])
}

/** Data folders of the live peers of the cluster that commands without --dir mean; none when none is up. */
export const clusterFolders = async (env: NodeJS.ProcessEnv): Promise<string[]> => {
  const folder = defaultClusterFolder(env)
  const state = await readState(folder)
  if (state === undefined) return []
  return (await livePeers(state)).map(({ number }) => peerFolder(folder, number))
}

const parse = (text: string): ClusterState | undefined => {
  try {
    const { format, quota, code, peers } = JSON.parse(text) as ClusterState
    if (format !== FORMAT || typeof quota !== 'string' || !peers.every(isPeer)) return undefined
    if (code !== undefined && !(code.k >= 1 && code.n >= code.k)) return undefined
    return { ...emptyState(quota, code), peers }
  } catch {
    return undefined
  }
}

/** Whatever the file says, no signal may ever go to process 1, a group (0, negative) or everybody (-1). */
const isPeer = ({ number, pid, startTicks }: ClusterPeer): boolean =>
  Number.isSafeInteger(number) &&
  number >= 1 &&
  Number.isSafeInteger(pid) &&
  pid > 1 &&
  typeof startTicks === 'string'
