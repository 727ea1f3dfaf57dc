import type { Argv, CommandModule, Options, PositionalOptions } from 'yargs'

/** What a command declares, as data: for the check of its values, for docs/reference/cli.md and for the test of the docs. */
export interface CommandRecord {
  /** Name and positionals, e.g. 'get <link>'. */
  readonly command: string
  readonly describe: string
  readonly positionals: ReadonlyMap<string, PositionalOptions>
  readonly options: ReadonlyMap<string, Options>
  readonly examples: ReadonlyArray<readonly [command: string, text: string]>
  readonly epilogue: string | undefined
  /** It does nothing itself: one of `members` must be named. */
  readonly isGroup: boolean
  /** Commands under this one. */
  readonly members: readonly CommandModule[]
}

/** Runs the builder of a command on a stand-in for yargs that only writes down what it is told. */
export const recordOf = async (module: CommandModule): Promise<CommandRecord> => {
  const positionals = new Map<string, PositionalOptions>()
  const options = new Map<string, Options>()
  const examples: Array<readonly [string, string]> = []
  const members: CommandModule[] = []
  let epilogue: string | undefined
  let isGroup = false
  const addOptions = (more: Readonly<Record<string, Options>>): void => {
    for (const [name, option] of Object.entries(more)) options.set(name, option)
  }
  const recorder = {
    positional: (name: string, positional: PositionalOptions) => {
      positionals.set(name, positional)
      return recorder
    },
    option: (name: string, option: Options) => {
      options.set(name, option)
      return recorder
    },
    options: (more: Readonly<Record<string, Options>>) => {
      addOptions(more)
      return recorder
    },
    example: (command: string, text: string) => {
      examples.push([command, text])
      return recorder
    },
    epilogue: (text: string) => {
      epilogue = text
      return recorder
    },
    command: (member: CommandModule) => {
      members.push(member)
      return recorder
    },
    demandCommand: () => {
      isGroup = true
      return recorder
    }
  }
  const { builder } = module
  if (typeof builder === 'function') await builder(recorder as unknown as Argv)
  else addOptions(builder ?? {})
  return {
    command: String([module.command].flat()[0]),
    describe: typeof module.describe === 'string' ? module.describe : '',
    ...{ positionals, options, examples, epilogue, isGroup, members }
  }
}
