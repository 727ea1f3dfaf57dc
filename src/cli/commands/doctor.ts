import type { CommandModule } from 'yargs'
import type { ScrubReportJson, StatusJson } from '../../gateway/index.ts'
import { CLOCK_IS_WRONG, damageText } from './status.ts'
import { readApiFile } from '../api-file.ts'
import { defineCommand } from '../command.ts'
import type { Finding } from '../doctor/finding.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { CliError } from '../errors.ts'
import { count, formatBytes } from '../format.ts'
import type { Io } from '../io.ts'
import { printJson, printLine, textWidthOf } from '../output.ts'
import { printable } from '../printable.ts'
import { wrapText } from '../table.ts'

export interface DoctorOptions extends EndpointOptions {
  readonly scrub: boolean
}

export const doctorCommand = (io: Io): CommandModule =>
  defineCommand<DoctorOptions>({
    command: 'doctor',
    describe: 'Check what works here (ports, NAT, disk, SIMD, GPU) and say what to do about the rest',
    builder: (yargs) =>
      withEndpoint(yargs).option('scrub', {
        type: 'boolean',
        default: false,
        describe: 'First make the running node read all it keeps, to find and mark damage'
      }),
    handler: async (flags) => {
      const scrubbed = flags.scrub ? [scrubFinding(await scrubNode(flags, io))] : []
      const { findings: found, problem } = await examine(flags, io)
      const findings = [...found, ...scrubbed]
      if (flags.json) await printJson(io, findings)
      else for (const finding of findings) await printLine(io, findingText(finding, textWidthOf(io.stdout)))
      // What answers at the address that the user named is not the node they mean.
      if (problem !== undefined) throw problem
      const bad = findings.filter(({ state }) => state === 'bad')
      if (bad.length === 0) return
      throw new CliError(
        'NOT_HEALTHY',
        `A node would not work here: ${bad.map(({ check }) => check).join(', ')}.`,
        'The advice stands above.'
      )
    }
  })

/** @throws CliError 'NO_NODE' and such: only a node that runs can read its store */
const scrubNode = async (flags: EndpointOptions & { json: boolean }, io: Io): Promise<ScrubReportJson> => {
  const { startProgress } = await import('../progress.ts')
  const client = await connect(flags, io)
  const { usage } = await client.status()
  const progress = await startProgress(io, 'scrub', usage.usedBytes, flags.json)
  try {
    return await client.scrub(({ bytes, badBlocks }) =>
      progress.update(bytes, badBlocks === 0 ? '' : count(badBlocks, 'damaged block'))
    )
  } finally {
    progress.stop()
  }
}

/** What a scrub found. */
export const scrubFinding = (report: ScrubReportJson): Finding => {
  const { shards, blocks, bytes, badBlocks, damagedShards, mendedShards } = report
  const read = `read ${count(blocks, 'block')} (${formatBytes(bytes)}) of ${count(shards, 'shard')}`
  const mended = mendedShards > 0 ? [`mended the records of ${count(mendedShards, 'shard')}`] : []
  if (damagedShards === 0) {
    return { check: 'scrub', state: 'good', detail: [read, ...mended, 'found no damage'].join(', ') }
  }
  const found = `found ${count(badBlocks, 'damaged block')} in ${count(damagedShards, 'damaged shard')}`
  return {
    check: 'scrub',
    state: 'weak',
    detail: [read, ...mended, found].join(', '),
    advice: 'They are rebuilt from other peers. If it happens again, replace the disk.'
  }
}

