import type { CommandModule } from 'yargs'
import type { ReshapeReportJson } from '../../gateway/index.ts'
import { defineCommand } from '../command.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { CliError } from '../errors.ts'
import { count, formatBytes } from '../format.ts'
import type { Io } from '../io.ts'
import { linkText, withLink } from '../link-input.ts'
import type { LinkFlags } from '../link-input.ts'
import { printJson, remark } from '../output.ts'
import { withProgress } from './verify.ts'

export const reshapeCommand = (io: Io): CommandModule =>
  defineCommand<EndpointOptions & LinkFlags & { readonly n: number }>({
    command: 'reshape [link]',
    describe: 'Change the number of shards of an object that was put through this node',
    builder: (yargs) =>
      withLink(withEndpoint(yargs))
        .option('n', {
          type: 'number',
          requiresArg: true,
          demandOption: true,
          describe: 'Shards in all, from now on'
        })
        .epilogue(
          'The link stays. More shards are computed and sent to further peers. Fewer are kept once those that stay are whole; ' +
            'the others are kept for as long as another node that put the same object asks for them. Ends with 4 when peers ' +
            'are missing for some shards.'
        ),
    handler: async (flags) => {
      const { readLink } = await import('../objects/get.ts')
      const text = await linkText(flags, io)
      const client = await connect(flags, io)
      const { cid } = await readLink(client, text)
      const report = await withProgress(io, 'reshape', flags, async (onProgress) =>
        client.reshape(cid.toString(), flags.n, onProgress)
      )
      if (flags.json) await printJson(io, report)
      else if (!flags.quiet) remark(io, reshapeText(report))
      if (report.missing === 0) return
      const what = count(report.missing, 'shard')
      throw new CliError('NOT_ENOUGH_PEERS', `No peer took ${what} yet; the node goes on trying.`)
    }
  })

export const reshapeText = ({
  before,
  n,
  added,
  dropped,
  unreachable,
  sentBytes
}: ReshapeReportJson): string => {
  const done = [
    ...(added.length > 0 ? [`${count(added.length, 'shard')} added (${formatBytes(sentBytes)} sent)`] : []),
    ...(dropped.length > 0 ? [`${count(dropped.length, 'shard')} let go`] : []),
    ...(unreachable.length > 0
      ? [
          `${count(unreachable.length, 'peer')} could not be told, and will hear of it when a lease is renewed`
        ]
      : [])
  ]
  return `${count(n, 'shard')}, ${before} before${done.map((one) => `; ${one}`).join('')}.`
}
