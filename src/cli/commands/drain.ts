import { setTimeout as delay } from 'node:timers/promises'
import type { CommandModule } from 'yargs'
import type { DrainJson } from '../../gateway/index.ts'
import type { NodeClient } from '../client.ts'
import { defineCommand } from '../command.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { CliError, usageError } from '../errors.ts'
import { count, formatBytes } from '../format.ts'
import type { Io } from '../io.ts'
import { printJson, printLine, remark } from '../output.ts'

interface DrainOptions extends EndpointOptions {
  readonly cancel: boolean
  readonly status: boolean
  readonly timeout: number
}

const POLL_MS = 1_000

export const drainCommand = (io: Io): CommandModule =>
  defineCommand<DrainOptions>({
    command: 'drain',
    describe:
      'Empty the running node: bring all that it keeps to other peers, and say when it is safe to switch off',
    builder: (yargs) =>
      withEndpoint(yargs)
        .options({
          cancel: {
            type: 'boolean',
            default: false,
            describe: 'Lend space again; what was moved stays where it is'
          },
          status: { type: 'boolean', default: false, describe: 'Only say how far it is' },
          timeout: {
            type: 'number',
            requiresArg: true,
            default: 3600,
            describe: 'Seconds to wait; the node goes on afterwards'
          }
        })
        .epilogue(
          'The node takes no shards meanwhile, and goes on after a restart until it is drained or --cancel. Ends with 0 ' +
            'when it is safe to switch the node off, with 4 when other peers have not taken everything by then.'
        ),
    handler: async (flags) => {
      if (!(flags.timeout >= 1)) throw usageError('--timeout must be at least 1.')
      const client = await connect(flags, io)
      const drain = await follow(client, flags, io)
      if (flags.json) await printJson(io, drain)
      else await printLine(io, drainText(drain))
      if (drain.state === 'draining' && !flags.status) {
        throw new CliError(
          'NOT_ENOUGH_PEERS',
          `Not safe to switch off yet: ${count(drain.left, 'object')} left${drain.obstacle === undefined ? '' : ` (${drain.obstacle})`}.`,
          'It goes on; `thhe node drain --status` says how far it is. `thhe peers` shows who has room.'
        )
      }
      if (drain.state === 'drained' && !flags.quiet) await warnOfLeases(client, io)
    }
  })

const follow = async (
  client: NodeClient,
  flags: DrainOptions & { quiet: boolean },
  io: Io
): Promise<DrainJson> => {
  if (flags.status) return await client.drain('GET')
  if (flags.cancel) return await client.drain('DELETE')
  let drain = await client.drain('POST')
  const deadlineMs = performance.now() + flags.timeout * 1000
  let said = ''
  while (drain.state === 'draining' && performance.now() < deadlineMs) {
    const text = drainText(drain)
    if (text !== said && !flags.quiet && io.stderr.isTTY === true) remark(io, text)
    said = text
    await delay(POLL_MS, undefined, { signal: io.signal })
    drain = await client.drain('GET')
  }
  return drain
}

export const drainText = ({ state, left, looked, movedShards, movedBytes }: DrainJson): string => {
  const moved = `${count(movedShards, 'shard')} (${formatBytes(movedBytes)}) moved`
  if (state === 'off') return 'The node lends its space.'
  if (state === 'drained') return `Safe to switch off: other peers keep everything; ${moved}.`
  return `Draining: ${count(looked, 'object')} looked at, ${left} left, ${moved}.`
}

/** Nobody else renews what was put through this node. */
const warnOfLeases = async (client: NodeClient, io: Io): Promise<void> => {
  let owned = 0
  let firstEndMs = Infinity
  for await (const { leaseExpiresAtMs } of client.list()) {
    owned++
    firstEndMs = Math.min(firstEndMs, leaseExpiresAtMs)
  }
  if (owned === 0) return
  const until = new Date(firstEndMs).toISOString().slice(0, 10)
  remark(
    io,
    `${count(owned, 'object')} were put through this node, and only it renews their leases: the first ends on ${until}. ` +
      'Put them through another node as well, or bring this one back before.'
  )
}
