import type { Options } from 'yargs'
import { OPTIONS } from './options.ts'
import type { Option } from './options.ts'
import { OPTION_NAMES, environmentName, flagName } from './load.ts'
import type { OptionName } from './load.ts'

const optionOf = (name: OptionName): Option<unknown> => OPTIONS[name] as Option<unknown>

const defaultText = (name: OptionName): string => {
  const { kind, default: value, defaultText } = optionOf(name)
  return defaultText ?? kind.format(value)
}

/**
 * The flags of `thhe node` (or those of `names`), for yargs. They have no defaults, so that `loadConfig` can distinguish
 * flags that were given from those that were not.
 */
export const yargsOptions = (names: readonly OptionName[] = OPTION_NAMES): Record<string, Options> =>
  Object.fromEntries(
    names.map((name): [string, Options] => {
      const { kind, group, description } = optionOf(name)
      const text = defaultText(name)
      return [
        flagName(name),
        {
          type: kind.flag,
          group: `${group}:`,
          description,
          defaultDescription: text === '' ? undefined : text,
          ...(kind.choices !== undefined && { choices: kind.choices }),
          ...(kind.flag !== 'boolean' && { requiresArg: true })
        }
      ]
    })
  )

/** docs/reference/config.md. */
export const configMarkdown = (): string => {
  const groups = [...new Set(OPTION_NAMES.map((name) => optionOf(name).group))]
  return [
    '# Configuration',
    '',
    '<!-- Made by `npm run generate:config` from src/node/config/options.ts. -->',
    '',
    'A setting is taken from its flag, else its environment variable, else the config file, else its default. The',
    'config file is JSON with the names of the flags as keys, `{"quota": "50GiB", "listen": ["/ip4/0.0.0.0/tcp/4701"]}`;',
    'it is the file after `--config`, else `$THHE_CONFIG`, else `$XDG_CONFIG_HOME/thhe/config.json` (`~/.config` when',
    'that is unset). Unknown names and values that do not fit are refused.',
    '',
    'Sizes: `10GiB`, `500MB`, `4096` (bytes). Rates: a size a second. Times: `30d`, `12h`, `5m`, `30s`, `500ms`.',
    'A flag that takes a list may be repeated; in the environment commas separate the values. A boolean flag is',
    'switched off by `--no-NAME`.',
    ...groups.flatMap((group) => ['', `## ${group}`, ...table(group)]),
    ''
  ].join('\n')
}

const table = (group: string): string[] => [
  '',
  '| flag | environment | value | default | meaning |',
  '| --- | --- | --- | --- | --- |',
  ...OPTION_NAMES.filter((name) => optionOf(name).group === group).map(row)
]

const row = (name: OptionName): string => {
  const { kind, description, defaultText: words } = optionOf(name)
  const value = kind.flag === 'boolean' ? 'true, false' : kind.placeholder.replaceAll('|', ', ')
  const text = defaultText(name)
  const standard =
    text === ''
      ? ''
      : words === undefined
        ? text
            .split(',')
            .map((one) => `\`${one}\``)
            .join(' ')
        : text
  return (
    `| \`--${flagName(name)}\` | \`${environmentName(name)}\` | ${value}${kind.flag === 'array' ? ', several' : ''} ` +
    `| ${standard} | ${description} |`
  )
}
