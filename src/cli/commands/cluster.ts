import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { randomInt } from 'node:crypto'
import type { CommandModule } from 'yargs'
import { commandGroup, defineCommand } from '../command.ts'
import type { ClusterCode, ClusterState } from '../cluster/state.ts'
import { usageError } from '../errors.ts'
import type { CliError } from '../errors.ts'
import type { S3StatusJson } from '../../gateway/index.ts'
import { openingOf } from '../web-opening.ts'
import type { NodeClient } from '../client.ts'
import { count, formatBytes, shortPeer } from '../format.ts'
import { FULL_OPTION } from '../globals.ts'
import { wholeWithin, within } from '../numbers.ts'
import type { Io } from '../io.ts'
import { printJson, printLine, remark, renderTable, widthOf } from '../output.ts'
import { defaultClusterFolder } from '../paths.ts'

interface ClusterFlags {
  readonly dir?: string
}

interface UpFlags extends ClusterFlags {
  readonly peers?: number
  readonly codeK?: number
  readonly codeN?: number
  readonly quota?: string
  readonly set?: readonly string[]
  readonly s3?: string
  readonly web: boolean
  readonly timeout: number
}

/** Where peer 1 serves S3 when --s3 says no more. */
const S3_LISTEN = '127.0.0.1:9000'

const NEW_CLUSTER_PEERS = 12
const MAX_PEERS = 100

const folderOf = ({ dir }: ClusterFlags, { env }: Io): string => resolve(dir ?? defaultClusterFolder(env))

const upCommand = (io: Io): CommandModule =>
  defineCommand<UpFlags>({
    command: 'up',
    describe: 'Start the peers that do not run yet, and wait until all know all',
    builder: (yargs) =>
      yargs.options({
        peers: {
          alias: 'n',
          type: 'number',
          requiresArg: true,
          describe: `Peers in all; by default those that the cluster has, and ${NEW_CLUSTER_PEERS} in a new one`
        },
        'code-k': {
          type: 'number',
          requiresArg: true,
          describe: 'Shards that suffice to read an object, in a new cluster; goes with --code-n'
        },
        'code-n': {
          type: 'number',
          requiresArg: true,
          describe: 'Shards of an object, in a new cluster; by default one or two fewer than peers'
        },
        quota: {
          type: 'string',
          requiresArg: true,
          describe: 'Disk space of each peer of a new cluster; 1GiB by default'
        },
        set: {
          type: 'string',
          array: true,
          nargs: 1,
          requiresArg: true,
          describe:
            'Setting of the peers that this command starts, NAME=VALUE, as in --set repair-grace=1m; several'
        },
        s3: {
          type: 'string',
          // Bare, it is ''.
          coerce: (listen: string | undefined) => (listen === '' ? S3_LISTEN : listen),
          describe: `Peer 1 serves S3 at this HOST:PORT, or at ${S3_LISTEN}, if this command starts it`
        },
        web: {
          type: 'boolean',
          default: false,
          describe: 'Print an address that opens the web page of peer 1, once'
        },
        timeout: { type: 'number', default: 60, requiresArg: true, describe: 'Seconds until it is given up' }
      }),
    handler: async (flags) => {
      refuseBadNumbers(flags)
      const { settingsOf } = await import('../cluster/settings.ts')
      const settings = settingsOf(flags.set ?? [])
      if (flags.s3 !== undefined) settingsOf([`s3=${flags.s3}`])
      const [{ clusterUp }, { largestPeer }] = await Promise.all([
        import('../cluster/cluster.ts'),
        import('../cluster/state.ts')
      ])
      const folder = folderOf(flags, io)
      const startedMs = performance.now()
      const { peers, code } = await clusterUp({
        folder,
        size: flags.peers ?? ((await largestPeer(folder)) || NEW_CLUSTER_PEERS),
        code: codeOf(flags),
        quota: flags.quota,
        settings,
        ...(flags.s3 !== undefined && { s3: flags.s3 }),
        timeoutMs: flags.timeout * 1000,
        env: io.env,
        signal: io.signal
      })
      const elapsedMs = Math.round(performance.now() - startedMs)
      const list = peers.map(({ number, pid, client }) => ({ number, pid, url: client.url }))
      const [{ client }] = peers
      const s3 = flags.s3 === undefined ? undefined : await s3Of(client)
      const web = flags.web ? await openingOf(client) : undefined
      if (flags.json) return await printJson(io, { folder, elapsedMs, code, peers: list, s3, web })
      if (!flags.quiet) {
        const { k, n } = code
        remark(
          io,
          `${count(peers.length, 'peer')} up in ${(elapsedMs / 1000).toFixed(1)} s, in ${folder}. ` +
            `Objects have ${count(n, 'shard')}; any ${k === 1 ? 'one suffices' : `${k} suffice`}.`
        )
        remark(io, 'Try: thhe put FILE, thhe cluster kill --random 1, thhe get LINK, thhe cluster down.')
        if (s3 !== undefined)
          remark(io, `S3 is served at ${s3.url}. Make an access key: thhe s3 key new laptop.`)
        if (web !== undefined) remark(io, 'The web page. The address works once, within two minutes:')
      }
      if (web !== undefined) await printLine(io, web.url)
    }
  })

