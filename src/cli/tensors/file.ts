import { isNpy, isPng, readNpy, readPng, writeNpy, writePng } from '../../../encoder/tensor/index.ts'
import type { Tensor } from '../../../encoder/tensor/index.ts'
import { CliError } from '../errors.ts'

/** Reads a .npy or PNG file; what it is shows in its first bytes. @throws CliError 'BAD_FILE', TensorError */
export const parseTensorFile = (name: string, bytes: Uint8Array): Tensor => {
  if (isNpy(bytes)) return readNpy(bytes)
  if (isPng(bytes)) return readPng(bytes)
  throw new CliError(
    'BAD_FILE',
    `${name} is neither a .npy nor a PNG file.`,
    'Save an array with numpy.save; `thhe put` takes files of any kind.'
  )
}

/** The file that `path` asks for: PNG where it ends so, else .npy. @throws TensorError 'UNSUPPORTED' */
export const formatTensorFile = (path: string, tensor: Tensor): Uint8Array =>
  path.toLowerCase().endsWith('.png') ? writePng(tensor) : writeNpy(tensor)
