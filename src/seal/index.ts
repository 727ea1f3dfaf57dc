// What a client needs to keep objects secret: links, keys, sealed bytes. The command line, the gateway, a browser and
// programs that embed a node share it.
// May not enter: the mesh, the disk, the node, clocks and random bits (which come in as a RandomSource).
export {
  HEADER_BYTES,
  MAX_NAME_BYTES,
  openSealed,
  sealedForm,
  sealedObjectBytes,
  sealObject,
  streamForm,
  unsealedObjectBytes
} from './object.ts'
export type { SealedForm } from './object.ts'
export { cleanName } from './clean-name.ts'
export { CHUNK_BYTES } from './chunks.ts'
export type { SealedRange } from './chunks.ts'
export { isSealError, SealError } from './errors.ts'
export type { SealErrorCode, SealErrorData } from './errors.ts'
export { folderPartKey, generateKey, layerKey } from './key.ts'
export { formatLink, networkPrefix, parseLink } from './link.ts'
export type { Link } from './link.ts'
export { openNameValue, sealNameValue } from './name-value.ts'
export { sealedStreamBytes, sealStream, unsealedStreamBytes, unsealStream } from './stream.ts'
