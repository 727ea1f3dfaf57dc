import type { CommandModule } from 'yargs'
import { defineCommand } from '../command.ts'
import type { StatJson } from '../../gateway/index.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { formatBytes, formatDuration } from '../format.ts'
import type { Io } from '../io.ts'
import { linkText, withLink } from '../link-input.ts'
import type { LinkFlags } from '../link-input.ts'
import { printJson, printLine, renderFields, renderTable } from '../output.ts'

export const statCommand = (io: Io): CommandModule =>
  defineCommand<EndpointOptions & LinkFlags>({
    command: 'stat [link]',
    describe: 'Show which shards of an object live where, and how many may be lost',
    builder: (yargs) => withLink(withEndpoint(yargs)),
    handler: async (flags) => {
      const { readLink } = await import('../objects/get.ts')
      const text = await linkText(flags, io)
      const client = await connect(flags, io)
      const { cid } = await readLink(client, text)
      const stat = await client.stat(cid.toString())
      if (flags.json) await printJson(io, stat)
      else await printLine(io, await statText(stat, Date.now()))
    }
  })

/** @param nowMs - to say how long leases still run */
export const statText = async (stat: StatJson, nowMs: number): Promise<string> => {
  const {
    cid,
    sizeBytes,
    sealed,
    inline,
    k,
    n,
    live,
    damaged,
    asked,
    answered,
    checkedMs,
    overhead,
    shards,
    leases,
    repairs
  } = stat
  const fields = renderFields([
    ['id', cid],
    ['size', `${formatBytes(sizeBytes)} (${sizeBytes} bytes as stored)`],
    ['sealed', sealed ? 'yes' : 'no'],
    ['code', inline ? `whole copies on up to ${n} peers` : `any ${k} of ${n} shards`],
    ['live', `${live} of ${n}${damaged > 0 ? `, ${damaged} of them damaged` : ''}`],
    ['spare', health(stat)],
    [
      'checked',
      `${formatDuration(Math.max(0, nowMs - checkedMs))} ago: ${answered} of ${asked} peers answered`
    ],
    ...repairs.map(({ peer, sinceMs }): [string, string] => [
      'rebuilding',
      `${peer}, for ${formatDuration(Math.max(0, nowMs - sinceMs))}`
    ]),
    ['overhead', `${overhead.toFixed(2)} x`],
    ...leases.map(({ lessee, expiresAtMs, tombstone }): [string, string] => [
      'lease',
      `${lessee}, ${tombstone ? 'let go' : expiresAtMs > nowMs ? `for ${formatDuration(expiresAtMs - nowMs)}` : 'ended'}`
    ])
  ])
  const table = renderTable(shards, [
    { head: inline ? 'COPY' : 'SHARD', align: 'right', cell: ({ shard }) => shard },
    { head: 'STATE', cell: ({ live, damaged }) => (damaged ? 'damaged' : live ? 'live' : 'lost') },
    { head: 'PEER', cell: ({ peer }) => peer ?? '-' }
  ])
  return `${fields}\n\n${table}`
}

const health = ({ spare }: StatJson): string => {
  if (spare < 0) return `${spare}: it cannot be read until ${-spare} more come back`
  return spare === 0 ? '0: the next loss makes it unreadable' : `${spare} may be lost`
}
