import { readFile } from 'node:fs/promises'
import { readApiFile } from './api-file.ts'
import type { ApiFile } from './api-file.ts'
import { NodeClient } from './client.ts'
import { clusterFolders } from './cluster/state.ts'
import type { EndpointOptions } from './endpoint.ts'
import { CliError, usageError } from './errors.ts'
import type { Io } from './io.ts'
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

/** A client of the first node that answers. @throws CliError 'NO_NODE' | 'USAGE' */
export const findNode = async (options: EndpointOptions, { env, signal }: Io): Promise<NodeClient> => {
  const lookup = lookupOf(options, env, await clusterFolders(env))
  if (lookup.url !== undefined) {
    return new NodeClient({ url: lookup.url, ...(await tokenFor(lookup, lookup.url)), signal })
  }
  for (const folder of lookup.folders) {
    const file = await readApiFile(folder)
    if (file === undefined || !(await answers(file, signal))) continue
    return new NodeClient({
      url: file.url,
      address: file.url,
      token: await readToken(lookup.tokenFile ?? file.tokenFile),
      signal
    })
  }
  throw noNode(lookup)
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
    throw usageError(
      `Cannot read the node's token: ${(error as Error).message}.`,
      'Run as the user who runs the node, or name a copy of its api-token with --token-file.'
    )
  }
}

/** A file may outlive a node that was killed, and its port may be another's by now. */
const answers = async ({ url, peerId }: ApiFile, signal: AbortSignal): Promise<boolean> => {
  try {
    return (await new NodeClient({ url, signal }).status()).peerId === peerId
  } catch {
    signal.throwIfAborted()
    return false
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
