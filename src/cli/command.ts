import type { Argv, CommandModule } from 'yargs'
import { namesOf, refuseUnknown } from './command-names.ts'
import { refuseBadValues } from './command-values.ts'
import type { Globals } from './globals.ts'

export interface CommandDefinition<Flags> {
  /** Name and positionals, e.g. 'get <link>'. */
  readonly command: string
  readonly describe: string
  readonly builder: (yargs: Argv) => unknown
  /** `Flags` is what `builder` declares; yargs' own types lose it on the way through groups of commands. */
  readonly handler: (flags: Flags & Globals) => Promise<void>
}

export const defineCommand = <Flags>(definition: CommandDefinition<Flags>): CommandModule => {
  const { command, describe, builder } = definition
  const module: CommandModule = {
    command,
    describe,
    builder: builder as (yargs: Argv) => Argv,
    handler: async (argv) => {
      await refuseBadValues(module, argv)
      await definition.handler(argv as unknown as Flags & Globals)
    }
  }
  return module
}

/** A command that only holds others. */
export const commandGroup = (
  command: string,
  describe: string,
  members: readonly CommandModule[],
  options: Parameters<Argv['options']>[0] = {},
  /** The groups that this one is in, outermost first. */
  parents: readonly string[] = []
): CommandModule => ({
  command,
  describe,
  builder: (yargs) => {
    for (const member of members) yargs.command(member)
    return yargs
      .options(options)
      .demandCommand(1, `Say which: thhe ${[...parents, command].join(' ')} ${namesOf(members).join(', ')}.`)
  },
  // It runs for a word that is none of the members.
  handler: ({ _: words }) =>
    refuseUnknown(
      words.slice(parents.length + 1).map(String),
      namesOf(members),
      [...parents, command].join(' ')
    )
})
