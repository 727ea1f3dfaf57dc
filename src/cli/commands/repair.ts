import type { CommandModule } from 'yargs'
import type { RepairReportJson } from '../../gateway/index.ts'
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

export const repairCommand = (io: Io): CommandModule =>
  defineCommand<EndpointOptions & LinkFlags>({
    command: 'repair [link]',
    describe: 'Rebuild the lost and damaged shards of an object now',
    builder: (yargs) =>
      withLink(withEndpoint(yargs)).epilogue(
        'Peers that keep an object do this by themselves, after --repair-grace. Ends with 4 when peers are missing for some ' +
          'shards, with 3 when no lease keeps the object, with 9 when another peer is still rebuilding it.'
      ),
    handler: async (flags) => {
      const { readLink } = await import('../objects/get.ts')
      const text = await linkText(flags, io)
      const client = await connect(flags, io)
      const { cid } = await readLink(client, text)
      const report = await withProgress(io, 'repair', flags, async (onProgress) =>
        client.repair(cid.toString(), onProgress)
      )
      if (flags.json) await printJson(io, report)
      else if (!flags.quiet) remark(io, repairText(report))
      refuseUnfinished(report)
    }
  })

export const repairText = ({
  outcome,
  spareBefore,
  rebuilt,
  manifests,
  sentBytes
}: RepairReportJson): string => {
  if (outcome === 'whole') return 'Nothing is missing.'
  const done = [
    ...(rebuilt.length > 0
      ? [`${count(rebuilt.length, 'shard')} rebuilt (${formatBytes(sentBytes)} sent)`]
      : []),
    ...(manifests.length > 0 ? [`the manifest brought to ${count(manifests.length, 'peer')}`] : [])
  ]
  return done.length === 0
    ? 'Nothing was rebuilt.'
    : `Before, ${spareBefore < 0 ? 'it could not be read' : `${spareBefore} more could be lost`}; ${done.join(', ')}.`
}

/** @throws CliError 'NOT_ENOUGH_PEERS' | 'NOT_FOUND' | 'TIMEOUT' */
const refuseUnfinished = ({ outcome }: RepairReportJson): void => {
  if (outcome === 'partial')
    throw new CliError('NOT_ENOUGH_PEERS', 'Some shards are still missing: no peer could take them.')
  if (outcome === 'ended')
    throw new CliError('NOT_FOUND', 'No lease keeps the object, so nothing was rebuilt.', 'Put it again.')
  if (outcome === 'busy')
    throw new CliError(
      'TIMEOUT',
      'Another peer is still rebuilding it.',
      '`thhe stat` shows which, and since when.'
    )
}
