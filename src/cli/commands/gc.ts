import type { CommandModule } from 'yargs'
import type { CollectedJson, UploadsJson } from '../../gateway/index.ts'
import { defineCommand } from '../command.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { count, formatAge, formatBytes } from '../format.ts'
import type { Io } from '../io.ts'
import { printJson, printLine, remark, renderTable, widthOf } from '../output.ts'

export const gcCommand = (io: Io): CommandModule =>
  defineCommand<EndpointOptions & { readonly list: boolean }>({
    command: 'gc',
    describe: 'Free the space of what no lease keeps, now instead of at the next full hour',
    builder: (yargs) =>
      withEndpoint(yargs).options({
        list: {
          type: 'boolean',
          default: false,
          describe: 'Remove nothing; list the shards that are being stored, or whose put was broken off'
        }
      }),
    handler: async (flags) => {
      const client = await connect(flags, io)
      if (flags.list) {
        const { uploads } = await client.uploads()
        if (flags.json) return await printJson(io, uploads)
        if (uploads.length > 0) await printLine(io, uploadsText(uploads, Date.now(), widthOf(io.stdout)))
        else if (!flags.quiet) remark(io, 'No upload is open.')
        return
      }
      const collected = await client.collectGarbage()
      if (flags.json) await printJson(io, collected)
      else if (!flags.quiet) remark(io, collectedText(collected))
    }
  })

export const uploadsText = (uploads: UploadsJson['uploads'], nowMs: number, width: number): string =>
  renderTable(
    uploads,
    [
      { head: 'SHARD', align: 'right', cell: ({ shard }) => shard },
      { head: 'SIZE', align: 'right', cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
      {
        head: 'IDLE',
        align: 'right',
        cell: ({ touchedAtMs }) => formatAge(Math.max(0, nowMs - touchedAtMs))
      },
      {
        head: 'STATE',
        cell: ({ isOpen, oneShot }) => (isOpen ? 'coming in' : oneShot ? 'broken off for good' : 'broken off')
      }
    ],
    width
  )

export const collectedText = (collected: CollectedJson): string => {
  const { freedBytes, removedObjects, removedUploads, clockTrusted } = collected
  const what = `Freed ${formatBytes(freedBytes)}: ${count(removedObjects, 'object')} without a lease, ${count(removedUploads, 'upload')} that will not go on.`
  return clockTrusted
    ? what
    : `${what} What has run out is kept until enough peers confirm the clock of this node.`
}
