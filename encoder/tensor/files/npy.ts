// The .npy format, versions 1.0 to 3.0 (NumPy Enhancement Proposal 1; numpy.lib.format).
import { swapped } from './byte-order.ts'
import { ELEMENT_FORMATS, ELEMENT_TYPES, formatOf } from '../element-type.ts'
import type { ElementType } from '../element-type.ts'
import { TensorError } from '../errors.ts'
import { checkTensor, tensorBytes } from '../tensor.ts'
import type { Tensor } from '../tensor.ts'

const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59)
const ALIGNMENT_BYTES = 64
/** A header names one type and at most eight lengths; NumPy itself refuses more than 10,000 characters. */
const MAX_HEADER_BYTES = 10_000

/** Whether the bytes begin as a .npy file does. */
export function isNpy(file: Uint8Array): boolean {
  return file.byteLength >= MAGIC.length && MAGIC.every((byte, i) => file[i] === byte)
}

/**
 * Reads a .npy file of numbers in either byte order and either memory order.
 *
 * @returns a tensor whose bytes are those of the file, where these are little-endian already
 * @throws TensorError 'BAD_FILE', 'UNSUPPORTED' (objects, text, records, dates; more than 8 axes), 'TOO_LARGE'
 */
export function readNpy(file: Uint8Array): Tensor {
  const { text, end } = headerOf(file)
  const { descr, fortran_order: fortran, shape } = fieldsOf(text)
  const { type, isBigEndian } = typeOf(descr)
  const lengths = shapeOf(shape)
  if (fortran !== 'True' && fortran !== 'False') throw bad('fortran_order is neither True nor False')
  const data = file.subarray(end)
  const expected = tensorBytes(type, lengths)
  if (data.byteLength !== expected)
    throw bad(`it should hold ${expected} bytes of data, not ${data.byteLength}`)
  const bytes = isBigEndian ? swapped(data, formatOf(type).numberBytes) : data
  return { type, shape: lengths, order: fortran === 'True' ? 'F' : 'C', bytes }
}

/**
 * Writes a .npy file, version 1.0, little-endian, in the tensor's own memory order.
 * @throws TensorError as checkTensor does
 */
export function writeNpy(tensor: Tensor): Uint8Array {
  checkTensor(tensor)
  const { type, shape, order, bytes } = tensor
  const { npy, numberBytes } = formatOf(type)
  const descr = `${numberBytes === 1 ? '|' : '<'}${npy}`
  const lengths = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const fields = `{'descr': '${descr}', 'fortran_order': ${order === 'F' ? 'True' : 'False'}, 'shape': (${lengths}), }`
  const prefixBytes = MAGIC.length + 4
  const headerEnd = Math.ceil((prefixBytes + fields.length + 1) / ALIGNMENT_BYTES) * ALIGNMENT_BYTES
  const file = new Uint8Array(headerEnd + bytes.byteLength)
  file.set(MAGIC)
  file[6] = 1
  new DataView(file.buffer).setUint16(8, headerEnd - prefixBytes, true)
  const header = `${fields.padEnd(headerEnd - prefixBytes - 1)}\n`
  file.set(new TextEncoder().encode(header), prefixBytes)
  file.set(bytes, headerEnd)
  return file
}

function headerOf(file: Uint8Array): { text: string; end: number } {
  if (!isNpy(file)) throw bad('it does not begin as a .npy file does')
  const major = file[6]
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const start = major === 1 ? 10 : 12
  if (major < 1 || major > 3 || file.byteLength < start) throw bad('its version is not 1, 2 or 3')
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > MAX_HEADER_BYTES) throw bad(`its header of ${length} bytes is too long`)
  const end = start + length
  if (end > file.byteLength) throw bad('it ends within its header')
  return { text: new TextDecoder('latin1').decode(file.subarray(start, end)), end }
}

type Fields = Record<'descr' | 'fortran_order' | 'shape', string>

const FIELD =
  /\s*(['"])(descr|fortran_order|shape)\1\s*:\s*('[^']*'|"[^"]*"|True|False|\([^()]*\)|\[.*?\])\s*(,|(?=\}))/sy

/** The three fields of the header, a Python dictionary, as text. */
function fieldsOf(header: string): Fields {
  const text = header.trim()
  const fields: Partial<Fields> = {}
  FIELD.lastIndex = 1
  let end = 1
  for (let field = FIELD.exec(text); field !== null; field = FIELD.exec(text)) {
    const name = field[2] as keyof Fields
    if (fields[name] !== undefined) throw bad(`its header has ${name} twice`)
    fields[name] = field[3]
    end = FIELD.lastIndex
  }
  const isWhole = text.startsWith('{') && text.slice(end).trim() === '}'
  if (!isWhole || Object.keys(fields).length !== 3) throw bad('its header is not that of an array')
  return fields as Fields
}

const TYPE_BY_NPY = new Map<string, ElementType>(
  ELEMENT_TYPES.map((type) => [ELEMENT_FORMATS[type].npy, type])
)

function typeOf(descr: string): { type: ElementType; isBigEndian: boolean } {
  const match = /^['"]([<>|])(\w+)['"]$/.exec(descr)
  const type = match === null ? undefined : TYPE_BY_NPY.get(match[2])
  if (match === null || type === undefined) {
    throw new TensorError('UNSUPPORTED', `Elements of type ${descr} are not numbers of a known size.`, {
      descr
    })
  }
  const hasOrder = match[1] !== '|'
  if (!hasOrder && formatOf(type).numberBytes > 1) throw bad(`${descr} names no byte order`)
  return { type, isBigEndian: match[1] === '>' }
}

function shapeOf(text: string): number[] {
  const inner = /^\(\s*((?:\d{1,16}\s*,\s*)*\d{1,16}\s*,?)?\s*\)$/.exec(text)
  if (inner === null) throw bad(`${text} is no shape`)
  return (inner[1] ?? '')
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(Number)
}

function bad(why: string): TensorError {
  return new TensorError('BAD_FILE', `This .npy file cannot be read: ${why}.`)
}
