import type { CommandModule } from 'yargs'
import { defineCommand } from '../command.ts'
import type { PeersJson } from '../../gateway/index.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { formatBytes, formatDuration } from '../format.ts'
import type { Io } from '../io.ts'
import { printJson, printLine, renderTable } from '../output.ts'

export const peersCommand = (io: Io): CommandModule =>
  defineCommand<EndpointOptions>({
    command: 'peers',
    describe: 'List the peers of the network that the node knows',
    builder: (yargs) => withEndpoint(yargs),
    handler: async (flags) => {
      const { peers } = await (await connect(flags, io)).peers()
      if (flags.json) await printJson(io, peers)
      else await printLine(io, await peersText(peers))
    }
  })

export const peersText = async (peers: PeersJson['peers']): Promise<string> =>
  await renderTable(
    [...peers].sort((a, b) => Number(b.self) - Number(a.self) || (a.id < b.id ? -1 : 1)),
    [
      { head: 'PEER', cell: ({ id }) => id },
      { head: 'STATE', cell: ({ live, self }) => (self ? 'this node' : live ? 'live' : 'silent') },
      { head: 'PATH', cell: ({ path }) => path ?? '-' },
      {
        head: 'RTT',
        align: 'right',
        cell: ({ rttMicros: rtt }) => (rtt === undefined ? '-' : milliseconds(rtt))
      },
      { head: 'LENDS', align: 'right', cell: ({ capacityBytes }) => formatBytes(capacityBytes) },
      { head: 'FREE', align: 'right', cell: ({ freeBytes }) => formatBytes(freeBytes) },
      {
        head: 'RELIABILITY',
        align: 'right',
        cell: ({ reliabilityPpm }) => `${(reliabilityPpm / 10_000).toFixed(1)} %`
      },
      { head: 'DOMAIN', cell: ({ failureDomain }) => failureDomain },
      { head: 'UP', align: 'right', cell: ({ uptimeSeconds }) => formatDuration(uptimeSeconds * 1000) },
      { head: 'VERSION', cell: ({ version }) => version }
    ]
  )

const milliseconds = (micros: number): string => `${(micros / 1000).toFixed(micros < 10_000 ? 2 : 0)} ms`
