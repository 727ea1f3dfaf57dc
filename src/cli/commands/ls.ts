import type { CommandModule } from 'yargs'
import { defineCommand } from '../command.ts'
import type { OwnedObjectJson } from '../../gateway/index.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { formatBytes, formatDuration } from '../format.ts'
import type { Io } from '../io.ts'
import { printJson, printLine, remark, renderTable } from '../output.ts'

interface LsOptions extends EndpointOptions {
  check: boolean
}

export const lsCommand = (io: Io): CommandModule =>
  defineCommand<LsOptions>({
    command: 'ls',
    describe: 'List the objects that were put through this node',
    builder: (yargs) =>
      withEndpoint(yargs).option('check', {
        type: 'boolean',
        default: false,
        describe: 'Ask the holders of every object now whether they have their shards'
      }),
    handler: async (flags) => {
      const client = await connect(flags, io)
      const objects: OwnedObjectJson[] = []
      for await (const object of client.list({ check: flags.check })) objects.push(object)
      objects.sort((a, b) => a.createdAtMs - b.createdAtMs)
      if (flags.json) await printJson(io, objects)
      else if (objects.length > 0) {
        await printLine(io, await table(objects))
        for (const { cid, warning } of objects) {
          if (warning !== undefined && !flags.quiet) remark(io, `${cid}: ${warning}`)
        }
      } else if (!flags.quiet) remark(io, 'Nothing has been put through this node yet.')
    }
  })

const table = async (objects: readonly OwnedObjectJson[]): Promise<string> => {
  const nowMs = Date.now()
  return await renderTable(objects, [
    { head: 'NAME', cell: ({ name }) => printable(name) },
    { head: 'SIZE', align: 'right', cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
    { head: 'CODE', cell: ({ k, n }) => `${k} of ${n}` },
    { head: 'SEALED', cell: ({ sealed }) => (sealed ? 'yes' : 'no') },
    {
      head: 'AGE',
      align: 'right',
      cell: ({ createdAtMs }) => formatDuration(Math.max(0, nowMs - createdAtMs))
    },
    {
      head: 'LEASE',
      align: 'right',
      cell: ({ leaseExpiresAtMs: end }) => (end > nowMs ? formatDuration(end - nowMs) : 'ended')
    },
    { head: 'MISSING', align: 'right', cell: ({ missing }) => missing ?? '?' },
    {
      head: 'CHECKED',
      align: 'right',
      cell: ({ checkedMs }) =>
        checkedMs === 0 ? 'never' : `${formatDuration(Math.max(0, nowMs - checkedMs))} ago`
    },
    { head: 'ID', cell: ({ cid }) => cid }
  ])
}

/** Names come from files: they must not be able to steer the terminal. */
const printable = (name: string): string => name.replace(/\p{C}/gu, '?')
