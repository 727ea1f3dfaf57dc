// The command line, thin: one file a command under commands/, each talking to a running node over HTTP.
// May not enter: libp2p, the store, the mesh; only `thhe node` loads a node, and only when it is run.
import yargs from 'yargs'
import type { Argv } from 'yargs'
import { catCommand, getCommand } from './commands/get.ts'
import { clusterCommand } from './commands/cluster.ts'
import { demoCommand } from './commands/demo.ts'
import { doctorCommand } from './commands/doctor.ts'
import { lsCommand } from './commands/ls.ts'
import { networkCommand } from './commands/network.ts'
import { nodeCommand } from './commands/node.ts'
import { peersCommand } from './commands/peers.ts'
import { putCommand } from './commands/put.ts'
import { rmCommand } from './commands/rm.ts'
import { statCommand } from './commands/stat.ts'
import { statusCommand } from './commands/status.ts'
import { escapeDashes } from './dash.ts'
import { errorJson, errorText, exitCodeOf, usageError } from './errors.ts'
import { GLOBAL_OPTIONS } from './globals.ts'
import { Interrupted } from './io.ts'
import type { Io } from './io.ts'
import { lazyCommand } from './lazy-command.ts'
import { VERSION } from '../node/version.ts'

/** Runs one command line and leaves its outcome in `process.exitCode`. */
export const main = async (argv: readonly string[]): Promise<void> => {
  const interruption = new AbortController()
  const release = onInterrupt(argv, (signal) => interruption.abort(new Interrupted(signal)))
  const { stdin, stdout, stderr, env } = process
  const io: Io = { stdin, stdout, stderr, env, signal: interruption.signal }
  // A reader that goes away shows as a failed write; without a listener it would end the process there.
  stdout.on('error', () => {})
  try {
    await parser(argv, io).parseAsync()
  } catch (thrown) {
    const error: unknown = interruption.signal.aborted ? interruption.signal.reason : thrown
    process.exitCode = exitCodeOf(error)
    if ((error as { code?: unknown }).code !== 'EPIPE') {
      stderr.write(`${argv.includes('--json') ? errorJson(error) : errorText(error)}\n`)
    }
  } finally {
    release()
    // An input that nobody reads any more must not keep the process.
    stdin.unref?.()
  }
}

/** The whole command line; nothing of it runs before `parseAsync`. */
export const parser = (argv: readonly string[], io: Io): Argv =>
  yargs(escapeDashes(argv))
    .scriptName('thhe')
    .usage('$0 COMMAND\n\nKeeps files alive on a network of peers that may come and go.')
    .options(GLOBAL_OPTIONS)
    .command(nodeCommand(io))
    .command(putCommand(io))
    .command(getCommand(io))
    .command(catCommand(io))
    .command(lsCommand(io))
    .command(statCommand(io))
    .command(rmCommand(io))
    .command(peersCommand(io))
    .command(statusCommand(io))
    .command(networkCommand(io))
    .command(clusterCommand(io))
    .command(demoCommand(io))
    .command(doctorCommand(io))
    .command(
      lazyCommand('fba', 'Analyse quorums: who can halt or split a network', async () => {
        return (await import('./commands/fba.ts')).fbaCommand
      })
    )
    .command(
      lazyCommand('encoder', 'Measure the erasure coder on this machine', async () => {
        return (await import('./commands/encoder.ts')).encoderCommand(io)
      })
    )
    .command(
      lazyCommand('tensor', 'Keep numbers and pictures so that few shards show them coarsely', async () => {
        return (await import('./commands/tensor.ts')).tensorCommand(io)
      })
    )
    .completion('completion', 'Print a script that completes commands in bash or zsh')
    .demandCommand(1, 'Say what to do.')
    .strict()
    .recommendCommands()
    .version(VERSION)
    .help()
    .wrap(Math.min(110, io.stdout.columns ?? 110))
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message, error) => {
      throw error ?? usageError(message)
    })

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
