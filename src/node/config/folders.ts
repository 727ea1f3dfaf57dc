import { homedir } from 'node:os'
import { join } from 'node:path'

/** Ignores a relative value, as the XDG Base Directory Specification 0.8 requires. */
const xdgFolder = (variable: string | undefined, fallback: string): string =>
  join(variable?.startsWith('/') === true ? variable : join(homedir(), fallback), 'thhe')

export const defaultDataFolder = (env: NodeJS.ProcessEnv = process.env): string =>
  xdgFolder(env.XDG_DATA_HOME, '.local/share')

export const defaultConfigFile = (env: NodeJS.ProcessEnv = process.env): string =>
  join(xdgFolder(env.XDG_CONFIG_HOME, '.config'), 'config.json')
