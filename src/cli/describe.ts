import { PassThrough } from 'node:stream'
import type { CommandModule, Options } from 'yargs'
import { nameOf } from './command-names.ts'
import { recordOf } from './command-record.ts'
import type { CommandRecord } from './command-record.ts'
import { ENDPOINT_GROUP } from './endpoint.ts'
import { EXIT_CODES } from './errors.ts'
import type { Io } from './io.ts'
import { commands } from './main.ts'

/** docs/reference/cli.md: what every command says of itself, and the exit codes. */
export const cliMarkdown = async (): Promise<string> => {
  const described = await describedUnder(commands(nowhere()))
  return [
    '# Command line',
    '',
    '<!-- Made by `npm run generate:cli` from the definitions of the commands. -->',
    '',
    'Results go to standard output, everything else (progress, remarks, errors) to standard error, so that',
    '`thhe put FILE` can be used in a script as it is. With `--json` the result is one JSON document, and an error is',
    'one JSON object on standard error: `{"error": {"code", "message", "data", "hint"}, "exitCode"}`.',
    '',
    '## Which node',
    '',
    'Commands talk to a running node over HTTP on this machine. It is the one named by `--api` or `THHE_API`; else the',
    'one on the data folder named by `--data` or `THHE_DATA`; else the one on the default data folder; else the first',
    'live peer of the local cluster (`thhe cluster up`). What changes state, and `thhe ls`, needs the token in `api-token` in the',
    "node's data folder; for a node on another machine or in a container name a copy with `--token-file` or",
    '`THHE_TOKEN_FILE`.',
    '',
    'A node that does not begin to answer within 2 seconds is reported as silent (exit code 5); on a machine that is so',
    'busy that the node gets no processor, within 15 seconds.',
    '',
    '## Links',
    '',
    '`thhe put` seals a file before a byte leaves this process and prints a link, `thhe:NETWORK/ID#KEY`. The key is in',
    'no other place: who has the whole link can read the object, who has only what stands before `#` cannot, and if it',
    'is lost the object is lost. Put links in quotes, since `#` begins a comment in some shells.',
    '',
    'A put that was broken off goes on when the same command is run again: the key waits in',
    '`$XDG_STATE_HOME/thhe/puts` (`~/.local/state` when that is unset) until the put is done, so that the shards that',
    'the peers hold already are not sent again. That holds while the file is unchanged, and for files that were not',
    'changed within the last two seconds.',
    '',
    '## Exit codes',
    '',
    '| code | meaning |',
    '| --- | --- |',
    ...Object.values(EXIT_CODES).map(([code, meaning]) => `| ${code} | ${meaning} |`),
    '',
    'A fault of thhe itself ends with 1. `THHE_DEBUG=1` adds the place where it happened to the message, for a report.',
    '',
    '## Commands',
    '',
    'Every command knows `--json`, `--quiet` (`-q`) and `--help` (`-h`), and those that talk to a node `--api`, `--data`',
    'and `--token-file`. A value that begins with a dash is written as `--name=-value`; a file whose name begins with a',
    'dash as `./-name`, or behind `--`.',
    ...described.flatMap(section),
    '',
    '### thhe completion',
    '',
    'Print a script that completes commands and flags in bash or zsh: `thhe completion >> ~/.bashrc`.',
    ''
  ].join('\n')
}

interface Described {
  readonly path: readonly string[]
  readonly record: CommandRecord
}

/** Depth first, in the order of the help; a group is described by its members, which know its options too. */
const describedUnder = async (
  modules: readonly CommandModule[],
  above: readonly string[] = [],
  inherited: ReadonlyMap<string, Options> = new Map()
): Promise<Described[]> => {
  const described: Described[] = []
  for (const module of modules) {
    const record = await recordOf(module)
    const path = [...above, nameOf(module)]
    const options = new Map([...record.options, ...inherited])
    if (!record.isGroup) described.push({ path, record: { ...record, options } })
    const forMembers = record.isGroup ? options : inherited
    described.push(...(await describedUnder(record.members, path, forMembers)))
  }
  return described
}

/** What is said once, above, is left out; the settings of a node have a page of their own. */
const section = ({ path, record }: Described): string[] => {
  const usage = ['thhe', ...path.slice(0, -1), record.command].join(' ')
  const head = ['', `### ${usage}`, '', `${record.describe}.`]
  if (path.join(' ') === 'node') {
    return [...head, '', 'Its options are the settings in [config.md](config.md), and `--config FILE`.']
  }
  const own = [...record.options].filter(([, { group }]) => group !== ENDPOINT_GROUP)
  return [
    ...head,
    ...table(
      ['argument', 'meaning'],
      [...record.positionals].map(([name, { describe }]) => [`\`${name.toUpperCase()}\``, describe ?? ''])
    ),
    ...table(['option', 'value', 'default', 'meaning'], own.map(optionRow)),
    ...record.examples.flatMap(([command, text]) => [
      '',
      `Example: \`${command}\` ${text[0].toLowerCase()}${text.slice(1)}.`
    ])
  ]
}

const optionRow = ([name, option]: readonly [string, Options]): string[] => {
  const { type, describe, default: standard, alias = [] } = option
  const flags = [...[alias].flat(), name].map((one) => `\`${one.length === 1 ? '-' : '--'}${one}\``)
  const isSwitch = type === 'boolean'
  const value = isSwitch
    ? ''
    : `${type === 'number' ? 'number' : 'text'}${option.array === true ? ', several' : ''}`
  const text = isSwitch && standard === false ? '' : standard === undefined ? '' : `\`${String(standard)}\``
  return [flags.join(', '), value, text, `${describe}${option.demandOption === true ? '; required' : ''}`]
}

const table = (heads: readonly string[], rows: ReadonlyArray<readonly string[]>): string[] => {
  if (rows.length === 0) return []
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return ['', row(heads), row(heads.map(() => '---')), ...rows.map(row)]
}

/** Descriptions must not depend on the terminal or the environment that they are made in. */
const nowhere = (): Io => ({
  stdin: new PassThrough(),
  stdout: new PassThrough(),
  stderr: new PassThrough(),
  env: {},
  signal: new AbortController().signal
})
