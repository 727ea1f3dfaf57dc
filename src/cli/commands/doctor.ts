import type { CommandModule } from 'yargs'
import type { ScrubReportJson } from '../../gateway/index.ts'
import { readApiFile } from '../api-file.ts'
import { defineCommand } from '../command.ts'
import type { Running } from '../doctor/examine.ts'
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
  const [{ examineMachine }, { listenerAt }, { loadConfig }] = await Promise.all([
    import('../doctor/examine.ts'),
    import('../doctor/network.ts'),
    import('../../node/config/index.ts')
  ])
  // --api names a node to talk to, here; where our own would listen is not asked.
  const config = loadConfig({ flags: { data: flags.data }, env: { ...io.env, THHE_API: undefined } })
  const running = await runningNode(flags, io)
  const { status, problem } = running
  const file = status === undefined ? await readApiFile(config.data) : undefined
  const listener = file && (await listenerAt(file.url))
  const inItsPlace = listener && `${listener} listens at ${file.url}, where it was last`
  const findings = await examineMachine(
    running,
    { ...config, data: running.dataFolder ?? config.data },
    inItsPlace
  )
  return { findings, problem }
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

const MARKS: Record<Finding['state'], string> = { good: '✔', note: '·', weak: '!', bad: '✖' }

/** @param width - columns to fit into */
export const findingText = ({ check, state, detail, advice }: Finding, width = 80): string => {
  const [first, ...more] = wrapText(`${check}: ${detail}`, width - 4)
  const rest = [...more, ...(advice === undefined ? [] : wrapText(advice, width - 4))]
  return [`${MARKS[state]} ${first}`, ...rest.map((line) => `    ${line}`)]
    .map((line) => printable(line))
    .join('\n')
}
