import type { CommandModule } from 'yargs'
import type { VerifyReportJson } from '../../gateway/index.ts'
import type { NodeClient } from '../client.ts'
import { defineCommand } from '../command.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { CliError } from '../errors.ts'
import { count, formatBytes } from '../format.ts'
import type { Io } from '../io.ts'
import { linkText, withLink } from '../link-input.ts'
import type { LinkFlags } from '../link-input.ts'
import { printJson, printLine, remark, renderTable } from '../output.ts'

export const verifyCommand = (io: Io): CommandModule =>
  defineCommand<EndpointOptions & LinkFlags>({
    command: 'verify [link]',
    describe: 'Read every block of every shard from its holder, and check it',
    builder: (yargs) =>
      withLink(withEndpoint(yargs)).epilogue(
        'Without a link, everything that was put through this node. What is damaged is marked and rebuilt by those that ' +
          'keep the object; `thhe repair` does it now. Ends with 8 when something is damaged, with 4 when shards are ' +
          'missing, with 9 when holders did not answer.'
      ),
    handler: async (flags) => {
      const client = await connect(flags, io)
      const ids = await idsOf(client, flags, io)
      const reports: VerifyReportJson[] = []
      for (const [index, id] of ids.entries()) {
        const label = ids.length === 1 ? 'verify' : `verify ${index + 1} of ${ids.length}`
        reports.push(
          await withProgress(io, label, flags, async (onProgress) => client.verify(id, onProgress))
        )
      }
      if (flags.json) await printJson(io, flags.link === undefined ? reports : reports[0])
      else for (const report of reports) await printLine(io, verifyText(report))
      if (reports.length === 0 && !flags.quiet) remark(io, 'Nothing has been put through this node yet.')
      refuseUnsound(reports)
    }
  })

const idsOf = async (client: NodeClient, flags: LinkFlags, io: Io): Promise<string[]> => {
  const ids: string[] = []
  if (flags.link === undefined && flags.linkFile === undefined) {
    for await (const { cid } of client.list()) ids.push(cid)
    return ids
  }
  const { readLink } = await import('../objects/get.ts')
  const { cid } = await readLink(client, await linkText(flags, io))
  return [cid.toString()]
}

/** Runs long work on one object with a bar where there is a terminal. */
export const withProgress = async <T>(
  io: Io,
  label: string,
  { json, quiet }: { readonly json: boolean; readonly quiet: boolean },
  work: (onProgress: Parameters<NodeClient['verify']>[1]) => Promise<T>
): Promise<T> => {
  const { startProgress } = await import('../progress.ts')
  let bar: Awaited<ReturnType<typeof startProgress>> | undefined
  let starting: Promise<void> | undefined
  try {
    return await work(({ doneBytes, totalBytes, note }) => {
      starting ??= startProgress(io, label, totalBytes, json || quiet).then((started) => {
        bar = started
      })
      bar?.update(doneBytes, note)
    })
  } finally {
    await starting
    bar?.stop()
  }
}

const STATES: Record<VerifyReportJson['shards'][number]['state'], string> = {
  whole: 'whole',
  damaged: 'damaged',
  wrong: 'other bytes',
  missing: 'not there',
  silent: 'no answer',
  lost: 'lost'
}

export const verifyText = ({ cid, shards, whole, spare, n, inline, readBytes }: VerifyReportJson): string => {
  const pieces = inline ? 'copies' : 'shards'
  const head = `${cid}: ${whole} of ${n} ${pieces} are whole, ${spareText(spare)}; ${formatBytes(readBytes)} read`
  const bad = shards.filter(({ state }) => state !== 'whole')
  if (bad.length === 0) return head
  const table = renderTable(bad, [
    { head: inline ? 'COPY' : 'SHARD', align: 'right', cell: ({ shard }) => shard },
    { head: 'STATE', cell: ({ state }) => STATES[state] },
    {
      head: 'BAD BLOCKS',
      align: 'right',
      cell: ({ badBlocks, blocks }) => (badBlocks > 0 ? `${badBlocks} of ${blocks}` : '')
    },
    { head: 'PEER', cell: ({ peer }) => peer ?? '-' }
  ])
  return `${head}\n${table}`
}

const spareText = (spare: number): string =>
  spare < 0 ? `${-spare} too few to read it` : `${spare} may be lost`

/** @throws CliError 'CORRUPT', 'NOT_ENOUGH_SHARDS', 'TIMEOUT': the worst of what was found */
const refuseUnsound = (reports: readonly VerifyReportJson[]): void => {
  const withState = (...states: string[]): number =>
    reports.filter(({ shards }) => shards.some(({ state }) => states.includes(state))).length
  const damaged = withState('damaged', 'wrong', 'missing')
  const repair = 'Those that keep them rebuild what is lost; `thhe repair LINK` does it now.'
  if (damaged > 0) throw new CliError('CORRUPT', `${count(damaged, 'object')} with damage.`, repair)
  const lost = withState('lost')
  if (lost > 0) throw new CliError('NOT_ENOUGH_SHARDS', `${count(lost, 'object')} with lost shards.`, repair)
  const silent = withState('silent')
  if (silent > 0)
    throw new CliError(
      'TIMEOUT',
      `${count(silent, 'object')} with holders that did not answer for all of their shard.`
    )
}
