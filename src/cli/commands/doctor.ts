import type { CommandModule } from 'yargs'
import type { StatusJson } from '../../gateway/index.ts'
import { defineCommand } from '../command.ts'
import type { Finding } from '../doctor/finding.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { CliError } from '../errors.ts'
import type { Io } from '../io.ts'
import { printJson, printLine } from '../output.ts'

export const doctorCommand = (io: Io): CommandModule =>
  defineCommand<EndpointOptions>({
    command: 'doctor',
    describe: 'Check what works here (ports, NAT, disk, SIMD, GPU) and say what to do about the rest',
    builder: (yargs) => withEndpoint(yargs),
    handler: async (flags) => {
      const findings = await examine(flags, io)
      if (flags.json) await printJson(io, findings)
      else for (const finding of findings) await printLine(io, findingText(finding))
      const bad = findings.filter(({ state }) => state === 'bad')
      if (bad.length === 0) return
      throw new CliError(
        'NOT_HEALTHY',
        `A node would not work here: ${bad.map(({ check }) => check).join(', ')}.`,
        'The advice stands above.'
      )
    }
  })

const examine = async (flags: EndpointOptions, io: Io): Promise<readonly Finding[]> => {
  const [
    { guarded },
    { checkDisk },
    { checkPorts, checkReachability },
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
  const status = await runningNode(flags, io)
  const groups = [
    await guarded('machine', checkMachine),
    [nodeFinding(status)],
    await guarded('disk', async () => await checkDisk(config.data, config.quota)),
    status === undefined ? await guarded('ports', async () => await checkPorts(config.listen)) : [],
    await guarded('NAT', async () => await checkReachability(status)),
    await guarded('encoders', checkEncoders)
  ]
  return groups.flat()
}

const runningNode = async (flags: EndpointOptions, io: Io): Promise<StatusJson | undefined> => {
  try {
    return await (await connect(flags, io)).status()
  } catch {
    io.signal.throwIfAborted()
    return undefined
  }
}

const nodeFinding = (status: StatusJson | undefined): Finding => {
  const check = 'node'
  if (status === undefined)
    return { check, state: 'note', detail: 'none runs', advice: 'Start one with `thhe node`.' }
  const { ready, network, peers } = status
  const detail = `runs in network ${network.name}, ${peers.live} of ${peers.known} peers live`
  if (ready) return { check, state: 'good', detail }
  const advice = 'It has not found its peers: check --bootstrap and the network connection.'
  return { check, state: 'weak', detail: `${detail}, not ready`, advice }
}

const MARKS: Record<Finding['state'], string> = { good: '✔', note: '·', weak: '!', bad: '✖' }

export const findingText = ({ check, state, detail, advice }: Finding): string => {
  const line = `${MARKS[state]} ${check}: ${detail}`
  return advice === undefined ? line : `${line}\n    ${advice}`
}
