import type { CommandModule } from 'yargs'
import { defineCommand } from '../command.ts'
import type { StatusJson } from '../../gateway/index.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { formatBytes, formatDuration } from '../format.ts'
import type { Io } from '../io.ts'
import { printJson, printLine, renderFields } from '../output.ts'

export const statusCommand = (io: Io): CommandModule =>
  defineCommand<EndpointOptions>({
    command: 'status',
    describe: 'Show the state of the node: network, addresses, peers, disk',
    builder: (yargs) => withEndpoint(yargs),
    handler: async (flags) => {
      const client = await connect(flags, io)
      const status = await client.status()
      if (flags.json) await printJson(io, { url: client.url, ...status })
      else await printLine(io, statusText(client.url, status))
    }
  })

export const statusText = (url: string, status: StatusJson): string => {
  const { network, peers, usage } = status
  return renderFields([
    ['state', status.ready ? 'ready' : `${status.state}, not ready`],
    ['peer id', status.peerId],
    ['network', `${network.name} (${network.id.slice(0, 8)}…)`],
    ['peers', `${peers.live} live of ${peers.known} known, ${peers.connected} connected`],
    [
      'disk',
      `${formatBytes(usage.usedBytes)} of ${formatBytes(usage.quotaBytes)} used, ${formatBytes(usage.freeBytes)} free`
    ],
    ['dht', status.dht],
    ['rendezvous', status.rendezvous],
    ['up', formatDuration(status.uptimeSeconds * 1000)],
    ['version', status.version],
    ['api', url],
    ...status.multiaddrs.map((address): [string, string] => ['address', address])
  ])
}
