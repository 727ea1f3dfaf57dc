import { environmentName, flagName, OPTION_NAMES, OPTIONS } from '../../node/config/index.ts'
import type { OptionName } from '../../node/config/index.ts'
import { usageError } from '../errors.ts'

/** Settings that `cluster up` gives each peer itself. */
const OWN_SETTINGS: ReadonlySet<OptionName> = new Set<OptionName>([
  ...(['data', 'network', 'listen', 'api', 'domain', 'bootstrap', 'quota', 'k', 'n'] as const),
  ...(['reportInterval', 'dht', 'mdns', 'upnp', 'autonat', 'relay'] as const)
])

/**
 * Settings for the peers of a cluster.
 *
 * @param words - each NAME=VALUE, the name as in `thhe node --NAME`; the last of two with one name counts
 * @param own - settings that whoever starts the peers gives them itself
 * @returns environment variables and their values
 * @throws CliError 'USAGE' for an unknown name, a value that the node would refuse, or a setting of the cluster itself
 */
export const settingsOf = (
  words: readonly string[],
  own: ReadonlySet<OptionName> = OWN_SETTINGS
): Record<string, string> => Object.fromEntries(words.map((word) => settingOf(word, own)))

const settingOf = (word: string, own: ReadonlySet<OptionName>): [variable: string, value: string] => {
  const [, flag, value] = /^([a-z][a-z0-9-]*)=(.+)$/s.exec(word) ?? []
  if (flag === undefined || value === undefined) {
    throw usageError(`--set "${word}" is not NAME=VALUE.`, 'Write it as in --set repair-grace=1m.')
  }
  const name = OPTION_NAMES.find((one) => flagName(one) === flag)
  if (name === undefined) {
    throw usageError(`--set: a node has no setting ${flag}.`, '`thhe node --help` lists them.')
  }
  if (own.has(name)) {
    throw usageError(
      `--set: the cluster sets ${flag} of each peer itself.`,
      'Leave it out; see `thhe cluster up --help` for what the cluster takes.'
    )
  }
  try {
    OPTIONS[name].kind.parse(value)
  } catch (error) {
    throw usageError(`--set ${flag}: ${(error as Error).message}.`)
  }
  return [environmentName(name), value]
}
