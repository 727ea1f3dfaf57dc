import { hostToLittleEndian } from './files/byte-order.ts'
import { elementBytes, isElementType } from './element-type.ts'
import type { ElementType } from './element-type.ts'
import { TensorError } from './errors.ts'

export const MAX_AXES = 8
/** Largest tensor: it is held in memory whole, a few times over while it is coded. */
export const MAX_TENSOR_BYTES = 2 ** 30

/** Which axis is contiguous in memory: the last ('C') or the first ('F', as Fortran has it). */
export type MemoryOrder = 'C' | 'F'

/** A dense array of numbers. */
export interface Tensor {
  readonly type: ElementType
  /** Lengths of the axes, at most 8 of them; none for a single element. */
  readonly shape: readonly number[]
  readonly order: MemoryOrder
  /** The elements in memory order, each little-endian. */
  readonly bytes: Uint8Array
}

/**
 * @throws TensorError 'BAD_TENSOR' unless there are exactly the bytes that type and shape ask for; 'UNSUPPORTED' for
 *   too many axes; 'TOO_LARGE'
 */
export function checkTensor({ type, shape, order, bytes }: Tensor): void {
  const expected = tensorBytes(type, shape)
  if (order !== 'C' && order !== 'F') throw new TensorError('BAD_TENSOR', 'The order is neither C nor F.')
  if (bytes.byteLength !== expected) {
    throw new TensorError(
      'BAD_TENSOR',
      `${type} of shape (${shape.join(', ')}) has ${expected} bytes, not ${bytes.byteLength}.`,
      { expected, actual: bytes.byteLength }
    )
  }
}

/**
 * Bytes of all elements.
 * @throws TensorError 'BAD_TENSOR', 'UNSUPPORTED', 'TOO_LARGE'
 */
export function tensorBytes(type: ElementType, shape: readonly number[]): number {
  if (!isElementType(type)) throw new TensorError('BAD_TENSOR', `${String(type)} is no element type.`)
  if (shape.length > MAX_AXES) {
    throw new TensorError('UNSUPPORTED', `${shape.length} axes are too many; ${MAX_AXES} are allowed.`, {
      axes: shape.length
    })
  }
  for (const length of shape) {
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new TensorError('BAD_TENSOR', `${length} is not the length of an axis.`, { length })
    }
  }
  const bytes = elementCount(shape) * elementBytes(type)
  if (bytes > MAX_TENSOR_BYTES) {
    throw new TensorError(
      'TOO_LARGE',
      `${type} of shape (${shape.join(', ')}) is larger than ${MAX_TENSOR_BYTES} bytes: cut it into several tensors.`,
      { bytes, most: MAX_TENSOR_BYTES }
    )
  }
  return bytes
}

/** Elements of a shape: 1 for none axes, 0 when an axis is empty, however long the others are. */
export function elementCount(shape: readonly number[]): number {
  return shape.includes(0) ? 0 : shape.reduce((product, length) => product * length, 1)
}

const TYPE_OF_ARRAY = new Map<unknown, ElementType>([
  [Uint8Array, 'uint8'],
  [Uint16Array, 'uint16'],
  [Uint32Array, 'uint32'],
  [BigUint64Array, 'uint64'],
  [Int8Array, 'int8'],
  [Int16Array, 'int16'],
  [Int32Array, 'int32'],
  [BigInt64Array, 'int64'],
  [Float32Array, 'float32'],
  [Float64Array, 'float64']
])

/**
 * A tensor over the numbers of a typed array; nothing is copied where the machine is little-endian.
 *
 * @param shape - by default one axis
 * @param type - for what typed arrays cannot tell: 'bool' over a Uint8Array, 'float16' over the bits in a
 *   Uint16Array, complex numbers over their parts one after the other
 * @throws TensorError 'BAD_TENSOR', 'UNSUPPORTED', 'TOO_LARGE'
 */
export function tensorOf(
  numbers: NodeJS.TypedArray,
  shape: readonly number[] = [numbers.length],
  type: ElementType | undefined = TYPE_OF_ARRAY.get(numbers.constructor)
): Tensor {
  if (type === undefined) {
    throw new TensorError('UNSUPPORTED', `Name the element type of a ${numbers.constructor.name}.`)
  }
  const view = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)
  const tensor: Tensor = {
    type,
    shape,
    order: 'C',
    bytes: hostToLittleEndian(view, numbers.BYTES_PER_ELEMENT)
  }
  checkTensor(tensor)
  return tensor
}

/** Lengths of the axes as they lie in memory, the contiguous one last. */
export function memoryShape({ shape, order }: Pick<Tensor, 'shape' | 'order'>): readonly number[] {
  return order === 'C' ? shape : shape.toReversed()
}
