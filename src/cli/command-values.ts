import type { Arguments, CommandModule, Options, PositionalOptions } from 'yargs'
import { nameOf } from './command-names.ts'
import { recordOf } from './command-record.ts'
import { GLOBAL_OPTIONS } from './globals.ts'
import type { CommandRecord } from './command-record.ts'
import { unescapeDash } from './dash.ts'
import { usageError } from './errors.ts'
import { optionText } from './option-text.ts'

/**
 * What yargs lets through and no command can use: an option given twice, an empty value, a number that is not one, and
 * more words than the command takes.
 *
 * @throws CliError 'USAGE'
 */
export const refuseBadValues = async (module: CommandModule, argv: Arguments): Promise<void> => {
  const record = await recordOf(module)
  refuseSurplus(record, module, argv)
  for (const name of [...record.options.keys(), ...record.positionals.keys()]) {
    argv[name] = unescapeDash(argv[name])
  }
  for (const [name, option] of record.options) refuseBadOption(name, option, argv[name])
  for (const [name, positional] of record.positionals) {
    refuseBadValue(`<${name}>`, positional, argv[name])
  }
}

const refuseBadOption = (name: string, option: Options, value: unknown): void => {
  const isList = option.array === true || option.type === 'array'
  if (Array.isArray(value) && !isList) {
    throw usageError(
      `${optionText(name)} is given ${value.length === 2 ? 'twice' : `${value.length} times`}.`,
      'Give it once.'
    )
  }
  // A default is our own, and a coerced value has been looked at by the one who coerced it.
  if (value === option.default) return
  refuseBadValue(optionText(name), option, value)
}

const refuseBadValue = (
  name: string,
  { type }: Pick<Options | PositionalOptions, 'type'>,
  value: unknown
): void => {
  for (const one of [value].flat()) {
    if (one === '') throw usageError(`${name} is empty.`, `Give ${name} a value, or leave it out.`)
    if (typeof one === 'string' && one.includes('\0')) throw usageError(`${name} has a NUL character in it.`)
    if (type !== 'number' || one === undefined || Number.isFinite(one)) continue
    throw usageError(
      `${name} must be a number.`,
      `Write ${name.startsWith('-') ? `${name} 5` : '5'}, for instance.`
    )
  }
}

/** Words behind those that the command names. */
const refuseSurplus = (
  record: CommandRecord,
  module: CommandModule,
  { _: words, $0: _program }: Arguments
): void => {
  const at = words.map(String).lastIndexOf(nameOf(module))
  const surplus = words.slice(at + 1).map(String)
  if (surplus.length === 0) return
  const taken = [...record.positionals.keys()].map((name) => name.toUpperCase())
  const what = taken.length === 0 ? 'no argument' : `one ${taken.join(' and one ')}`
  throw usageError(
    `\`thhe ${words.slice(0, at + 1).join(' ')}\` takes ${what}: "${surplus[0]}" is one too many.`,
    taken.length === 0 ? undefined : 'Run it once for each. Put a name with blanks in quotes.'
  )
}

/**
 * An empty value of a number reaches nobody: yargs makes 0 of it. In the settings of a node '' stands for what is not
 * set.
 *
 * @throws CliError 'USAGE'
 */
export const refuseEmptyValues = (argv: readonly string[]): void => {
  if (argv[0] === 'node' && argv[1] !== 'drain') return
  argv.forEach((word, index) => {
    const before = argv[index - 1] ?? ''
    const name =
      /^(--[\w-]+)=$/.exec(word)?.[1] ?? (word === '' && before.startsWith('-') ? before : undefined)
    if (name !== undefined) throw usageError(`${name} is empty.`, `Give ${name} a value, or leave it out.`)
  })
}

const ANSWERED_BY_YARGS = ['help', 'h', 'version']

/** @throws CliError 'USAGE' that names the first option that the command does not have */
export const refuseUnknownOptions = async (
  argv: readonly string[],
  all: readonly CommandModule[]
): Promise<void> => {
  let module: CommandModule | undefined
  let members = all
  const known = new Set([...ANSWERED_BY_YARGS, ...namesIn(Object.entries(GLOBAL_OPTIONS))])
  for (const word of argv) {
    module = members.find((member) => nameOf(member) === word)
    if (module === undefined) break
    const record = await recordOf(module)
    for (const name of namesIn(record.options)) known.add(name)
    members = record.members
  }
  for (const word of argv) {
    if (word === '--') return
    const [, dashes, name] = /^(--?)(?:no-)?([\w-]+)/.exec(word) ?? []
    // Behind one dash stand letters, or a negative number.
    if (name === undefined || known.has(name) || (dashes === '-' && known.has(name[0]))) continue
    if (dashes === '-' && /^\d/.test(name)) continue
    throw usageError(`There is no option "${name}" for this command.`)
  }
}

const namesIn = (options: Iterable<readonly [string, Options]>): string[] =>
  [...options].flatMap(([name, { alias }]) => [name, ...[alias ?? []].flat()])

/**
 * yargs takes every value of a switch that is not 'true' for false.
 *
 * @param argv - as the user wrote it
 * @param parsed - what yargs made of it
 * @throws CliError 'USAGE'
 */
export const refuseBadSwitches = (
  argv: readonly string[],
  parsed: Readonly<Record<string, unknown>>
): void => {
  for (const word of argv) {
    if (word === '--') return
    const [, dashes, name, value] = /^(--?)([\w-]+)=(.*)$/s.exec(word) ?? []
    if (name === undefined || value === 'true' || value === 'false') continue
    const isSwitch = [parsed[name]].flat().every((one) => typeof one === 'boolean')
    if (isSwitch)
      throw usageError(
        `${dashes}${name} is either true or false.`,
        `Write ${dashes}${name}, or leave it out.`
      )
  }
}
