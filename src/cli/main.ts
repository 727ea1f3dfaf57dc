// The command line, thin: one file a command under commands/, each talking to a running node over HTTP.
// May not enter: libp2p, the store, the mesh; only `thhe node` loads a node, and only when it is run.
import yargs from 'yargs'
import type { Argv, CommandModule } from 'yargs'
import { catCommand, getCommand } from './commands/get.ts'
import { clusterCommand } from './commands/cluster.ts'
import { demoCommand } from './commands/demo.ts'
import { doctorCommand } from './commands/doctor.ts'
import { eventsCommand } from './commands/events.ts'
import { gcCommand } from './commands/gc.ts'
import { linksCommand } from './commands/links.ts'
import { lsCommand } from './commands/ls.ts'
import { networkCommand } from './commands/network.ts'
import { nodeCommand } from './commands/node.ts'
import { mapCommand } from './commands/map.ts'
import { peersCommand } from './commands/peers.ts'
import { putCommand } from './commands/put.ts'
import { repairCommand } from './commands/repair.ts'
import { reshapeCommand } from './commands/reshape.ts'
import { rmCommand } from './commands/rm.ts'
import { statCommand } from './commands/stat.ts'
import { statusCommand } from './commands/status.ts'
import { verifyCommand } from './commands/verify.ts'
import { webCommand } from './commands/web.ts'
import { namesOf, refuseUnknown } from './command-names.ts'
import { refuseBadSwitches, refuseEmptyValues, refuseUnknownOptions } from './command-values.ts'
import { escapeDashes } from './dash.ts'
import { errorJson, errorText, exitCodeOf, usageError } from './errors.ts'
import { GLOBAL_OPTIONS } from './globals.ts'
import { Interrupted } from './io.ts'
import type { Io } from './io.ts'
import { lazyCommand } from './lazy-command.ts'
import { printLine, textWidthOf } from './output.ts'
import { VERSION } from '../node/version.ts'

/** After an interrupted command has cleaned up. */
const EXIT_AFTER_MS = 100

/**
 * Ends what is left of an interrupted process. Node.js waits at its end for calls of the system that block, such as the
 * opening of a named pipe without another end; a signal that nobody listens for does not.
 */
const endBySignal = ({ cause }: Interrupted): void => {
  setTimeout(() => process.kill(process.pid, cause), EXIT_AFTER_MS).unref()
}

/** Runs one command line and leaves its outcome in `process.exitCode`. */
export const main = async (argv: readonly string[]): Promise<void> => {
  const interruption = new AbortController()
  const release = onInterrupt(argv, (signal) => interruption.abort(new Interrupted(signal)))
  const { stdin, stdout, stderr, env } = process
  // A reader that goes away shows as a failed write; without a listener it would end the process there.
  stdout.on('error', () => {})
  let failed: number | undefined
  try {
    failed = await runCommandLine(argv, { stdin, stdout, stderr, env, signal: interruption.signal })
    if (failed !== undefined) process.exitCode = failed
  } finally {
    release()
    // An input that nobody reads any more must not keep the process, nor a call of the system that was given up.
    stdin.unref?.()
    // A node that was asked to stop, and did, has not failed.
    if (failed !== undefined && interruption.signal.aborted)
      endBySignal(interruption.signal.reason as Interrupted)
  }
}

/**
 * Runs one command line; a failure is told on standard error.
 *
 * @returns the exit code of the failure
 */
export const runCommandLine = async (argv: readonly string[], io: Io): Promise<number | undefined> => {
  const all = commands(io)
  try {
    if (argv.length === 0) {
      await printLine(io, await parser(['--help'], io).getHelp())
      return undefined
    }
    refuseEmptyValues(argv)
    const { _: words } = await parser(argv, io, all).parseAsync()
    // No handler has run for a word that is not a command.
    if (!argv.some((word) => ANSWERED_BY_YARGS.has(word))) refuseUnknown(words.map(String), namesOf(all))
    return undefined
  } catch (thrown) {
    const error: unknown = io.signal.aborted ? io.signal.reason : await plainer(thrown, argv, all)
    const isQuiet = (error as { code?: unknown } | undefined)?.code === 'EPIPE'
    const debug = (io.env.THHE_DEBUG ?? '') !== ''
    const text = argv.includes('--json') ? errorJson(error) : errorText(error, debug)
    if (!isQuiet) io.stderr.write(`${text}\n`)
    return exitCodeOf(error)
  }
}

/**
 * yargs tells of a missing argument before it tells of an option that does not exist, which may have swallowed it; and it names
 * such an option in two spellings.
 */
