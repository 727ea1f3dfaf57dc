import { readFileSync } from 'node:fs'
import { defaultConfigFile } from './folders.ts'
import { nearest } from './nearest.ts'
import { systemReason } from '../system-errors.ts'
import { OPTIONS } from './options.ts'
import type { Option } from './options.ts'

type ValueOf<O> = O extends Option<infer T> ? T : never

/** The configuration of a node: one checked value per option. */
export type NodeConfig = { readonly [K in keyof typeof OPTIONS]: ValueOf<(typeof OPTIONS)[K]> }

export type OptionName = keyof NodeConfig

export const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[]

/** Source of a value, highest precedence first. */
export type Source = 'flag' | 'environment' | 'file'

/** An invalid setting. `key` is its name in its source, e.g. 'THHE_QUOTA'. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly code: 'UNKNOWN_KEY' | 'BAD_VALUE' | 'CONFLICT' | 'BAD_FILE'
  readonly key: string

  constructor(code: ConfigError['code'], key: string, message: string) {
    super(message)
    this.code = code
    this.key = key
  }
}

/** 'bandwidthUp' to 'bandwidth-up': the flag, and the key in the config file. */
export const flagName = (name: OptionName): string => name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)

/** 'bandwidthUp' to 'THHE_BANDWIDTH_UP'. */
export const environmentName = (name: OptionName): string =>
  `THHE_${name.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase()}`

/** Variables with our prefix that are not node settings: the config file's path, and those of the CLI and the tests. */
const OTHER_VARIABLES = ['THHE_CONFIG', 'THHE_CLUSTER', 'THHE_DEBUG', 'THHE_TOKEN_FILE', 'THHE_SHARED']

export interface ConfigSources {
  /** Parsed flags by option name, as yargs camel-cases them; other keys are ignored. */
  readonly flags?: Readonly<Record<string, unknown>>
  /** @default process.env */
  readonly env?: NodeJS.ProcessEnv
  /** Config file named by the user. @default `THHE_CONFIG`, else the XDG one if it exists */
  readonly configFile?: string
}

/**
 * Merges flags over environment over config file over defaults.
 *
 * @throws {ConfigError} naming the source, the value and what is expected
 */
export const loadConfig = (sources: ConfigSources = {}): NodeConfig => {
  const { flags = {}, env = process.env } = sources
  const file = readConfigFile(sources.configFile ?? env.THHE_CONFIG, env)
  refuseUnknown(
    Object.keys(env).filter((key) => key.startsWith('THHE_')),
    [...OPTION_NAMES.map(environmentName), ...OTHER_VARIABLES],
    'environment variable'
  )
  refuseUnknown(Object.keys(file), OPTION_NAMES.map(flagName), 'key in the config file')
  const config = Object.fromEntries(
    OPTION_NAMES.map((name) => {
      const flag = flagName(name)
      const variable = environmentName(name)
      if (flags[name] !== undefined) return [name, parse(name, flags[name], `--${flag}`)]
      if (env[variable] !== undefined && env[variable] !== '') {
        return [name, parse(name, env[variable], variable)]
      }
      if (file[flag] !== undefined) return [name, parse(name, file[flag], flag)]
      return [name, OPTIONS[name].default]
    })
  ) as NodeConfig
  refuseConflicts(config)
  return config
}

/** All defaults, overridden by `values`: for tests and for programs that embed a node. */
export const configWith = (values: Partial<NodeConfig>): NodeConfig => {
  const config = Object.fromEntries(
    OPTION_NAMES.map((name) => [name, values[name] ?? OPTIONS[name].default])
  ) as NodeConfig
  refuseConflicts(config)
  return config
}

const parse = (name: OptionName, raw: unknown, key: string): unknown => {
  try {
    return OPTIONS[name].kind.parse(raw)
  } catch (error) {
    throw new ConfigError('BAD_VALUE', key, `${key}: ${(error as Error).message}.`)
  }
}

const refuseConflicts = ({ k, n, announce, listen }: NodeConfig): void => {
  if (k !== undefined && n !== undefined && k > n) {
    throw new ConfigError(
      'CONFLICT',
      'k',
      `k (${k}) is larger than n (${n}): an object needs at least k shards.`
    )
  }
  if (announce.length > 0 && listen.length === 0) {
    throw new ConfigError('CONFLICT', 'announce', 'announce is set, but the node listens on nothing.')
  }
}

const readConfigFile = (named: string | undefined, env: NodeJS.ProcessEnv): Record<string, unknown> => {
  const path = named ?? defaultConfigFile(env)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && named === undefined) return {}
    const why = systemReason(error) ?? (error as Error).message
    throw new ConfigError('BAD_FILE', path, `Cannot read the config file ${path}: ${why}.`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new ConfigError('BAD_FILE', path, `${path} is not JSON: ${(error as Error).message}.`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigError('BAD_FILE', path, `${path} must hold one JSON object, {"quota": "10GiB", ...}.`)
  }
  return value as Record<string, unknown>
}

const refuseUnknown = (given: string[], known: string[], what: string): void => {
  const key = given.find((one) => !known.includes(one))
  if (key === undefined) return
  const near = nearest(key, known)
  const hint =
    near === undefined ? 'docs/reference/config.md lists those there are.' : `Did you mean ${near}?`
  throw new ConfigError('UNKNOWN_KEY', key, `Unknown ${what} ${key}. ${hint}`)
}
