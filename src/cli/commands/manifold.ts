// thhe manifold simulate: the coordinates, and the gossip and routes built on them, over a matrix of round-trip times.

import { readFile } from 'node:fs/promises'
import type { CommandModule } from 'yargs'
import type { SimulationReport } from '../../manifold/simulation/index.ts'
import { commandGroup, defineCommand } from '../command.ts'
import { aboutPath, usageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { printJson, printLine, renderFields, renderTable } from '../output.ts'

interface SimulateFlags {
  readonly matrix?: string
  readonly cities?: number
  readonly rounds: number
  readonly neighbours: number
  readonly noise: boolean
  readonly byzantine?: number
  readonly attack?: string
  readonly gossip: boolean
  readonly routes: boolean
  readonly seed: number
}

const MAX_ROUNDS = 100_000
const MAX_SEED = 2 ** 32 - 1

const simulateCommand = (io: Io): CommandModule =>
  defineCommand<SimulateFlags>({
    command: 'simulate',
    describe: 'Run coordinates, gossip and routes over a matrix of round-trip times',
    builder: (yargs) =>
      yargs.options({
        matrix: {
          type: 'string',
          requiresArg: true,
          describe: 'CSV file of round-trip times in milliseconds, 0 = missing'
        },
        cities: {
          type: 'number',
          requiresArg: true,
          describe: 'Instead of a file: this many nodes in cities, made from the seed'
        },
        rounds: { type: 'number', default: 500, requiresArg: true, describe: 'Probes of each node' },
        neighbours: { type: 'number', default: 32, requiresArg: true, describe: 'Peers that a node probes' },
        noise: { type: 'boolean', default: false, describe: 'Add jitter and spikes to each probe' },
        byzantine: { type: 'number', requiresArg: true, describe: 'Share of the nodes that lie, 0 to 0.5' },
        attack: {
          type: 'string',
          requiresArg: true,
          describe: 'How they lie: disorder, repulsion, isolation, frog-boiling or deflation'
        },
        gossip: { type: 'boolean', default: false, describe: 'Also spread messages' },
        routes: { type: 'boolean', default: false, describe: 'Also choose routes' },
        seed: { type: 'number', default: 1, requiresArg: true, describe: 'Same seed, same figures' }
      }),
    handler: async (flags) => {
      const simulation = await import('../../manifold/simulation/index.ts')
      const { rounds, neighbours, noise, gossip, routes, seed } = flags
      checkWhole('--rounds', rounds, 5, MAX_ROUNDS)
      checkWhole('--neighbours', neighbours, 1, simulation.MAX_MATRIX_NODES)
      checkWhole('--seed', seed, 0, MAX_SEED)
      const attack = simulation.ATTACKS.find((name) => name === flags.attack)
      if (flags.attack !== undefined && attack === undefined) {
        throw usageError(`There is no attack ${flags.attack}. Give one of ${simulation.ATTACKS.join(', ')}.`)
      }
      if ((attack === undefined) !== (flags.byzantine === undefined)) {
        throw usageError('--byzantine and --attack go together. Give both or neither.')
      }
      const byzantine = flags.byzantine ?? 0
      if (!(byzantine >= 0 && byzantine <= 0.5)) {
        throw usageError('--byzantine is not a share from 0 to 0.5. Give one like 0.2.')
      }
      if ((flags.matrix === undefined) === (flags.cities === undefined)) {
        throw usageError('Give either --matrix FILE or --cities N.')
      }
      if (flags.cities !== undefined) checkWhole('--cities', flags.cities, 3, simulation.MAX_MATRIX_NODES)
      const matrix =
        flags.matrix === undefined
          ? simulation.cityMatrix(flags.cities!, simulation.seededDice(seed))
          : simulation.parseMatrix(await readText(flags.matrix))
      const report = simulation.simulateManifold({
        matrix,
        rounds,
        neighbours,
        noise,
        seed,
        byzantine,
        attack,
        gossip,
        routes
      })
      if (flags.json) await printJson(io, report)
      else await printLine(io, reportText(report))
    }
  })

const readText = async (file: string): Promise<string> =>
  await readFile(file, 'utf8').catch((error: unknown) => {
    throw aboutPath(file, error)
  })

const checkWhole = (flag: string, value: number, least: number, most: number): void => {
  if (!(Number.isInteger(value) && value >= least && value <= most)) {
    throw usageError(`${flag} is not a whole number from ${least} to ${most}. Give one.`)
  }
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
const ms = (value: number): string => `${value.toFixed(1)} ms`

/** The report as a person reads it. */
export const reportText = (report: SimulationReport): string => {
  const { coordinates, attack, gossip, routes } = report
  const errorText = ({ median, p90 }: { median: number; p90: number }): string =>
    `median ${median.toFixed(4)}, p90 ${p90.toFixed(3)}`
  const fields: [string, string][] = [
    ['nodes', `${report.nodes}, of which ${report.honest} honest`],
    ...Object.entries(coordinates.errorAtRound).map(([round, error]): [string, string] => [
      `error at round ${round}`,
      errorText(error)
    ]),
    ['relative error', errorText(coordinates.error)],
    ['movement', `${coordinates.movementMsPerRound.toFixed(2)} ms a round`],
    [
      'seen by applications',
      `${coordinates.applicationChangesPer100Rounds.toFixed(2)} changes in 100 rounds`
    ],
    ['10 nearest found', percent(coordinates.recallOfNearest10)],
    ['by coordinates only', percent(coordinates.recallByCoordinatesOnly)],
    ['best of 16', `${ms(coordinates.bestOf16PenaltyMs)} above the nearest`]
  ]
  if (attack !== undefined) {
    fields.push([
      'attack',
      `${attack.name} by ${percent(attack.byzantine)}: median error x ${attack.growth.toFixed(2)}`
    ])
  }
  if (routes !== undefined) {
    fields.push(
      ['direct stretch', errorText(routes.direct)],
      ['route stretch', errorText(routes.chosen)],
      ['from the map only', errorText(routes.fromMapOnly)],
      ['detours', `${percent(routes.detours)}, at worst ${routes.worstAgainstDirect.toFixed(3)} of direct`]
    )
  }
  const parts = [renderFields(fields)]
  if (gossip !== undefined) {
    parts.push(
      renderTable(gossip.figures, [
        { head: 'MESH', cell: ({ mesh }) => mesh },
        { head: 'MESSAGE', cell: ({ message }) => message },
        { head: 'WORLD', cell: ({ conditions }) => conditions },
        { head: 'P50 MS', align: 'right', cell: ({ p50Ms }) => p50Ms.toFixed(0) },
        { head: 'P95 MS', align: 'right', cell: ({ p95Ms }) => p95Ms.toFixed(0) },
        { head: 'COPIES', align: 'right', cell: ({ copies }) => copies.toFixed(2) },
        { head: 'REACH', align: 'right', cell: ({ reach }) => percent(reach) }
      ]),
      `No message can be faster: p50 ${ms(gossip.bound.p50Ms)}, p95 ${ms(gossip.bound.p95Ms)}.`
    )
  }
  return parts.join('\n\n')
}

export const manifoldCommand = (io: Io): CommandModule =>
  commandGroup('manifold', 'Simulate latency space: coordinates, gossip and routes', [simulateCommand(io)])
