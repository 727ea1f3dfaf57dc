import type { Argv, CommandModule } from 'yargs'
import type { Globals } from './globals.ts'

export interface CommandDefinition<Flags> {
  /** Name and positionals, e.g. 'get <link>'. */
  readonly command: string
  readonly describe: string
  readonly builder: (yargs: Argv) => unknown
  /** `Flags` is what `builder` declares; yargs' own types lose it on the way through groups of commands. */
  readonly handler: (flags: Flags & Globals) => Promise<void>
}

export const defineCommand = <Flags>(definition: CommandDefinition<Flags>): CommandModule =>
  definition as unknown as CommandModule

/** A command that only holds others. */
export const commandGroup = (
  command: string,
  describe: string,
  members: readonly CommandModule[],
  options: Parameters<Argv['options']>[0] = {}
): CommandModule => ({
  command,
  describe,
  builder: (yargs) => {
    const names = members.map((member) => String(member.command).split(' ')[0])
    for (const member of members) yargs.command(member)
    return yargs.options(options).demandCommand(1, `Say which: thhe ${command} ${names.join(', ')}.`)
  },
  handler: () => {}
})
