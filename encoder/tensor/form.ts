// How the elements of a tensor become words that lie beside those that are like them.
import { formatOf } from './element-type.ts'
import type { ElementType } from './element-type.ts'
import { memoryShape } from './tensor.ts'
import type { MemoryOrder, Tensor } from './tensor.ts'

/** Most channels of a picture. */
export const MAX_CHANNELS = 4

/** Type and shape, and which numbers are transformed apart. */
export interface WordForm {
  readonly type: ElementType
  readonly shape: readonly number[]
  readonly order: MemoryOrder
  /** Numbers that lie interleaved and are transformed apart: 2 for complex, the channels of a picture, else 1. */
  readonly components: number
}

/** The axes of the words in memory: the components, when there are several, and then the rest of the shape. */
export function wordShape({ type, shape, order, components }: WordForm): number[] {
  const lengths = memoryShape({ shape, order })
  if (components === 1) return [...lengths]
  return [components, ...(formatOf(type).numbers === 2 ? lengths : lengths.slice(0, -1))]
}

/** The first axis of `wordShape` that may be halved. */
export function firstAxis({ components }: Pick<WordForm, 'components'>): number {
  return components === 1 ? 0 : 1
}

/** The components of a tensor: complex parts, or the channels of what has the shape of a picture. */
export function componentsOf({ type, shape, order }: Tensor): { components: number; colour: boolean } {
  if (formatOf(type).numbers === 2) return { components: 2, colour: false }
  const channels = shape.at(-1) ?? 0
  const isPicture =
    (type === 'uint8' || type === 'uint16') &&
    order === 'C' &&
    shape.length === 3 &&
    channels >= 2 &&
    channels <= MAX_CHANNELS
  return isPicture ? { components: channels, colour: channels >= 3 } : { components: 1, colour: false }
}