const examine = async (
  flags: EndpointOptions,
  io: Io
): Promise<{ findings: readonly Finding[]; problem?: CliError }> => {
  const [
    { guarded },
    { checkDisk },
    { checkPorts, checkReachability, listenerAt },
    { checkEncoders, checkMachine },
    { loadConfig }
  ] = await Promise.all([
    import('../doctor/finding.ts'),
    import('../doctor/disk.ts'),
    import('../doctor/network.ts'),
    import('../doctor/machine.ts'),
    import('../../node/config/index.ts')
  ])
  // --api names a node to talk to, here; where our own would listen is not asked.
  const config = loadConfig({ flags: { data: flags.data }, env: { ...io.env, THHE_API: undefined } })
  const running = await runningNode(flags, io)
  const { status, problem } = running
  const file = status === undefined ? await readApiFile(config.data) : undefined
  const listener = file && (await listenerAt(file.url))
  const inItsPlace = listener && `${listener} listens at ${file.url}, where it was last`
  const groups = [
    await guarded('machine', checkMachine),
    [nodeFinding(running, inItsPlace)],
    damageFindings(status),
    clockFindings(status),
    await guarded(
      'disk',
      async () => await checkDisk(running.dataFolder ?? config.data, config.quota, status?.usage)
    ),
    status === undefined
      ? await guarded('ports', async () => await checkPorts(config.listen, config.api))
      : [],
    await guarded('NAT', async () => await checkReachability(status)),
    await guarded('encoders', checkEncoders)
  ]
  return { findings: groups.flat(), problem }
}

interface Running {
  /** Undefined for a node that runs and does not answer. */
  readonly status?: StatusJson
  readonly dataFolder?: string
  readonly silence?: string
  /** Why there is none at the address that the user named. */
  readonly problem?: CliError
}

const runningNode = async (flags: EndpointOptions, io: Io): Promise<Running> => {
  try {
    const client = await connect(flags, io)
    return { status: await client.status(), dataFolder: client.dataFolder }
  } catch (error) {
    io.signal.throwIfAborted()
    if (!(error instanceof CliError) || error.code === 'NO_NODE') return {}
    return error.code === 'NODE_SILENT' ? { silence: error.message } : { problem: error }
  }
}

/** @param inItsPlace - which other program listens where the node was last */
const nodeFinding = ({ status, silence, problem }: Running, inItsPlace: string | undefined): Finding => {
  const check = 'node'
  if (silence !== undefined)
    return { check, state: 'bad', detail: silence, advice: 'Stop it and start it again.' }
  if (problem !== undefined)
    return { check, state: 'bad', detail: problem.message, advice: 'Check --api and THHE_API.' }
  if (status === undefined) {
    const detail = inItsPlace === undefined ? 'none runs' : `none runs; ${inItsPlace}`
    return { check, state: 'note', detail, advice: 'Start one with `thhe node`.' }
  }
  const { ready, network, peers } = status
  const detail = `runs in network ${network.name}, ${peers.live} of ${peers.known} peers live`
  if (ready) return { check, state: 'good', detail }
  const advice = 'It has not found its peers: check --bootstrap and the network connection.'
  return { check, state: 'weak', detail: `${detail}, not ready`, advice }
}

const clockFindings = (status: StatusJson | undefined): Finding[] =>
  status?.clockAgrees === false
    ? [
        {
          check: 'clock',
          state: 'bad',
          detail: CLOCK_IS_WRONG,
          advice: 'Let NTP set it: timedatectl set-ntp true'
        }
      ]
    : []

const damageFindings = (status: StatusJson | undefined): Finding[] =>
  status === undefined
    ? []
    : damageText(status.damage).map((detail) => ({
        check: 'damage',
        state: 'weak',
        detail,
        advice: 'Other peers repair what is lost. If it happens again, replace the disk.'
      }))

const MARKS: Record<Finding['state'], string> = { good: '✔', note: '·', weak: '!', bad: '✖' }

/** @param width - columns to fit into */
export const findingText = ({ check, state, detail, advice }: Finding, width = 80): string => {
  const [first, ...more] = wrapText(`${check}: ${detail}`, width - 4)
  const rest = [...more, ...(advice === undefined ? [] : wrapText(advice, width - 4))]
  return [`${MARKS[state]} ${first}`, ...rest.map((line) => `    ${line}`)]
    .map((line) => printable(line))
    .join('\n')
}
