// Named heads: small signed values under a key of their own that its owner replaces, kept by several peers.
// May not enter: what a value means, how keys are kept, the disk (durable records come in), where peers live.
export { HeadError, isHeadError, type HeadErrorCode } from './errors.ts'
export {
  headSeed,
  MAX_HEAD_BYTES,
  MAX_HEAD_LIFE_MS,
  MAX_VALUE_BYTES,
  openHead,
  signHead,
  type Head
} from './head.ts'
export { Heads, type HeadsComponents, type Published, type Resolved } from './heads.ts'
export { formatName, parseName } from './name.ts'
export { DEFAULT_HEAD_SETTINGS, type HeadSettings } from './settings.ts'
