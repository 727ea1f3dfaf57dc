import type { CommandModule } from 'yargs'
import { defineCommand } from '../command.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import type { Io } from '../io.ts'
import { printJson, printLine, remark } from '../output.ts'
import { openingOf } from '../web-opening.ts'

export const webCommand = (io: Io): CommandModule =>
  defineCommand<EndpointOptions>({
    command: 'web',
    describe: 'Print an address that opens the node’s web page, once',
    builder: (yargs) => withEndpoint(yargs),
    handler: async (flags) => {
      const client = await connect(flags, io)
      const opening = await openingOf(client)
      if (flags.json) return await printJson(io, opening)
      await printLine(io, opening.url)
      if (!flags.quiet) remark(io, 'Open it within two minutes. It works once.')
    }
  })
