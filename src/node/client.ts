// What a client of a node needs of the objects: links, sealing, errors. Loads neither libp2p nor the store, so that
// a command line starts fast.
export { HologramError, isHologramError } from '../hologram/errors.ts'
export type { HologramErrorCode } from '../hologram/errors.ts'
export { layerKey } from '../seal/layer-key.ts'
export { formatLink, networkPrefix, parseLink } from '../seal/link.ts'
export type { Link } from '../seal/link.ts'
export {
  generateKey,
  seal,
  sealedRange,
  sealedSize,
  unseal,
  unsealedSize,
  unsealRange
} from '../seal/seal.ts'
export type { SealedRange } from '../seal/seal.ts'