/** @throws CliError 'USAGE' if peer 1 was started earlier, without S3 */
const s3Of = async (client: NodeClient): Promise<S3StatusJson> =>
  await client.s3().catch((error: unknown) => {
    if ((error as { code?: unknown }).code !== 'S3_OFF') throw error
    throw usageError(
      'The cluster is up, and its peer 1 does not serve S3: it was started without.',
      'Stop it with `thhe cluster kill 1` and run this again.'
    )
  })

/** @throws CliError 'USAGE' before anything is started */
const refuseBadNumbers = ({ peers, codeK, codeN, timeout }: UpFlags): void => {
  wholeWithin('peers', peers, 1, MAX_PEERS)
  wholeWithin('code-n', codeN, 1, 256)
  wholeWithin('code-k', codeK, 1, codeN ?? 256)
  within('timeout', timeout, 1, 3600)
}

/** @throws CliError 'USAGE' for half a code */
const codeOf = ({ codeK: k, codeN: n }: UpFlags): ClusterCode | undefined => {
  if (k === undefined && n === undefined) return undefined
  if (k === undefined || n === undefined)
    throw usageError('--code-k and --code-n belong together.', 'Give both, or none.')
  return { k, n }
}

const downCommand = (io: Io): CommandModule =>
  defineCommand<ClusterFlags & { readonly purge: boolean }>({
    command: 'down',
    describe: 'Stop every peer; what they hold stays for the next `up`',
    builder: (yargs) =>
      yargs.options({
        purge: { type: 'boolean', default: false, describe: 'Remove the data of the cluster as well' }
      }),
    handler: async (flags) => {
      const { clusterDown } = await import('../cluster/cluster.ts')
      const folder = folderOf(flags, io)
      const { stopped, killed } = await clusterDown(folder)
      if (flags.purge) await rm(folder, { recursive: true, force: true })
      if (flags.json)
        await printJson(io, {
          folder,
          stopped: numbers(stopped),
          killed: numbers(killed),
          purged: flags.purge
        })
      else if (!flags.quiet) {
        const forced =
          killed.length === 0 ? '' : ` (${killed.length} did not stop in time and had to be killed)`
        remark(io, `${count(stopped.length, 'peer')} stopped${forced}${flags.purge ? ', data removed' : ''}.`)
      }
    }
  })

const statusCommand = (io: Io): CommandModule =>
  defineCommand<ClusterFlags & { readonly full: boolean }>({
    command: 'status',
    describe: 'Show every peer of the cluster',
    builder: (yargs) => yargs.options(FULL_OPTION),
    handler: async (flags) => {
      const { existing } = await import('../cluster/cluster.ts')
      const folder = folderOf(flags, io)
      const rows = await peerRows(folder, await existing(folder), io)
      if (flags.json) await printJson(io, { folder, peers: rows })
      else if (rows.length > 0)
        await printLine(io, peerTable(rows, flags.full ? undefined : widthOf(io.stdout)))
      else if (!flags.quiet) remark(io, `The cluster in ${folder} is down.`)
    }
  })

