import type { CommandModule } from 'yargs'
import { defineCommand } from '../command.ts'
import type { StatusJson } from '../../gateway/index.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { count, formatBytes, formatDuration } from '../format.ts'
import type { Io } from '../io.ts'
import { mapLine } from './map.ts'
import { printJson, printLine, renderFields, widthOf } from '../output.ts'

export const statusCommand = (io: Io): CommandModule =>
  defineCommand<EndpointOptions>({
    command: 'status',
    describe: 'Show the state of the node: network, addresses, peers, disk',
    builder: (yargs) => withEndpoint(yargs),
    handler: async (flags) => {
      const client = await connect(flags, io)
      const status = await client.status()
      if (flags.json) await printJson(io, { url: client.url, ...status })
      else await printLine(io, statusText(client.url, status, widthOf(io.stdout)))
    }
  })

/** @param width - columns to fit into */
export const statusText = (url: string, status: StatusJson, width: number): string => {
  const { network, peers, usage, peerId } = status
  // Every address ends in our own id, which stands above.
  const own = `/p2p/${peerId}`
  const addresses = status.multiaddrs.map((address) =>
    address.endsWith(own) ? address.slice(0, -own.length) : address
  )
  return renderFields(
    [
      ['state', status.ready ? 'ready' : `${status.state}, not ready: it has not found its peers`],
      ['peer id', peerId],
      ['network', `${network.name} (${network.id.slice(0, 8)}…)`],
      ['peers', `${peers.live} live of ${peers.known} known, ${peers.connected} connected`],
      ['disk', diskText(usage)],
      ...damageText(status.damage).map((text): [string, string] => ['damage', text]),
      ['load', loadText(status.homeostat)],
      ['fill', fillText(status.fill)],
      ['map', mapLine(status.map)],
      ['homes', homesText(status.map)],
      ...(status.field.state === 'off' ? [] : [['field', fieldText(status.field)] as const]),
      ['coordinate', coordinateText(status.coordinate)],
      ...(status.clockAgrees === false ? [['clock', CLOCK_IS_WRONG] as const] : []),
      ['dht', status.dht],
      ['rendezvous', status.rendezvous],
      ['up', formatDuration(status.uptimeSeconds * 1000)],
      ['version', status.version],
      ['api', url],
      ...addresses.map((address, index): [string, string] => [index === 0 ? 'address' : '', address]),
      ...(addresses.length === 0 ? [] : [['', `(to join by: an address and ${own})`] as const])
    ],
    width
  )
}

const fieldText = ({ state, round, slots, waiting, halted }: StatusJson['field']): string =>
  `${count(slots, 'slot')} agreed on after round ${round}` +
  (waiting > 0 ? `, ${count(waiting, 'change')} waiting` : '') +
  (state === 'behind' ? '; being brought up to date' : '') +
  (halted === undefined ? '' : `; THIS VALIDATOR VOTES NO MORE: ${halted}`)

/** By what the node computes who keeps which shard. */
const homesText = ({ state, placementEra }: StatusJson['map']): string => {
  if (placementEra > 0) return `by the agreed map, unchanged since slot ${placementEra}`
  return state === 'off'
    ? 'by the table of peers'
    : 'by the table of peers: the map does not have enough of them, or is too old'
}

/** How well the node knows where it is in latency space. */
const coordinateText = ({ errorPpm, samples, refused, neighbours }: StatusJson['coordinate']): string => {
  if (samples === 0) return 'none yet: no neighbour has answered a probe'
  const lies = refused === 0 ? '' : `, ${count(refused, 'answer')} refused`
  const error = (errorPpm / 10_000).toFixed(1)
  return `off by ${error} %, from ${count(samples, 'probe')} of ${count(neighbours, 'neighbour')}${lies}`
}

/** How close the node is to saturation, what comes next, and how evenly the peers are loaded. */
export const loadText = ({
  heat,
  source,
  forecast,
  temperature,
  divergence,
  objective,
  copies,
  refused
}: StatusJson['homeostat']): string =>
  [
    `heat ${heat.toFixed(2)}${heat > 0 ? ` (${source})` : ''}, forecast ${forecast.toFixed(2)}`,
    `temperature ${temperature.toFixed(2)}`,
    `KL ${divergence.toFixed(2)} nats`,
    `J ${objective.toFixed(2)}`,
    ...(copies > 0 ? [`keeps ${copies} ${copies === 1 ? 'copy' : 'copies'} for hot peers`] : []),
    ...(refused > 0 ? [`${count(refused, 'request')} told to come back`] : [])
  ].join('; ')

/** What has moved here from fuller peers, and from here to emptier ones. */
export const fillText = (fill: StatusJson['fill']): string => {
  const { targets, movedShards, movedBytes, takenShards, takenBytes, failures } = fill
  const parts = [
    ...(takenShards > 0
      ? [`took ${count(takenShards, 'shard')} (${formatBytes(takenBytes)}) from fuller peers`]
      : []),
    ...(movedShards > 0
      ? [`gave ${count(movedShards, 'shard')} (${formatBytes(movedBytes)}) to emptier peers`]
      : []),
    ...(failures > 0 ? [`${count(failures, 'shard')} not taken`] : []),
    ...(targets > 0 ? [`${count(targets, 'peer')} ${targets === 1 ? 'is' : 'are'} much emptier`] : [])
  ]
  return parts.length === 0 ? 'nothing has moved' : parts.join('; ')
}

/** Reports of peers that are not of now are dropped, and so are ours. */
export const CLOCK_IS_WRONG =
  'WRONG: the peers have another time, and drop what this node reports; set the clock'

/** What the disk has lost, for a person; nothing when it has lost nothing. */
export const damageText = (damage: StatusJson['damage']): string[] => {
  const { damagedEntries, restoredEntries, indexRebuilt, damagedShards, badBlocks, shardsSetAside } = damage
  const lost = damagedEntries - restoredEntries
  return [
    ...(badBlocks > 0 ? [`${count(badBlocks, 'damaged block')} in ${count(damagedShards, 'shard')}`] : []),
    ...(shardsSetAside > 0 ? [`${count(shardsSetAside, 'shard')} lost and set aside`] : []),
    ...(lost > 0 ? [`${lost} damaged ${lost === 1 ? 'entry' : 'entries'} of the index`] : []),
    ...(indexRebuilt ? ['the index was damaged and has been made anew from the files'] : [])
  ]
}

/** What is lent, and whether the disk has it. */
export const diskText = ({ quotaBytes, usedBytes, freeBytes }: StatusJson['usage']): string => {
  if (quotaBytes === 0) return 'lends nothing'
  const lent = `${formatBytes(usedBytes)} of ${formatBytes(quotaBytes)} lent used, ${formatBytes(freeBytes)} free`
  if (freeBytes > 0)
    return freeBytes < quotaBytes - usedBytes - DISK_SLACK_BYTES ? `${lent}: the disk has no more` : lent
  return usedBytes < quotaBytes - DISK_SLACK_BYTES
    ? `${lent}: THE DISK IS FULL, the node takes no shards`
    : `${lent}: the quota is used up, the node takes no shards`
}

/** Uploads in flight are reserved without being used. */
const DISK_SLACK_BYTES = 256 << 20
