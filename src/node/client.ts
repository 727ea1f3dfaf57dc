// What a client of a node needs of the objects: links, sealing, errors. Loads neither libp2p nor the store, so that
// a command line starts fast.
export { HologramError, isHologramError } from '../hologram/errors.ts'
export type { HologramErrorCode } from '../hologram/errors.ts'
export { layerKey } from '../hologram/layer-key.ts'
export { formatLink, networkPrefix, parseLink } from '../hologram/link.ts'
export type { Link } from '../hologram/link.ts'
export {
  generateKey,
  seal,
  sealedRange,
  sealedSize,
  unseal,
  unsealedSize,
  unsealRange
} from '../hologram/seal.ts'
export type { SealedRange } from '../hologram/seal.ts'
