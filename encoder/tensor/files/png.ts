// PNG (W3C Recommendation, third edition) of 8 and 16 bits a sample: grey, grey with alpha, RGB, RGBA.
import { decode, encode } from 'fast-png'
import type { DecodedPng } from 'fast-png'
import { TensorError } from '../errors.ts'
import { checkTensor, tensorBytes, tensorOf } from '../tensor.ts'
import type { Tensor } from '../tensor.ts'
import { littleEndianToHost } from './byte-order.ts'

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
const HEADER_END = 33
/** Samples of a pixel, by the colour type in IHDR. */
const CHANNELS = new Map([
  [0, 1],
  [2, 3],
  [4, 2],
  [6, 4]
])
const PALETTE = 3

/** Whether the bytes begin as a PNG file does. */
export function isPng(file: Uint8Array): boolean {
  return file.byteLength >= SIGNATURE.length && SIGNATURE.every((byte, i) => file[i] === byte)
}

/**
 * Reads the pixels of a PNG file, interlaced or not; text, colour profiles and the like are left behind.
 *
 * @returns shape (height, width) for grey, else (height, width, channels); uint8 or uint16
 * @throws TensorError 'BAD_FILE', 'UNSUPPORTED' (palettes, fewer than 8 bits, a transparent colour), 'TOO_LARGE'
 */
export function readPng(file: Uint8Array): Tensor {
  const { width, height, channels, depth } = checkHeader(file)
  const picture = decoded(file)
  if (picture.transparency !== undefined) {
    throw unsupported('a transparent colour instead of an alpha channel')
  }
  const shape = channels === 1 ? [height, width] : [height, width, channels]
  const samples = depth === 8 ? Uint8Array.from(picture.data) : Uint16Array.from(picture.data)
  return tensorOf(samples, shape)
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
      `${type} of shape (${shape.join(', ')}) is no picture: write it as .npy.`,
      { type }
    )
  }
  const host = littleEndianToHost(bytes, type === 'uint8' ? 1 : 2)
  const data = type === 'uint8' ? host : new Uint16Array(host.buffer, host.byteOffset, host.byteLength / 2)
  return encode({ width, height, channels, depth: type === 'uint8' ? 8 : 16, data })
}

/** Looks at IHDR before anything is inflated. */
function checkHeader(file: Uint8Array): { width: number; height: number; channels: number; depth: 8 | 16 } {
  if (!isPng(file) || file.byteLength < HEADER_END) throw bad('it does not begin as a PNG file does')
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const width = view.getUint32(16)
  const height = view.getUint32(20)
  const depth = file[24]
  if (file[25] === PALETTE) throw unsupported('a palette')
  const channels = CHANNELS.get(file[25])
  if (channels === undefined || width === 0 || height === 0) throw bad('its header makes no sense')
  if (depth !== 8 && depth !== 16) throw unsupported(`${depth} bits a sample`)
  tensorBytes(depth === 8 ? 'uint8' : 'uint16', [height, width, channels])
  return { width, height, channels, depth }
}

function decoded(file: Uint8Array): DecodedPng {
  try {
    return decode(file, { checkCrc: true })
  } catch (error) {
    throw bad((error as Error).message)
  }
}

function bad(why: string): TensorError {
  return new TensorError('BAD_FILE', `This PNG file cannot be read: ${why}.`)
}

function unsupported(what: string): TensorError {
  return new TensorError(
    'UNSUPPORTED',
    `A PNG file with ${what} is not taken: convert it to RGB or RGBA first.`
  )
}
