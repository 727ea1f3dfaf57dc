// PNG (W3C Recommendation, third edition) of 8 and 16 bits a sample: grey, grey with alpha, RGB, RGBA.
import { inflateSync } from 'node:zlib'
import { encode } from 'fast-png'
import { TensorError } from '../errors.ts'
import { checkTensor, tensorBytes } from '../tensor.ts'
import type { Tensor } from '../tensor.ts'
import { littleEndianToHost, swapped } from './byte-order.ts'
import { badPng, imageData, readPngHeader } from './png-chunks.ts'
import { filteredBytes, unfilterPicture } from './png-rows.ts'

/**
 * Reads the pixels of a PNG file, interlaced or not; text, colour profiles and the like are left behind. It never
 * inflates more than the header declares, which is at most MAX_TENSOR_BYTES.
 *
 * @returns shape (height, width) for grey, else (height, width, channels); uint8 or uint16
 * @throws TensorError 'BAD_FILE', 'TOO_LARGE', 'UNSUPPORTED' (palettes, fewer than 8 bits, a transparent colour,
 *   several frames)
 */
export function readPng(file: Uint8Array): Tensor {
  const header = readPngHeader(file)
  const { width, height, channels, depth } = header
  const type = depth === 8 ? 'uint8' : 'uint16'
  const shape = channels === 1 ? [height, width] : [height, width, channels]
  tensorBytes(type, shape)
  const samples = unfilterPicture(header, inflated(imageData(file), filteredBytes(header)))
  return { type, shape, order: 'C', bytes: depth === 8 ? samples : swapped(samples, 2) }
}

/**
 * Writes a tensor of uint8 or uint16 as a PNG file.
 *
 * @param tensor - of shape (height, width) or (height, width, 1 to 4), in C order
 * @throws TensorError 'UNSUPPORTED' for any other
 */
export function writePng(tensor: Tensor): Uint8Array {
  checkTensor(tensor)
  const { type, shape, order, bytes } = tensor
  const [height, width, channels = 1] = shape
  const isPicture = shape.length === 2 || (shape.length === 3 && channels >= 1 && channels <= 4)
  if ((type !== 'uint8' && type !== 'uint16') || !isPicture || height * width === 0 || order !== 'C') {
    throw new TensorError(
      'UNSUPPORTED',
      `${type} of shape (${shape.join(', ')}) cannot be saved as PNG; use .npy.`,
      { type }
    )
  }
  const host = littleEndianToHost(bytes, type === 'uint8' ? 1 : 2)
  const data = type === 'uint8' ? host : new Uint16Array(host.buffer, host.byteOffset, host.byteLength / 2)
  return encode({ width, height, channels, depth: type === 'uint8' ? 8 : 16, data })
}

/** A zlib stream (RFC 1950) of exactly `expected` bytes and nothing behind it; its Adler-32 is checked. */
function inflated(stream: Uint8Array, expected: number): Uint8Array {
  const { bytes, read } = inflate(stream, expected)
  if (bytes.byteLength !== expected) throw badPng('it has fewer pixels than its header declares')
  if (read !== stream.byteLength) throw badPng('there is something behind its pixels')
  return bytes
}

function inflate(stream: Uint8Array, expected: number): { bytes: Uint8Array; read: number } {
  try {
    const { buffer, engine } = inflateSync(stream, {
      maxOutputLength: expected,
      // One piece of memory, with room for the byte that shows that there is too much.
      chunkSize: Math.max(64, expected + 1),
      info: true
    }) as unknown as { buffer: Uint8Array; engine: { bytesWritten: number } }
    return { bytes: buffer, read: engine.bytesWritten }
  } catch (error) {
    throw badPng(`its pixels are not what its header declares (${(error as Error).message})`)
  }
}
