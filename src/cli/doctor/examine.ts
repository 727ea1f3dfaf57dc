import type { StatusJson } from '../../gateway/index.ts'
import type { NodeConfig } from '../../node/config/index.ts'
import { CLOCK_IS_WRONG, damageText } from '../commands/status.ts'
import type { CliError } from '../errors.ts'
import { checkDisk } from './disk.ts'
import { guarded } from './finding.ts'
import type { Finding } from './finding.ts'
import { checkEncoders, checkMachine } from './machine.ts'
import { checkPorts, checkReachability } from './network.ts'

/** The node of this machine, as far as it could be asked. */
export interface Running {
  /** Undefined for a node that runs and does not answer. */
  readonly status?: StatusJson
  readonly dataFolder?: string
  readonly silence?: string
  /** Why there is none at the address that the user named. */
  readonly problem?: CliError
}

/**
 * All checks, each of which ends in a finding. Writes 32 MiB under the data folder, and removes them.
 *
 * @param inItsPlace - which other program listens where the node was last
 */
export const examineMachine = async (
  running: Running,
  { data, quota, listen, api }: Pick<NodeConfig, 'data' | 'quota' | 'listen' | 'api'>,
  inItsPlace?: string
): Promise<readonly Finding[]> => {
  const { status } = running
  const groups = [
    await guarded('machine', checkMachine),
    [nodeFinding(running, inItsPlace)],
    damageFindings(status),
    clockFindings(status),
    await guarded('disk', async () => await checkDisk(data, quota, status?.usage)),
    status === undefined ? await guarded('ports', async () => await checkPorts(listen, api)) : [],
    await guarded('NAT', async () => await checkReachability(status)),
    await guarded('encoders', checkEncoders)
  ]
  return groups.flat()
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
