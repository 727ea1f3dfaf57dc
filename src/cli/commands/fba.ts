// thhe fba: what a network of quorum sets can stand.

import { readFile } from 'node:fs/promises'
import type { CommandModule } from 'yargs'
import type { Clock, DescribedTrust, FbaNode, NetworkAnalysis } from '../../../fba/analysis/index.ts'
import {
  adviseOn,
  analyzeNetwork,
  parseDescribedTrust,
  parseStellarbeatNodes
} from '../../../fba/analysis/index.ts'
import { labelsOf, reportJson, reportText } from '../fba-report.ts'

export interface FbaReportOptions {
  /** Text of the file. */
  readonly text: string
  readonly json: boolean
  /** Nodes to leave out, by id or by a name that only one node has. */
  readonly deleted: readonly string[]
  readonly limitSeconds: number
  readonly clock: Clock
}

export interface FbaReport {
  readonly output: string
  /** 0: every two quorums intersect; 1: they do not, or there is none; 2: undecided within the limit. */
  readonly exitCode: 0 | 1 | 2
}

/**
 * Report on a list of nodes in stellarbeat's format.
 * @throws {FbaFileError} when the text is no such list
 * @throws {RangeError} when no node, or more than one, goes by the name of one to be deleted, and for a limit of 0
 */
export const reportOnNodes = (options: FbaReportOptions): FbaReport =>
  report({ nodes: parseStellarbeatNodes(options.text) }, options)

/**
 * Report on the quorum set of a network descriptor.
 * @throws {FbaFileError} when the text is no descriptor, or one without quorum set
 * @throws {RangeError} as {@link reportOnNodes}
 */
export const reportOnDescriptor = (options: FbaReportOptions): FbaReport =>
  report(parseDescribedTrust(options.text), options)

const report = (
  { nodes, organisations, quorumSets }: Pick<DescribedTrust, 'nodes'> & Partial<DescribedTrust>,
  { json, deleted, limitSeconds, clock }: FbaReportOptions
): FbaReport => {
  if (!(limitSeconds > 0)) throw new RangeError('--limit expects a number of seconds above 0')
  const analysis = analyzeNetwork(nodes, {
    clock,
    limitMillis: limitSeconds * 1000,
    deleted: deleted.map((name) => idOf(name, nodes)),
    organisations
  })
  const label = labelsOf(nodes)
  const advice = adviseOn(analysis, quorumSets, label)
  const output = json ? reportJson(analysis, advice) : reportText(analysis, advice, label)
  return { output, exitCode: EXIT_CODES[analysis.intersection.status] }
}

const EXIT_CODES = { intersects: 0, splits: 1, 'no-quorum': 1, undecided: 2 } as const satisfies Record<
  NetworkAnalysis['intersection']['status'],
  number
>

const idOf = (name: string, nodes: readonly FbaNode[]): string => {
  const named = nodes.filter((node) => node.name === name)
  if (named.length === 1 && !nodes.some(({ id }) => id === name)) return named[0].id
  if (named.length > 1) throw new RangeError(`${named.length} nodes are called ${name}: give the id`)
  return name
}

const options = {
  json: { type: 'boolean', default: false, describe: 'Print JSON' },
  delete: { type: 'string', default: '', describe: 'Nodes to leave out, by id or name, separated by commas' },
  limit: {
    type: 'number',
    default: 60,
    describe: 'Seconds after which what is not known is called undecided'
  }
} as const

interface FbaArguments {
  readonly file: string
  readonly json: boolean
  readonly delete: string
  readonly limit: number
}

const subcommand = (
  command: string,
  describe: string,
  makeReport: (options: FbaReportOptions) => FbaReport
): CommandModule<object, FbaArguments> => ({
  command: `${command} <file>`,
  describe,
  builder: (yargs) => yargs.positional('file', { type: 'string', demandOption: true }).options(options),
  handler: async ({ file, json, limit, delete: deleted }) => {
    const { output, exitCode } = makeReport({
      text: await readFile(file, 'utf8'),
      json,
      deleted: deleted.split(',').flatMap((name) => name.trim() || []),
      limitSeconds: limit,
      clock: { nowMillis: () => performance.now() }
    })
    process.stdout.write(`${output}\n`)
    process.exitCode = exitCode
  }
})

export const fbaCommand: CommandModule = {
  command: 'fba',
  describe: 'Analyse quorums: who can halt or split a network',
  builder: (yargs) =>
    yargs
      .command(subcommand('analyze', 'Analyse a list of nodes in the stellarbeat format', reportOnNodes))
      .command(subcommand('check', 'Check the quorum set of a network descriptor', reportOnDescriptor))
      .demandCommand(1, 'Say which: thhe fba analyze FILE, or thhe fba check DESCRIPTOR.'),
  handler: () => undefined
}
