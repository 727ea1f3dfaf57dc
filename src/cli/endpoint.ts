import type { Argv, InferredOptionTypes } from 'yargs'
import type { NodeClient } from './client.ts'
import type { Io } from './io.ts'

/** Heading of these options in the help. */
export const ENDPOINT_GROUP = 'Which node:'

const OPTIONS = {
  api: {
    type: 'string',
    requiresArg: true,
    group: ENDPOINT_GROUP,
    describe: 'Address of the node’s HTTP interface, HOST:PORT or URL [THHE_API]'
  },
  'token-file': {
    type: 'string',
    requiresArg: true,
    group: ENDPOINT_GROUP,
    describe: 'File with the node’s token, when the node’s data folder is elsewhere [THHE_TOKEN_FILE]'
  },
  data: {
    type: 'string',
    requiresArg: true,
    group: ENDPOINT_GROUP,
    describe: 'Data folder of the node [THHE_DATA]'
  }
} as const

/** Options of every command that talks to a node. */
export const withEndpoint = <T>(yargs: Argv<T>): Argv<T & InferredOptionTypes<typeof OPTIONS>> =>
  yargs.options(OPTIONS) as Argv<unknown> as Argv<T & InferredOptionTypes<typeof OPTIONS>>

export interface EndpointOptions {
  readonly api?: string
  readonly tokenFile?: string
  readonly data?: string
}

/** A client of the node that the options, the environment or this machine name. @throws CliError 'NO_NODE' and such */
export const connect = async (options: EndpointOptions, io: Io): Promise<NodeClient> =>
  await (await import('./find-node.ts')).findNode(options, io)
