import type { CommandModule } from 'yargs'
import { defineCommand } from '../command.ts'
import type { StatJson } from '../../gateway/index.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { formatBytes, formatDuration } from '../format.ts'
import type { Io } from '../io.ts'
import { linkText, withLink } from '../link-input.ts'
import type { LinkFlags } from '../link-input.ts'
import { usageError } from '../errors.ts'
import type { Globals } from '../globals.ts'
import type { NodeClient } from '../client.ts'
import { printJson, printLine, renderFields, renderTable } from '../output.ts'

/** Objects of a folder that are asked for at the same time. */
const STATS_AT_ONCE = 4

export const statCommand = (io: Io): CommandModule =>
  defineCommand<EndpointOptions & LinkFlags>({
    command: 'stat [link]',
    describe: 'Show which shards of an object live where, and how many may be lost',
    builder: (yargs) => withLink(withEndpoint(yargs)),
    handler: async (flags) => {
      const { readFolderLink } = await import('../folders/reader.ts')
      const text = await linkText(flags, io)
      const client = await connect(flags, io)
      const { place, isFolder, path } = await readFolderLink(client, text)
      if (path.length > 0) {
        throw usageError(
          'Shards belong to whole folders and files.',
          'Name the folder, or a link that `thhe ls --links` shows.'
        )
      }
      if (isFolder) return await statFolder(io, flags, client, text)
      const stat = await client.stat(place.cid.toString())
      if (flags.json) await printJson(io, stat)
      else await printLine(io, await statText(stat, Date.now()))
    }
  })

/** The health of a folder is that of its weakest object. */
const statFolder = async (
  io: Io,
  { json }: Pick<Globals, 'json'>,
  client: NodeClient,
  text: string
): Promise<void> => {
  const [{ folderObjects }, { atOnce }] = await Promise.all([
    import('../folders/objects.ts'),
    import('../folders/at-once.ts')
  ])
  const { root, objects } = await folderObjects(client, text, io.signal)
  const stats = await atOnce(STATS_AT_ONCE, [...objects], async (cid) => await client.stat(cid))
  stats.sort((a, b) => a.spare - b.spare)
  const [weakest] = stats
  if (json) return await printJson(io, { cid: root, spare: weakest.spare, objects: stats })
  const stored = stats.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const fields = renderFields([
    ['folder', root],
    ['objects', `${stats.length}, ${formatBytes(stored)} as stored`],
    ['spare', `${health(weakest)}, for the weakest of them`]
  ])
  const table = renderTable(stats, [
    { head: 'SPARE', align: 'right', cell: ({ spare }) => spare },
    { head: 'LIVE', align: 'right', cell: ({ live, n }) => `${live} of ${n}` },
    { head: 'SIZE', align: 'right', cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
    { head: 'ID', cell: ({ cid }) => cid }
  ])
  await printLine(io, `${fields}\n\n${table}`)
}

/** @param nowMs - to say how long leases still run */
export const statText = async (stat: StatJson, nowMs: number): Promise<string> => {
  const {
    cid,
    sizeBytes,
    sealed,
    inline,
    code,
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
    repairs,
    weakest
  } = stat
  const fields = renderFields([
    ['id', cid],
    ['size', `${formatBytes(sizeBytes)} (${sizeBytes} bytes as stored)`],
    ['sealed', sealed ? 'yes' : 'no'],
    ['code', inline ? `whole copies on up to ${n} peers` : `any ${k} of ${n} shards, ${code}`],
    ['live', `${live} of ${n}${damaged > 0 ? `, ${damaged} of them damaged` : ''}`],
    ['spare', health(stat)],
    ...weakestText(weakest, inline ? live - 1 : live - k).map((text): [string, string] => ['weakest', text]),
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

/** What must be lost before the object is. @param spare - shards that may be lost, wherever they are */
const weakestText = ({ hosts, domains }: StatJson['weakest'], spare: number): string[] => {
  const [host, domain] = [hosts.names.length, domains.names.length]
  if (host === 0) return []
  const atMost = ({ isExact }: { readonly isExact: boolean }): string =>
    isExact ? '' : ' (perhaps fewer would)'
  const byHosts =
    host > spare
      ? `any ${spare} hosts may be lost; losing ${host} can lose it`
      : `losing ${host === 1 ? 'this host' : `these ${host} hosts`} loses it: ${hosts.names.join(', ')}`
  // Where every host is a domain of its own, the second line says nothing new.
  if (domain >= host || domain === 0) return [byHosts + atMost(hosts)]
  const sites = domain === 1 ? 'this failure domain' : `these ${domain} failure domains`
  return [byHosts + atMost(hosts), `losing ${sites} loses it: ${domains.names.join(', ')}${atMost(domains)}`]
}

const health = ({ spare }: StatJson): string => {
  if (spare < 0) return `${spare}: it cannot be read until ${-spare} more come back`
  return spare === 0 ? '0: the next loss makes it unreadable' : `${spare} may be lost`
}
