import {
  MAX_TENSOR_BYTES,
  isNpy,
  isPng,
  readNpy,
  readPng,
  writeNpy,
  writePng
} from '../../../encoder/tensor/index.ts'
import type { Tensor } from '../../../encoder/tensor/index.ts'
import type { Source } from '../objects/source.ts'
import { CliError } from '../errors.ts'

/** A header, text and profiles come on top of the numbers. */
const MAX_FILE_BYTES = MAX_TENSOR_BYTES + 2 ** 24

/** All bytes of a file that may be a tensor; no more is read than the largest one has. @throws CliError 'TOO_LARGE' */
export const readTensorFile = async (
  { name, sizeBytes = 0, bytes }: Pick<Source, 'name' | 'sizeBytes' | 'bytes'>,
  maxBytes = MAX_FILE_BYTES
): Promise<Uint8Array> => {
  const parts: Uint8Array[] = []
  let length = 0
  if (sizeBytes > maxBytes) throw tooLarge(name, maxBytes)
  for await (const part of bytes) {
    length += part.byteLength
    if (length > maxBytes) throw tooLarge(name, maxBytes)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

const tooLarge = (name: string, maxBytes: number): CliError =>
  new CliError(
    'TOO_LARGE',
    `${name} is longer than ${maxBytes} bytes, which is the most that a tensor file may have.`,
    'Cut it into several tensors; `thhe put` takes files of any size.'
  )

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
