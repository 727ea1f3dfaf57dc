// The node: the only room that connects everything, from settings and identity to the libp2p host and the objects on it.
// It exports what HTTP and the command line need; neither may enter.
export {
  ConfigError,
  configMarkdown,
  configWith,
  defaultConfigFile,
  defaultDataFolder,
  environmentName,
  flagName,
  loadConfig,
  OPTION_NAMES,
  OPTIONS,
  yargsOptions
} from './config/index.ts'
export type { ConfigSources, NodeConfig, Option, OptionName } from './config/index.ts'
export { createNode } from './create-node.ts'
export { NodeError } from './errors.ts'
export type { NodeErrorCode } from './errors.ts'
export type { EventSink, RecordedEvent, RoomEvent } from './events.ts'
export { apiTokenPath } from './data/folder.ts'
export { tuneHeap } from './heap.ts'
export { runUntilSignal } from './run-until-signal.ts'
export type { RunUntilSignalInit } from './run-until-signal.ts'
export { VERSION } from './version.ts'
export { createLogger, silentLogger } from './logger.ts'
export type { Logger, LogFields, LogLevel } from './logger.ts'
export {
  createDescriptor,
  formatDescriptor,
  NetworkDescriptorError,
  networkId,
  networkIdText,
  parseDescriptor
} from './network.ts'
export type { NetworkDescriptor } from './network.ts'
export type { Node, NodeOverrides, NodeState, NodeStatus, PeerSummary } from './types.ts'
export type { AgreementView, MapPeerView, MapState, MapSummary, MapView } from './agreement/view.ts'
export { StatementVerifier } from './agreement/statement-keys.ts'
export { agreedSlots, NAME_LABEL, slotOf } from './field/agreed-slots.ts'
export { NamedHeads } from './field/named-heads.ts'
export type { NameSlot } from './field/named-heads.ts'
export { fieldDomain } from './field/index.ts'
