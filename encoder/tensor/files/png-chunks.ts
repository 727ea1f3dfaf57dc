// The chunks of a PNG file (W3C Recommendation, third edition, sections 5 and 11): IHDR first, then image data in one
// run of IDAT chunks, then IEND, each with a CRC-32.
import { crc32 } from 'node:zlib'
import { TensorError } from '../errors.ts'

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
const HEADER_BYTES = 13
/** Length and type before the data of a chunk, CRC after it. */
const BEFORE_DATA_BYTES = 8
const AFTER_DATA_BYTES = 4
/** Samples of a pixel, by the colour type in IHDR. */
const CHANNELS = new Map([
  [0, 1],
  [2, 3],
  [4, 2],
  [6, 4]
])
const PALETTE = 3
const ANIMATION = ['acTL', 'fcTL', 'fdAT']

/** What IHDR says of the samples. */
export interface PngHeader {
  readonly width: number
  readonly height: number
  /** Samples of a pixel. */
  readonly channels: number
  /** Bits of a sample. */
  readonly depth: 8 | 16
  /** Adam7 (section 8): seven passes, each a smaller picture. */
  readonly isInterlaced: boolean
}

/** Whether the bytes begin as a PNG file does. */
export function isPng(file: Uint8Array): boolean {
  return file.byteLength >= SIGNATURE.length && SIGNATURE.every((byte, i) => file[i] === byte)
}

/**
 * Reads IHDR.
 * @throws TensorError 'BAD_FILE', 'UNSUPPORTED' (palettes, fewer than 8 bits)
 */
export function readPngHeader(file: Uint8Array): PngHeader {
  if (!isPng(file)) throw badPng('it does not begin as a PNG file does')
  const first = chunks(file).next().value
  if (first?.type !== 'IHDR' || first.data.byteLength !== HEADER_BYTES) throw badPng('it has no header')
  const { data } = first
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const [depth, colourType, compression, filter, interlace] = data.subarray(8)
  if (colourType === PALETTE) throw unsupportedPng('a palette')
  const channels = CHANNELS.get(colourType)
  const width = view.getUint32(0)
  const height = view.getUint32(4)
  const isKnown = compression === 0 && filter === 0 && interlace <= 1
  if (channels === undefined || width === 0 || height === 0 || !isKnown) {
    throw badPng('its header makes no sense')
  }
  if (depth !== 8 && depth !== 16) throw unsupportedPng(`${depth} bits a sample`)
  return { width, height, channels, depth, isInterlaced: interlace === 1 }
}

/**
 * Checks all chunks and gives the compressed image data, the IDAT chunks joined.
 *
 * @throws TensorError 'BAD_FILE' for a wrong CRC or order, or an unknown chunk that a reader must understand;
 *   'UNSUPPORTED' for several frames or a transparent colour, which the pixels alone would lose
 */
export function imageData(file: Uint8Array): Uint8Array {
  let length = 0
  let last = ''
  for (const { type, data } of chunks(file)) {
    checkChunk(type, last)
    if (type === 'IDAT') length += data.byteLength
    last = type
  }
  // Joined in a second round: a list of the parts would be far larger than a file of many small chunks.
  const joined = new Uint8Array(length)
  let filled = 0
  for (const { type, data } of chunks(file)) {
    if (type !== 'IDAT') continue
    if (data.byteLength === length) return data
    joined.set(data, filled)
    filled += data.byteLength
  }
  if (length === 0) throw badPng('it has no pixels')
  return joined
}

function checkChunk(type: string, before: string): void {
  if ((type === 'IHDR') !== (before === '')) throw badPng('its header is not its first chunk')
  if (ANIMATION.includes(type)) {
    throw new TensorError(
      'UNSUPPORTED',
      'An animated PNG file cannot be kept as one picture: save its frames as files of their own.'
    )
  }
  if (type === 'tRNS') throw unsupportedPng('a transparent colour instead of an alpha channel')
  const isCritical = (type.charCodeAt(0) & 0x20) === 0
  if (isCritical && !['IHDR', 'PLTE', 'IDAT', 'IEND'].includes(type)) {
    throw badPng('it has a chunk of an unknown kind')
  }
}

interface Chunk {
  readonly type: string
  readonly data: Uint8Array
}

/** The chunks up to IEND. Memory is that of one chunk, whatever the file says. */
function* chunks(file: Uint8Array): Generator<Chunk, undefined> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  let hasData = false
  let isAfterData = false
  for (let at = SIGNATURE.length; ;) {
    if (at + BEFORE_DATA_BYTES + AFTER_DATA_BYTES > file.byteLength) throw badPng('it ends early')
    const start = at + BEFORE_DATA_BYTES
    const end = start + view.getUint32(at)
    if (end + AFTER_DATA_BYTES > file.byteLength) throw badPng('it ends within a chunk')
    const type = String.fromCharCode(...file.subarray(start - 4, start))
    if (!/^[A-Za-z]{4}$/.test(type)) throw badPng('it has a chunk without a name')
    if (crc32(file.subarray(start - 4, end)) !== view.getUint32(end)) {
      throw badPng(`the CRC of its ${type} chunk is wrong`)
    }
    if (type === 'IDAT') {
      if (isAfterData) throw badPng('its image data are not in one run')
      hasData = true
    } else isAfterData = hasData
    yield { type, data: file.subarray(start, end) }
    if (type === 'IEND') return
    at = end + AFTER_DATA_BYTES
  }
}

export function badPng(why: string): TensorError {
  return new TensorError('BAD_FILE', `This PNG file cannot be read: ${why}.`)
}

function unsupportedPng(what: string): TensorError {
  return new TensorError(
    'UNSUPPORTED',
    `A PNG file with ${what} cannot be kept: convert it to RGB or RGBA first.`
  )
}
