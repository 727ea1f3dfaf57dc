import { PassThrough } from 'node:stream'
import { EXIT_CODES } from './errors.ts'
import type { Io } from './io.ts'
import { parser } from './main.ts'

/** docs/reference/cli.md: what every command says of itself, and the exit codes. */
export const cliMarkdown = async (): Promise<string> => {
  const commands = await commandsUnder([])
  return [
    '# Command line',
    '',
    '<!-- Made by `npm run generate:cli` from the commands themselves. -->',
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
    '`thhe fba` has its own: 0 when every two quorums intersect, 1 when they do not, 2 when that stayed open.',
    '',
    '## Commands',
    '',
    'Every command knows `--json`, `--quiet` (`-q`) and `--help`, and those that talk to a node `--api`, `--data` and',
    '`--token-file`.',
    ...commands.flatMap(section),
    '',
    '### thhe completion',
    '',
    'Print a script that completes commands and flags in bash or zsh: `thhe completion >> ~/.bashrc`.',
    ''
  ].join('\n')
}

interface Described {
  readonly path: readonly string[]
  readonly help: string
}

/** Depth first, in the order of the help; a group is described by its members. */
const commandsUnder = async (path: readonly string[]): Promise<Described[]> => {
  const help = await helpOf(path)
  const members = memberNames(help, path)
  if (members.length === 0) return [{ path, help }]
  const described: Described[] = []
  for (const name of members) described.push(...(await commandsUnder([...path, name])))
  return described
}

const helpOf = async (path: readonly string[]): Promise<string> => await parser(path, nowhere()).getHelp()

/** What is said once, above, is left out; the settings of a node have a page of their own. */
const section = ({ path, help }: Described): string[] => {
  const [usage, description, ...blocks] = help.trimEnd().split('\n\n').map(withoutGlobals)
  const head = ['', `### ${usage.join(' ')}`, '', `${description.join(' ')}.`]
  if (path[0] === 'node')
    return [...head, '', 'Its flags are the settings in [config.md](config.md), and `--config FILE`.']
  const kept = blocks.filter((lines) => lines.length > 1 && lines[0] !== 'Which node:')
  if (kept.length === 0) return head
  return [...head, '', '```', kept.map((lines) => lines.join('\n')).join('\n\n'), '```']
}

const withoutGlobals = (block: string): string[] =>
  block
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => !/^ {2}(-q,| {3}) --(json|quiet|version|help) /.test(line))

/** Names after 'thhe PATH' in the list of commands that a help begins with. */
const memberNames = (help: string, path: readonly string[]): string[] => {
  const prefix = `  ${['thhe', ...path].join(' ')} `
  const list = /^Commands:\n((?: {2}.*\n)+)/m.exec(help)?.[1] ?? ''
  return list
    .split('\n')
    .filter((line) => line.startsWith(prefix))
    .map((line) => line.slice(prefix.length).split(' ')[0])
    .filter((name) => name !== 'completion')
}

/** Help must not depend on the terminal or the environment that it is made in. */
const nowhere = (): Io => ({
  stdin: new PassThrough(),
  stdout: new PassThrough(),
  stderr: new PassThrough(),
  env: {},
  signal: new AbortController().signal
})
