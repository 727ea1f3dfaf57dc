import type { CommandModule } from 'yargs'

/** A group of commands whose code is loaded only when one of them is run. */
export const lazyCommand = (
  name: string,
  describe: string,
  load: () => Promise<CommandModule>
): CommandModule => ({
  command: name,
  describe,
  builder: async (yargs) => {
    const { builder } = await load()
    return typeof builder === 'function' ? await builder(yargs) : yargs.options(builder ?? {})
  },
  handler: async (argv) => await (await load()).handler(argv)
})
