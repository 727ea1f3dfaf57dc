import { systemSentence } from '../node/system-errors.ts'
import { CODES, EXIT_CODES } from './error-codes.ts'
import type { ExitReason, KnownCode } from './error-codes.ts'
import { Interrupted } from './io.ts'
import { asciiControls, printable } from './printable.ts'

export { EXIT_CODES } from './error-codes.ts'
export type { ExitReason, KnownCode } from './error-codes.ts'

/** A failure with its next step: found here, or told by the node. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: string
  readonly hint: string
  readonly data: Readonly<Record<string, unknown>>

  /** @param hint - the next step; by default the one of the code (src/cli/error-codes.ts) */
  constructor(
    code: string,
    message: string,
    hint: string = hintOf(code),
    data: Readonly<Record<string, unknown>> = {}
  ) {
    super(message)
    this.code = code
    this.hint = hint
    this.data = data
  }
}

/** The command line itself is wrong. */
export const usageError = (message: string, hint?: string): CliError => new CliError('USAGE', message, hint)

/**
 * What a failed system call on a file of the user says: with the path as the user wrote it, never that of a temporary
 * file beside it. Any other error comes back as it is.
 */
export const aboutPath = (path: string, error: unknown): unknown => {
  const message = systemSentence(error, path)
  return message === undefined ? error : new CliError(codeOf(error), message, undefined, { path })
}

/** Whether the command line has its own words for the code. */
export const isKnownCode = (code: string): code is KnownCode => Object.hasOwn(CODES, code)

const hintOf = (code: string): string => (isKnownCode(code) ? CODES[code][1] : '')

const codeOf = (error: unknown): string => {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : 'UNEXPECTED'
}

const reasonOf = (error: unknown): ExitReason => {
  const code = codeOf(error)
  return isKnownCode(code) ? CODES[code][0] : 'unexpected'
}

/** An error that no part of thhe has words for. */
const isUnforeseen = (error: unknown): boolean =>
  !(error instanceof CliError) && !(error instanceof Interrupted) && !isKnownCode(codeOf(error))

export const exitCodeOf = (error: unknown): number => {
  if (error instanceof Interrupted) return SIGNAL_CODES[error.cause]
  return EXIT_CODES[reasonOf(error)][0]
}

/** 128 and the number of the signal, as shells have it. */
const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/** The error as one JSON object, as --json prints it to standard error. */
export const errorJson = (error: unknown): string => {
  const { data = {} } = (error ?? {}) as Partial<CliError>
  const body = { code: codeOf(error), message: messageOf(error), data, hint: hintFor(error) }
  return asciiControls(JSON.stringify({ error: body, exitCode: exitCodeOf(error) }))
}

/**
 * The error as a person reads it: what happened, then what to do.
 *
 * `data.log`, lines of a log that belong to the failure, stand between the two.
 *
 * @param debug - adds the stack, for a report of a fault
 */
export const errorText = (error: unknown, debug = false): string => {
  const { log } = ((error ?? {}) as Partial<CliError>).data ?? {}
  const details = Array.isArray(log) ? log.map((line) => printable(String(line))) : []
  const hint = hintFor(error)
  const text = [`thhe: ${messageOf(error)}`, ...details, ...(hint === '' ? [] : [hint])].join('\n  ')
  return debug && error instanceof Error ? `${text}\n${printable(error.stack ?? '', '\n')}` : text
}

const hintFor = (error: unknown): string => {
  if (isUnforeseen(error)) return CODES.BAD_STATE[1]
  return printable((error as Partial<CliError>).hint ?? hintOf(codeOf(error)))
}

const messageOf = (error: unknown): string => {
  const { message } = (error ?? {}) as { message?: unknown }
  const text = typeof message === 'string' && message !== '' ? message : String(error)
  if (error instanceof CliError) return ended(printable(text))
  const ofSystem = systemSentence(error)
  if (ofSystem !== undefined && isSystemError(error)) return printable(ofSystem)
  return isUnforeseen(error)
    ? sentence(`Something unexpected happened: ${printable(text)}`)
    : sentence(printable(text))
}

/** Node.js fills these in; our own errors with the same code have their own words. */
const isSystemError = (error: unknown): boolean => {
  const { errno, syscall } = error as NodeJS.ErrnoException
  return errno !== undefined || syscall !== undefined
}

/** What a room of the node says, as a sentence. Ours may begin with the name of a file, which stays as it is. */
export const sentence = (text: string): string => {
  const trimmed = text.trim()
  return ended(/^[a-z]+[ ,]/.test(trimmed) ? trimmed[0].toUpperCase() + trimmed.slice(1) : trimmed)
}

const ended = (text: string): string => {
  const trimmed = text.trim()
  return /[.!?:)]$/.test(trimmed) ? trimmed : `${trimmed}.`
}
