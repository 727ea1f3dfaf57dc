import { hintOf } from '../gateway/problem.ts'
import { Interrupted } from './io.ts'

/** What the process ends with; docs/reference/cli.md lists them from here. */
export const EXIT_CODES = {
  ok: [0, 'done'],
  unexpected: [1, 'something unexpected: a fault of thhe or of the system'],
  usage: [2, 'the command line, a setting or a local file is not right'],
  notFound: [3, 'nobody who answered knows the object'],
  notEnough: [4, 'too few shards or peers are left or up'],
  noNode: [5, 'no node runs here, or it cannot be reached or does not let us in'],
  link: [6, 'the link is malformed or of another network, or its key is missing or wrong'],
  noRoom: [7, 'a quota or a disk is full'],
  damaged: [8, 'what peers sent cannot be used'],
  tryLater: [9, 'peers did not answer in time'],
  interrupted: [130, 'broken off by Ctrl-C (143 by SIGTERM)'],
  brokenPipe: [141, 'whoever read our output went away']
} as const satisfies Record<string, readonly [code: number, meaning: string]>

export type ExitReason = keyof typeof EXIT_CODES

const REASONS: Readonly<Record<string, ExitReason>> = {
  NOT_FOUND: 'notFound',
  NOT_ENOUGH_SHARDS: 'notEnough',
  NOT_ENOUGH_PEERS: 'notEnough',
  NOT_DURABLE: 'notEnough',
  NO_NODE: 'noNode',
  NODE_UNREACHABLE: 'noNode',
  NODE_GONE: 'noNode',
  NOT_A_NODE: 'noNode',
  WRONG_NODE: 'noNode',
  UNAUTHORIZED: 'noNode',
  FOREIGN_HOST: 'noNode',
  NOT_RUNNING: 'noNode',
  ABORTED: 'noNode',
  BAD_LINK: 'link',
  WRONG_NETWORK: 'link',
  BAD_KEY: 'link',
  WRONG_KEY: 'link',
  QUOTA: 'noRoom',
  QUOTA_EXCEEDED: 'noRoom',
  DISK_FULL: 'noRoom',
  ENOSPC: 'noRoom',
  EDQUOT: 'noRoom',
  CORRUPT: 'damaged',
  TRUNCATED: 'damaged',
  BAD_MANIFEST: 'damaged',
  NOT_SEALED: 'damaged',
  BAD_PLACEMENT: 'damaged',
  PROTOCOL: 'damaged',
  TIMEOUT: 'tryLater',
  UNREACHABLE: 'tryLater',
  REMOTE: 'tryLater',
  EPIPE: 'brokenPipe',
  USAGE: 'usage',
  NO_SUCH_FILE: 'usage',
  IS_DIRECTORY: 'usage',
  NOT_A_FILE: 'usage',
  FILE_EXISTS: 'usage',
  FILE_CHANGED: 'usage',
  CLUSTER_STATE: 'usage',
  BAD_REQUEST: 'usage',
  PRECONDITION_FAILED: 'unexpected',
  UNSUPPORTED_ENCODING: 'unexpected',
  NAME_TOO_LONG: 'usage',
  BAD_CODE_PARAMETERS: 'usage',
  BAD_RANGE: 'usage',
  UNSATISFIABLE_RANGE: 'usage',
  BAD_LEASE: 'usage',
  UNKNOWN_KEY: 'usage',
  BAD_VALUE: 'usage',
  CONFLICT: 'usage',
  BAD_FILE: 'usage',
  BAD_TENSOR: 'usage',
  BAD_PRIORITIES: 'usage',
  NOT_A_TENSOR: 'usage',
  IS_TENSOR: 'usage',
  UNSUPPORTED: 'usage',
  TOO_LARGE: 'usage',
  BAD_DESCRIPTOR: 'usage',
  DATA_FOLDER_IN_USE: 'usage',
  UNSAFE_FILE_MODE: 'usage',
  BAD_KEY_FILE: 'usage',
  OTHER_NETWORK: 'usage',
  BAD_NETWORK_FILE: 'usage',
  CANNOT_LISTEN: 'usage',
  ENOENT: 'usage',
  EACCES: 'usage',
  EPERM: 'usage',
  EISDIR: 'usage',
  ENOTDIR: 'usage'
}

/** A failure with its next step: found here, or told by the node. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: string
  readonly hint: string
  readonly data: Readonly<Record<string, unknown>>

  constructor(code: string, message: string, hint: string, data: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.code = code
    this.hint = hint
    this.data = data
  }
}

/** The command line itself is wrong. */
export const usageError = (message: string, hint = 'Add --help to see what there is.'): CliError =>
  new CliError('USAGE', message, hint)

const codeOf = (error: unknown): string => {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : 'UNEXPECTED'
}

const hintFor = (error: unknown): string => (error as Partial<CliError>).hint ?? hintOf(codeOf(error)) ?? ''

export const exitCodeOf = (error: unknown): number => {
  if (error instanceof Interrupted) return error.cause === 'SIGTERM' ? 143 : EXIT_CODES.interrupted[0]
  const code = codeOf(error)
  return EXIT_CODES[Object.hasOwn(REASONS, code) ? REASONS[code] : 'unexpected'][0]
}

/** The error as one JSON object, as --json prints it to standard error. */
export const errorJson = (error: unknown): string => {
  const { message, data = {} } = error as Partial<CliError>
  const body = { code: codeOf(error), message: message ?? String(error), data, hint: hintFor(error) }
  return JSON.stringify({ error: body, exitCode: exitCodeOf(error) })
}

/** The error as a person reads it: cause, then next step. What nobody foresaw comes with its stack. */
export const errorText = (error: unknown): string => {
  if (exitCodeOf(error) === EXIT_CODES.unexpected[0] && !(error instanceof CliError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return `thhe: unexpected: ${stack}`
  }
  const { message } = error as Error
  const hint = hintFor(error)
  return hint === '' ? `thhe: ${message}` : `thhe: ${message}\n  ${hint}`
}