const plainer = async (
  thrown: unknown,
  argv: readonly string[],
  all: readonly CommandModule[]
): Promise<unknown> => {
  const error = fromYargs(thrown)
  if (
    !(error instanceof Error) ||
    !/^(The command needs more|There is no option|The option --\S+ must be given)/.test(error.message)
  )
    return error
  try {
    await refuseUnknownOptions(argv, all)
    return error
  } catch (unknown) {
    return unknown
  }
}

/** What yargs itself refuses is an error of its own class, with a text that we gave it. */
const fromYargs = (error: unknown): unknown =>
  error instanceof Error && error.name === 'YError' ? usageError(error.message) : error

/** Every command, in the order of the help. Nothing of them runs, and little of them is loaded, before it is asked for. */
export const commands = (io: Io): readonly CommandModule[] => [
  nodeCommand(io),
  putCommand(io),
  getCommand(io),
  catCommand(io),
  lsCommand(io),
  statCommand(io),
  verifyCommand(io),
  repairCommand(io),
  reshapeCommand(io),
  rmCommand(io),
  linksCommand(io),
  lazyCommand('s3', 'Who may use the S3 service of a node that was started with --s3', async () => {
    return (await import('./commands/s3.ts')).s3Command(io)
  }),
  lazyCommand('name', 'Names: links that lead to the newest version of a file or folder', async () => {
    return (await import('./commands/name.ts')).nameCommand(io)
  }),
  lazyCommand('field', 'Slots: small values that the whole network agrees on', async () => {
    return (await import('./commands/field.ts')).fieldCommand(io)
  }),
  gcCommand(io),
  peersCommand(io),
  mapCommand(io),
  statusCommand(io),
  webCommand(io),
  eventsCommand(io),
  networkCommand(io),
  clusterCommand(io),
  demoCommand(io),
  doctorCommand(io),
  lazyCommand('fba', 'Agreement: how it stands, and who can halt or split a network', async () => {
    return (await import('./commands/fba.ts')).fbaCommand(io)
  }),
  lazyCommand('encoder', 'Measure the erasure coder on this machine', async () => {
    return (await import('./commands/encoder.ts')).encoderCommand(io)
  }),
  lazyCommand('tensor', 'Keep numbers and pictures so that few shards show them coarsely', async () => {
    return (await import('./commands/tensor.ts')).tensorCommand(io)
  }),
  lazyCommand('manifold', 'Simulate latency space: coordinates, gossip and routes', async () => {
    return (await import('./commands/manifold.ts')).manifoldCommand(io)
  })
]

/** The whole command line; nothing of it runs before `parseAsync`. */
export const parser = (argv: readonly string[], io: Io, all = commands(io)): Argv => {
  const line = yargs(escapeDashes(argv))
    .scriptName('thhe')
    .usage('$0 COMMAND\n\nKeeps files alive on a network of peers that may come and go.')
    .options(GLOBAL_OPTIONS)
  for (const command of all) line.command(command)
  return line
    .completion('completion', 'Print a script that completes commands in bash or zsh')
    .middleware((parsed) => refuseBadSwitches(argv, parsed), true)
    .demandCommand(1, 'Say what to do.')
    .strictOptions()
    .version(VERSION)
    .help()
    .updateStrings(STRINGS)
    .wrap(textWidthOf(io.stdout))
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message, error: Error | null | undefined) => {
      // Some of its texts are lists over several lines.
      throw error ?? usageError(message.replace(/\s*\n\s*/g, ' '))
    })
}

const forBoth = (text: string): object => ({ one: text, other: text })

/** What yargs says, as sentences. Its types know only texts; a text for one and for several is an object. */
const STRINGS = {
  'Not enough arguments following: %s':
    'The option "%s" needs a value. Write --NAME=VALUE when the value begins with a dash.',
  'Not enough non-option arguments: got %s, need at least %s': forBoth(
    'The command needs more: it got %s of %s arguments.'
  ),
  'Missing required argument: %s': forBoth('The option --%s must be given.'),
  'Invalid values:': 'A value is not right:',
  'Argument: %s, Given: %s, Choices: %s': '--%s is %s; it may be %s.',
  'Unknown argument: %s': forBoth('There is no option "%s" for this command.')
} as unknown as Record<string, string>

const ANSWERED_BY_YARGS: ReadonlySet<string> = new Set(['--help', '-h', '--version', 'completion'])

/**
 * The first signal asks the command to clean up; the second one ends the process at once, as if nothing listened.
 *
 * @returns lets go of the signals
 */
const onInterrupt = (
  [command]: readonly string[],
  interrupt: (signal: Interrupted['cause']) => void
): (() => void) => {
  // A node outlives its terminal where its user wanted that (nohup, setsid).
  const signals = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).filter(
    (signal) => signal !== 'SIGHUP' || command !== 'node'
  )
  for (const signal of signals) process.once(signal, interrupt)
  return () => {
    for (const signal of signals) process.off(signal, interrupt)
  }
}