const killCommand = (io: Io): CommandModule =>
  defineCommand<ClusterFlags & { readonly numbers?: string[]; readonly random?: number }>({
    command: 'kill [numbers..]',
    describe: 'End peers without warning (SIGKILL), as a power cut would',
    builder: (yargs) =>
      yargs
        .positional('numbers', {
          type: 'string',
          array: true,
          describe: 'Which peers: their numbers in `cluster status`, as in `kill 3 5`'
        })
        .options({ random: { type: 'number', requiresArg: true, describe: 'How many peers, drawn by lot' } }),
    handler: async (flags) => {
      const { clusterKill, existing } = await import('../cluster/cluster.ts')
      const { livePeers } = await import('../cluster/state.ts')
      const folder = folderOf(flags, io)
      const named = (flags.numbers ?? []).map(peerNumber)
      if ((named.length === 0) === (flags.random === undefined)) {
        throw usageError('Say which peers to kill.', 'Either their numbers, or --random COUNT.')
      }
      const victims =
        flags.random === undefined
          ? named
          : drawn(numbers(await livePeers(await existing(folder))), flags.random)
      const killed = numbers(await clusterKill(folder, victims))
      if (flags.json) await printJson(io, { folder, killed })
      else if (!flags.quiet) {
        remark(
          io,
          `Killed ${count(killed.length, 'peer')}: ${killed.map((number) => `peer ${number}`).join(', ')}.`
        )
      }
    }
  })

/** The peer that a word of `cluster kill` names: 3, or peer-03 as its folder is called. */
const peerNumber = (word: string): number => {
  const digits = /^(?:peer-)?0*([1-9]\d{0,2})$/.exec(word)?.[1]
  if (digits !== undefined) return Number(digits)
  throw usageError(`"${word}" is not the number of a peer.`, '`thhe cluster status` lists them.')
}

const numbers = (peers: ReadonlyArray<{ readonly number: number }>): number[] =>
  peers.map(({ number }) => number)

/** @throws CliError 'USAGE' when there are not so many */
const drawn = (from: readonly number[], wanted: number): number[] => {
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > from.length) {
    throw usageError(`Cannot kill ${wanted} of ${count(from.length, 'live peer')}.`)
  }
  const left = [...from]
  return Array.from({ length: wanted }, () => left.splice(randomInt(left.length), 1)[0])
}

interface PeerRow {
  readonly number: number
  readonly pid: number
  /** 'stopped': by a signal; 'silent': it runs and does not answer. */
  readonly state: 'live' | 'dead' | 'silent' | 'stopped'
  readonly peerId?: string
  readonly url?: string
  readonly seesLive?: number
  readonly usedBytes?: number
}

const peerRows = async (folder: string, state: ClusterState, { signal }: Io): Promise<PeerRow[]> => {
  const { clientOf } = await import('../cluster/cluster.ts')
  const { livePeers } = await import('../cluster/state.ts')
  const live = await livePeers(state)
  return await Promise.all(
    state.peers.map(async (peer): Promise<PeerRow> => {
      const { number, pid } = peer
      if (!live.includes(peer)) return { number, pid, state: 'dead' }
      try {
        const client = await clientOf({ folder, signal, timeoutMs: 2000 }, peer)
        const { peerId, peers, usage } = await client.status()
        return {
          number,
          pid,
          state: 'live',
          peerId,
          url: client.url,
          seesLive: peers.live,
          usedBytes: usage.usedBytes
        }
      } catch (error) {
        signal.throwIfAborted()
        const stopped = (error as Partial<CliError>).data?.stopped !== undefined
        return { number, pid, state: stopped ? 'stopped' : 'silent' }
      }
    })
  )
}

/** @param width - columns to fit into; undefined for whole ids */
const peerTable = (rows: readonly PeerRow[], width?: number): string =>
  renderTable(
    rows,
    [
      { head: 'PEER', align: 'right', cell: ({ number }) => number },
      { head: 'STATE', cell: ({ state }) => state },
      { head: 'PID', align: 'right', cell: ({ pid }) => pid },
      { head: 'SEES', align: 'right', cell: ({ seesLive }) => seesLive ?? '-' },
      {
        head: 'HOLDS',
        align: 'right',
        cell: ({ usedBytes }) => (usedBytes === undefined ? '-' : formatBytes(usedBytes))
      },
      { head: 'API', cell: ({ url }) => url ?? '-' },
      {
        head: 'ID',
        cell: ({ peerId = '-' }) => (width === undefined || peerId === '-' ? peerId : shortPeer(peerId))
      }
    ],
    width
  )

export const clusterCommand = (io: Io): CommandModule =>
  commandGroup(
    'cluster',
    'Run a local network of real peers, one process each',
    [upCommand(io), downCommand(io), statusCommand(io), killCommand(io)],
    { dir: { type: 'string', requiresArg: true, describe: 'Folder of the cluster [THHE_CLUSTER]' } }
  )
