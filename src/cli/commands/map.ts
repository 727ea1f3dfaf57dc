// thhe map and thhe fba status: the agreed map, and how the agreement on it stands.
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CommandModule } from 'yargs'
import { defineCommand } from '../command.ts'
import { unescapeDash } from '../dash.ts'
import type { MapJson } from '../../gateway/index.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { usageError } from '../errors.ts'
import { formatAge, formatBytes, formatDuration, shortPeer } from '../format.ts'
import { FULL_OPTION } from '../globals.ts'
import type { Io } from '../io.ts'
import { printJson, printLine, remark, renderFields, renderTable, widthOf } from '../output.ts'

const WATCH_MS = 1_000

interface MapFlags extends EndpointOptions {
  readonly full: boolean
  readonly svg?: string
  readonly force: boolean
  readonly watch: boolean
}

export const mapCommand = (io: Io): CommandModule =>
  defineCommand<MapFlags>({
    command: 'map',
    describe: 'Show the map of the network that its validators agree on',
    builder: (yargs) =>
      withEndpoint(yargs).options({
        ...FULL_OPTION,
        watch: { type: 'boolean', default: false, describe: 'Print each new map as it is agreed on' },
        svg: {
          type: 'string',
          requiresArg: true,
          coerce: unescapeDash,
          describe:
            'Draw the peers in latency space into this file, with load as colour; - for standard output'
        },
        force: { type: 'boolean', default: false, describe: 'Replace the file of --svg' }
      }),
    handler: async (flags) => {
      if (flags.svg !== undefined && (flags.watch || flags.json)) {
        throw usageError('--svg goes with neither --watch nor --json.', 'Give one of them.')
      }
      const client = await connect(flags, io)
      if (flags.svg !== undefined) return await draw(await client.map(), flags.svg, flags, io)
      let printed = -1
      for (;;) {
        const map = await client.map()
        if (map.slot !== printed) {
          printed = map.slot
          if (flags.json) await printJson(io, map)
          else await printLine(io, mapText(map, flags.full ? undefined : widthOf(io.stdout)))
        }
        if (!flags.watch) return
        await sleep(WATCH_MS)
      }
    }
  })

/** @throws CliError 'FILE_EXISTS' and what the disk throws */
const draw = async (
  map: MapJson,
  path: string,
  { force, quiet }: MapFlags & { readonly quiet: boolean },
  io: Io
): Promise<void> => {
  const { mapSvg } = await import('../map-svg.ts')
  const svg = mapSvg(map)
  if (path === '-') return await printLine(io, svg.trimEnd())
  const { writeAtomically } = await import('../objects/atomic-file.ts')
  await writeAtomically(path, Readable.from([Buffer.from(svg)]), force)
  if (!quiet) remark(io, `${path} has the map: ${mapLine(map)}.`)
}

export const fbaStatusCommand = (io: Io): CommandModule =>
  defineCommand<EndpointOptions>({
    command: 'status',
    describe: 'Show how the agreement stands: slot, quorum, who is missing, who contradicts itself',
    builder: (yargs) => withEndpoint(yargs),
    handler: async (flags) => {
      const map = await (await connect(flags, io)).map()
      const { state, slot, ageMs, hasQuorum, agreement } = map
      if (flags.json) await printJson(io, { state, slot, ageMs, hasQuorum, agreement })
      else await printLine(io, agreementText(map, widthOf(io.stdout)))
    }
  })

/** One line on the map, for `status`. */
export const mapLine = ({
  state,
  slot,
  ageMs,
  hasQuorum
}: Pick<MapJson, 'state' | 'slot' | 'ageMs' | 'hasQuorum'>): string => {
  const quorum = hasQuorum ? '' : '; too few validators answer'
  switch (state) {
    case 'off':
      return 'none: this network has no validators'
    case 'waiting':
      return `none yet${quorum}`
    case 'agreed':
      return `agreed ${formatDuration(ageMs)} ago, slot ${slot}${quorum}`
    case 'stale':
      return `STALE: slot ${slot}, agreed ${formatDuration(ageMs)} ago${quorum}`
  }
}

