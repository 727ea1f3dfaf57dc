import type { CommandModule } from 'yargs'
import { defineCommand } from '../command.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { count } from '../format.ts'
import type { Io } from '../io.ts'
import { linkText, withLink } from '../link-input.ts'
import type { LinkFlags } from '../link-input.ts'
import { printJson, remark } from '../output.ts'

export const rmCommand = (io: Io): CommandModule =>
  defineCommand<EndpointOptions & LinkFlags>({
    command: 'rm [link]',
    describe: 'Let go of an object: its holders drop it unless somebody else leases it',
    builder: (yargs) => withLink(withEndpoint(yargs)),
    handler: async (flags) => {
      const { readLink } = await import('../objects/get.ts')
      const text = await linkText(flags, io)
      const client = await connect(flags, io)
      const { cid } = await readLink(client, text)
      const removed = await client.remove(cid.toString())
      if (flags.json) {
        await printJson(io, { cid: cid.toString(), ...removed })
        return
      }
      if (flags.quiet) return
      const away = removed.unreachable.length
      const later =
        away === 0 ? '' : ` ${count(away, 'holder')} did not answer and will drop it when the lease runs out.`
      remark(io, `Let go of ${cid.toString()}: ${count(removed.confirmed, 'holder')} confirmed.${later}`)
    }
  })
