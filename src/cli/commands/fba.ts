// thhe fba: what a network of quorum sets can stand.

import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { CommandModule } from 'yargs'
import type { Clock, DescribedTrust, FbaNode, NetworkAnalysis } from '../../../fba/analysis/index.ts'
import {
  adviseOn,
  analyzeNetwork,
  parseDescribedTrust,
  parseStellarbeatNodes
} from '../../../fba/analysis/index.ts'
import { commandGroup, defineCommand } from '../command.ts'
import { aboutPath, EXIT_CODES, usageError } from '../errors.ts'
import type { ExitReason } from '../errors.ts'
import type { Io } from '../io.ts'
import { fbaStatusCommand } from './map.ts'
import { printLine } from '../output.ts'
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
  /** 0: every two quorums intersect; 10: they do not, or there is none; 11: undecided within the limit. */
  readonly exitCode: number
}

/**
 * Report on a list of nodes in stellarbeat's format.
 * @throws {FbaFileError} when the text is no such list
 * @throws {CliError} 'USAGE' when no node, or more than one, goes by the name of one to be deleted
 */
export const reportOnNodes = (options: FbaReportOptions): FbaReport =>
  report({ nodes: parseStellarbeatNodes(options.text) }, options)

/**
 * Report on the quorum set of a network descriptor.
 * @throws {FbaFileError} when the text is no descriptor, or one without quorum set
 * @throws {CliError} as {@link reportOnNodes}
 */
export const reportOnDescriptor = (options: FbaReportOptions): FbaReport =>
  report(parseDescribedTrust(options.text), options)

const report = (
  { nodes, organisations, quorumSets }: Pick<DescribedTrust, 'nodes'> & Partial<DescribedTrust>,
  { json, deleted, limitSeconds, clock }: FbaReportOptions
): FbaReport => {
  const analysis = asUsage(() =>
    analyzeNetwork(nodes, {
      clock,
      limitMillis: limitSeconds * 1000,
      deleted: deleted.map((name) => idOf(name, nodes)),
      organisations
    })
  )
  const label = labelsOf(nodes)
  const advice = adviseOn(analysis, quorumSets, label)
  const output = json ? reportJson(analysis, advice) : reportText(analysis, advice, label)
  return { output, exitCode: EXIT_CODES[VERDICTS[analysis.intersection.status]][0] }
}

/** Verdicts have codes of their own: a script must be able to tell "they split" from "the file is not there". */
const VERDICTS = {
  intersects: 'ok',
  splits: 'quorumsSplit',
  'no-quorum': 'quorumsSplit',
  undecided: 'quorumsUndecided'
} as const satisfies Record<NetworkAnalysis['intersection']['status'], ExitReason>

/** The analysis refuses nodes that are not in the file, and files that list a node twice. */
const asUsage = <T>(run: () => T): T => {
  try {
    return run()
  } catch (error) {
    throw error instanceof RangeError ? usageError(error.message, 'Check the file and --delete.') : error
  }
}

const idOf = (name: string, nodes: readonly FbaNode[]): string => {
  const named = nodes.filter((node) => node.name === name)
  if (named.length === 1 && !nodes.some(({ id }) => id === name)) return named[0].id
  if (named.length > 1) throw usageError(`${named.length} nodes are called ${name}.`, 'Give the id instead.')
  return name
}

const subcommand = (
  io: Io,
  command: string,
  describe: string,
  makeReport: (options: FbaReportOptions) => FbaReport
): CommandModule =>
  defineCommand<FbaFlags>({
    command: `${command} <file>`,
    describe,
    builder: (yargs) =>
      yargs
        .positional('file', {
          type: 'string',
          demandOption: true,
          describe: 'File to read, - for standard input'
        })
        .options({
          delete: {
            type: 'string',
            requiresArg: true,
            describe: 'Nodes to leave out, by id or name, separated by commas'
          },
          limit: {
            type: 'number',
            default: 60,
            requiresArg: true,
            describe: 'Seconds after which what is not known is called undecided'
          }
        }),
    handler: async ({ file, json, limit, delete: deleted = '' }) => {
      if (!(limit > 0)) throw usageError('--limit must be a number of seconds above 0.')
      const { output, exitCode } = makeReport({
        text: file === '-' ? await text(io.stdin) : await readText(file),
        json,
        deleted: deleted.split(',').flatMap((name) => name.trim() || []),
        limitSeconds: limit,
        clock: { nowMillis: () => performance.now() }
      })
      await printLine(io, output)
      process.exitCode = exitCode
    }
  })

const readText = async (file: string): Promise<string> =>
  await readFile(file, 'utf8').catch((error: unknown) => {
    throw aboutPath(file, error)
  })

interface FbaFlags {
  readonly file: string
  readonly delete?: string
  readonly limit: number
}

export const fbaCommand = (io: Io): CommandModule =>
  commandGroup('fba', 'Agreement: how it stands, and who can halt or split a network', [
    fbaStatusCommand(io),
    subcommand(io, 'analyze', 'Analyse a list of nodes in the stellarbeat format', reportOnNodes),
    subcommand(io, 'check', 'Check the quorum set of a network descriptor', reportOnDescriptor)
  ])