/** @param width - columns to fit into, with short ids; undefined for whole ids and all columns */
export const mapText = (map: MapJson, width?: number): string => {
  const head = `Map: ${mapLine(map)}`
  if (map.peers.length === 0) return head
  const short = (id: string): string => (width === undefined ? id : shortPeer(id))
  const table = renderTable(
    map.peers.map((peer) => ({ ...peer, nearest: nearestOf(map, peer.id) })),
    [
      { head: 'PEER', cell: ({ id }) => short(id) },
      { head: 'LENDS', align: 'right', cell: ({ capacityBytes }) => formatBytes(capacityBytes) },
      { head: 'FREE', align: 'right', cell: ({ freeBytes }) => formatBytes(freeBytes) },
      { head: 'FAILS', align: 'right', cell: ({ failuresPpm }) => percent(failuresPpm) },
      { head: 'HEAT', align: 'right', cell: ({ heatPpm }) => percent(heatPpm) },
      { head: 'SEEN BY', align: 'right', cell: ({ witnesses }) => String(witnesses) },
      { head: 'NEAREST', cell: ({ nearest }) => (nearest === undefined ? '-' : short(nearest.id)) },
      {
        head: 'RTT',
        align: 'right',
        cell: ({ nearest }) => (nearest === undefined ? '-' : `${(nearest.rttMicros / 1000).toFixed(1)} ms`)
      },
      { head: 'ERROR', align: 'right', spare: 3, cell: errorText },
      {
        head: 'SILENT',
        align: 'right',
        cell: ({ slotsSilent }) => (slotsSilent === 0 ? '-' : `${slotsSilent} maps`)
      },
      { head: 'DOMAIN', spare: 1, least: 6, cell: ({ seat, seenIn }) => seat?.domain ?? (seenIn || '-') }
    ],
    width
  )
  return `${head}\n\n${table}`
}

const percent = (ppm: number): string => `${(ppm / 10_000).toFixed(1)} %`

/** How far off predictions from the peer's coordinate are. */
const errorText = ({ coordinate, isDoubted }: MapJson['peers'][number]): string => {
  if (isDoubted) return 'doubted'
  return coordinate === undefined ? '-' : percent(coordinate.errorPpm)
}

/** @param width - columns to fit into */
export const agreementText = (map: MapJson, width: number): string => {
  const { agreement } = map
  if (agreement === undefined) return `Map: ${mapLine(map)}`
  const present = agreement.validators.filter(({ isMissing }) => !isMissing).length
  const fields = renderFields(
    [
      ['map', mapLine(map)],
      ['next slot', `${agreement.slot}, ${agreement.phase}`],
      ['this node', agreement.halted ?? (agreement.isValidator ? 'votes' : 'follows')],
      [
        'quorum',
        `${map.hasQuorum ? 'yes' : 'NO'}: ${present} of ${agreement.validators.length} validators are heard`
      ],
      ['quorum sets', TRUST[agreement.trust]],
      ['last took', agreement.lastDecisionMs === undefined ? '-' : formatDuration(agreement.lastDecisionMs)],
      ...agreement.contradictions.map(({ id, slot }): [string, string] => [
        'CONTRADICTS',
        `${shortPeer(id)} contradicted itself in slot ${slot}`
      ])
    ],
    width
  )
  const table = renderTable(
    agreement.validators,
    [
      { head: 'VALIDATOR', cell: ({ id }) => shortPeer(id) },
      { head: 'STATE', cell: ({ isMissing }) => (isMissing ? 'MISSING' : 'heard') },
      {
        head: 'LAST HEARD',
        align: 'right',
        cell: ({ heardMsAgo }) => (heardMsAgo === undefined ? 'never' : `${formatAge(heardMsAgo)} ago`)
      }
    ],
    width
  )
  return `${fields}\n\n${table}`
}

const TRUST = {
  checking: 'being checked',
  intersects: 'any two quorums share a validator',
  splits: 'DANGER: two quorums share no validator, and can decide differently',
  'no-quorum': 'DANGER: there is no quorum among these validators',
  undecided: 'not known: the check did not end in time'
} as const satisfies Record<NonNullable<MapJson['agreement']>['trust'], string>

/** The other end of the shortest way that was measured. */
const nearestOf = ({ edges }: MapJson, id: string): { id: string; rttMicros: number } | undefined => {
  let nearest: { id: string; rttMicros: number } | undefined
  for (const { from, to, rttMicros } of edges) {
    if (from !== id && to !== id) continue
    if (nearest === undefined || rttMicros < nearest.rttMicros)
      nearest = { id: from === id ? to : from, rttMicros }
  }
  return nearest
}
