import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { readApiFile } from './api-file.ts'
import type { ApiFile } from './api-file.ts'
import type { StatusJson } from '../gateway/index.ts'
import { processState } from '../node/data/lock.ts'
import { NodeClient, silent } from './client.ts'
import type { ClientInit } from './client.ts'
import { clusterFolders } from './cluster/state.ts'
import type { EndpointOptions } from './endpoint.ts'
import { CliError, usageError } from './errors.ts'
import type { Io } from './io.ts'
import { systemReason } from '../node/system-errors.ts'
import { defaultDataFolder } from '../node/config/folders.ts'

/** Where to look for the node, in this order: one that is named is the only one. */
export interface Lookup {
  readonly url?: string
  readonly tokenFile?: string
  /** Data folders whose node will do; the first that answers is taken. */
  readonly folders: readonly string[]
  /** The folder was named by the user: no other will do. */
  readonly named: boolean
}

/** Merges flags over environment over what is on this machine. @throws CliError 'USAGE' */
export const lookupOf = (
  options: EndpointOptions,
  env: NodeJS.ProcessEnv,
  cluster: readonly string[]
): Lookup => {
  const api = options.api ?? nonEmpty(env.THHE_API)
  const data = options.data ?? nonEmpty(env.THHE_DATA)
  const tokenFile = options.tokenFile ?? nonEmpty(env.THHE_TOKEN_FILE)
  if (api !== undefined) {
    return { url: apiUrl(api), tokenFile, folders: [data ?? defaultDataFolder(env)], named: true }
  }
  if (data !== undefined) return { tokenFile, folders: [data], named: true }
  return { tokenFile, folders: [defaultDataFolder(env), ...cluster], named: false }
}

/** A client of the first node that answers. @throws CliError 'NO_NODE' | 'NODE_SILENT' | 'USAGE' and such */
export const findNode = async (options: EndpointOptions, { env, signal }: Io): Promise<NodeClient> =>
  new NodeClient({ ...(await locateNode(options, { env, signal })), signal })

/** What a client of the first node that answers needs. @throws as `findNode` */
export const locateNode = async (
  options: EndpointOptions,
  { env, signal }: Pick<Io, 'env' | 'signal'>
): Promise<Omit<ClientInit, 'signal'>> => {
  const lookup = lookupOf(options, env, await clusterFolders(env))
  if (lookup.url !== undefined) return await nodeAt(lookup, lookup.url, signal)
  const files = (await Promise.all(lookup.folders.map(readApiFile))).filter((file) => file !== undefined)
  const { first, silence } = await firstAnswer(files, signal)
  if (first === undefined) throw silence ?? noNode(lookup)
  const { file, network } = first
  const { url, pid } = file
  const token = await readToken(lookup.tokenFile ?? file.tokenFile)
  // The token lies in the data folder.
  const dataFolder = dirname(file.tokenFile)
  return { url, address: url, pid, token, network, dataFolder }
}

/** The node that the user named by its address. */
const nodeAt = async (
  lookup: Lookup,
  url: string,
  signal: AbortSignal
): Promise<Omit<ClientInit, 'signal'>> => {
  const file = await readApiFile(lookup.folders[0])
  const pid = file !== undefined && new URL(file.url).host === new URL(url).host ? file.pid : undefined
  const init = { url, pid, ...(await tokenFor(lookup, url)) }
  // One that hangs is found out here; later requests may rightly take long.
  const network = await new NodeClient({ ...init, signal }).network()
  return { ...init, network }
}

/** A node that has not answered after so long gets company: the next one is asked as well. */
const NEXT_AFTER_MS = 250

interface FirstAnswer {
  readonly first?: { readonly file: ApiFile; readonly network: StatusJson['network'] }
  /** Why there is none, when a node runs that does not answer. */
  readonly silence?: unknown
}

/** Asks the nodes in their order; the first that is who its file says is taken. */
const firstAnswer = async (files: readonly ApiFile[], signal: AbortSignal): Promise<FirstAnswer> => {
  const { promise, resolve, reject } = Promise.withResolvers<FirstAnswer>()
  let timer: NodeJS.Timeout | undefined
  let next = 0
  let asked = 0
  let silence: unknown
  const askNext = (): void => {
    clearTimeout(timer)
    const file = files[next++]
    if (file === undefined) return asked === 0 ? resolve({ silence }) : undefined
    asked++
    timer = setTimeout(askNext, NEXT_AFTER_MS)
    answers(file, signal).then(
      (network) => {
        asked--
        if (network === undefined) askNext()
        else resolve({ first: { file, network } })
      },
      (error: unknown) => {
        if (signal.aborted) return reject(signal.reason)
        asked--
        silence ??= error
        askNext()
      }
    )
  }
  askNext()
  return await promise.finally(() => clearTimeout(timer))
}

/** The token in the data folder goes only to the node that wrote it there. */
const tokenFor = async (
  { tokenFile, folders }: Lookup,
  url: string
): Promise<{ token?: string; address?: string }> => {
  // The node may know itself by another address, as one in a container does.
  if (tokenFile !== undefined) return { token: await readToken(tokenFile) }
  const file = await readApiFile(folders[0])
  return file !== undefined && new URL(file.url).host === new URL(url).host
    ? { token: await readToken(file.tokenFile), address: file.url }
    : {}
}

const readToken = async (path: string): Promise<string> => {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    const why = systemReason(error) ?? (error as Error).message
    throw new CliError('BAD_TOKEN_FILE', `Cannot read the node's token from ${path}: ${why}.`)
  }
}

/**
 * A file may outlive a node that was killed, and its port may be another's by now.
 *
 * @returns the network of the node of the file; undefined when it does not answer there
 * @throws CliError 'NODE_SILENT'
 */
const answers = async (
  { url, peerId, pid }: ApiFile,
  signal: AbortSignal
): Promise<StatusJson['network'] | undefined> => {
  if ((await processState(pid)) === 'T') throw silent(url, pid)
  try {
    const claims = await new NodeClient({ url, pid, signal }).claims()
    return claims.peerId === peerId ? claims.network : undefined
  } catch (error) {
    if (signal.aborted || (error as Partial<CliError>).code === 'NODE_SILENT') throw error
    return undefined
  }
}

const noNode = ({ named, folders }: Lookup): CliError =>
  named
    ? new CliError(
        'NO_NODE',
        `No node runs on the data folder ${folders[0]}.`,
        `Start it with \`thhe node --data ${folders[0]}\`, or name another.`
      )
    : new CliError(
        'NO_NODE',
        'No node runs on this machine.',
        'Start one with `thhe node`, or a local cluster with `thhe cluster up`, or name one elsewhere with --api.'
      )

/** Accepts what the node's own --api takes, HOST:PORT, and a URL. */
const apiUrl = (text: string): string => {
  const url = URL.canParse(text) && /^https?:/.test(text) ? new URL(text) : urlOfHost(text)
  if (url?.protocol !== 'http:' || url.pathname !== '/' || url.search !== '' || url.username !== '') {
    throw usageError(`"${text}" is no address of a node.`, 'Write HOST:PORT or http://HOST:PORT.')
  }
  return url.origin
}

const urlOfHost = (text: string): URL | undefined =>
  /^(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}$/.test(text) && URL.canParse(`http://${text}`)
    ? new URL(`http://${text}`)
    : undefined

const nonEmpty = (text: string | undefined): string | undefined => (text === '' ? undefined : text)
