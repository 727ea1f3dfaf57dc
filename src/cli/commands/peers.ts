import type { CommandModule } from 'yargs'
import { defineCommand } from '../command.ts'
import type { PeersJson } from '../../gateway/index.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { formatAge, formatBytes, shortPeer } from '../format.ts'
import { FULL_OPTION } from '../globals.ts'
import type { Io } from '../io.ts'
import { printJson, printLine, renderTable, widthOf } from '../output.ts'

export const peersCommand = (io: Io): CommandModule =>
  defineCommand<EndpointOptions & { readonly full: boolean }>({
    command: 'peers',
    describe: 'List the peers of the network that the node knows',
    builder: (yargs) => withEndpoint(yargs).options(FULL_OPTION),
    handler: async (flags) => {
      const { peers } = await (await connect(flags, io)).peers()
      if (flags.json) await printJson(io, peers)
      else await printLine(io, peersText(peers, flags.full ? undefined : widthOf(io.stdout)))
    }
  })

/** @param width - columns to fit into, with short ids; undefined for whole ids and all columns */
export const peersText = (peers: PeersJson['peers'], width?: number): string =>
  renderTable(
    [...peers].sort((a, b) => Number(b.self) - Number(a.self) || (a.id < b.id ? -1 : 1)),
    [
      { head: 'PEER', cell: ({ id }) => (width === undefined ? id : shortPeer(id)) },
      { head: 'STATE', cell: stateOf },
      { head: 'PATH', spare: 2, cell: ({ path }) => path ?? '-' },
      { head: 'BLOCKS', spare: 3, cell: ({ carrier }) => carrier ?? '-' },
      {
        head: 'RTT',
        align: 'right',
        cell: ({ rttMicros: rtt }) => (rtt === undefined ? '-' : milliseconds(rtt))
      },
      {
        head: 'PREDICTED',
        align: 'right',
        spare: 4,
        cell: ({ predictedRttMicros: rtt }) => (rtt === undefined ? '-' : milliseconds(rtt))
      },
      {
        head: 'ERROR',
        align: 'right',
        spare: 3,
        cell: ({ coordinateErrorPpm: error }) => (error === undefined ? '-' : percent(error))
      },
      { head: 'LENDS', align: 'right', cell: ({ capacityBytes }) => formatBytes(capacityBytes) },
      { head: 'FREE', align: 'right', cell: ({ freeBytes }) => formatBytes(freeBytes) },
      {
        head: 'GOOD',
        align: 'right',
        cell: ({ reliabilityPpm }) => percent(reliabilityPpm)
      },
      { head: 'DOMAIN', least: 8, cell: ({ failureDomain }) => failureDomain },
      { head: 'UP', align: 'right', cell: ({ uptimeSeconds }) => formatAge(uptimeSeconds * 1000) },
      { head: 'VERSION', spare: 1, cell: ({ version }) => version }
    ],
    width
  )

/** A peer without room takes no shards, whether its quota or its disk is full. */
const stateOf = ({ self, live, draining, capacityBytes, freeBytes }: PeersJson['peers'][number]): string => {
  if (!live && !self) return 'silent'
  const full = capacityBytes > 0 && freeBytes === 0 ? ', full' : ''
  return `${self ? 'self' : 'live'}${draining ? ', draining' : full}`
}

const percent = (ppm: number): string => `${(ppm / 10_000).toFixed(1)} %`

const milliseconds = (micros: number): string => `${(micros / 1000).toFixed(micros < 10_000 ? 2 : 0)} ms`
