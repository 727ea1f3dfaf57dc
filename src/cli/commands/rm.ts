import type { CommandModule } from 'yargs'
import type { NodeClient } from '../client.ts'
import { defineCommand } from '../command.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { count } from '../format.ts'
import type { Io } from '../io.ts'
import { LinksBook } from '../links-book.ts'
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
      const id = cid.toString()
      const isOurs = await wasPutThrough(client, id)
      const removed = await client.remove(id)
      if (client.dataFolder !== undefined) await new LinksBook(client.dataFolder).remove(id)
      if (flags.json) {
        await printJson(io, { cid: id, ours: isOurs, ...removed })
        return
      }
      if (flags.quiet) return
      if (!isOurs) {
        remark(io, `${id} was not put through this node. Its holders keep it for the nodes that lease it.`)
        return
      }
      const away = removed.unreachable.length
      const later =
        away === 0 ? '' : ` ${count(away, 'holder')} did not answer and will drop it when the lease runs out.`
      remark(io, `Let go of ${id}: ${count(removed.confirmed, 'holder')} confirmed.${later}`)
    }
  })

/** Whether this node leases the object: nobody can end the leases of other nodes. */
const wasPutThrough = async (client: NodeClient, cid: string): Promise<boolean> => {
  for await (const object of client.list()) if (object.cid === cid) return true
  return false
}
