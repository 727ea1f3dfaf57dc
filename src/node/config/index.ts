// The settings of a node: one definition for flags, environment, file, help and docs.
// Nothing here starts anything or knows libp2p.
export { ConfigError, configWith, environmentName, flagName, loadConfig, OPTION_NAMES } from './load.ts'
export type { ConfigSources, NodeConfig, OptionName } from './load.ts'
export { defaultConfigFile, defaultDataFolder } from './folders.ts'
export { OPTIONS } from './options.ts'
export type { Option } from './options.ts'
export { configMarkdown, yargsOptions } from './describe.ts'
