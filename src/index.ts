// The library: a node of a THHE network inside another program. `thhe/encoder` and `thhe/fba` stand alone.
export {
  ConfigError,
  configWith,
  createDescriptor,
  createLogger,
  createNode,
  formatDescriptor,
  loadConfig,
  NetworkDescriptorError,
  networkId,
  networkIdText,
  NodeError,
  parseDescriptor,
  runUntilSignal,
  silentLogger,
  tuneHeap,
  VERSION
} from './node/index.ts'
export type {
  ConfigSources,
  Logger,
  LogFields,
  LogLevel,
  NetworkDescriptor,
  Node,
  NodeConfig,
  NodeErrorCode,
  NodeOverrides,
  NodeState,
  NodeStatus,
  PeerSummary
} from './node/index.ts'
export { HologramError, isHologramError } from './hologram/index.ts'
export type { HologramErrorCode, HologramErrorData, Layer, Manifest, Usage } from './hologram/index.ts'
export { systemRandom } from './clock/index.ts'
export type { RandomSource } from './clock/index.ts'
export * from './seal/index.ts'
export type * from './hologram/objects.ts'
