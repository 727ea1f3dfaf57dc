// Which layers a tensor has, and in which order.
import { formatOf } from './element-type.ts'
import type { TensorParameters } from './parameters.ts'
import { wordShape } from './form.ts'
import { elementCount } from './tensor.ts'
import { layerLengths } from './transform/scales.ts'
import { wordBytes } from './transform/words.ts'

/** What a layer holds. */
export type LayerRole =
  /** A scale: the coarsest words, or the details that lead to the next finer one. */
  | { readonly kind: 'scale'; readonly layer: number }
  /** The next bits of all words: from `shifts[index]` to `shifts[index + 1]`. */
  | { readonly kind: 'refinement'; readonly index: number }
  /** Where there are NaN and infinities. */
  | { readonly kind: 'mask' }
  /** What all others leave out. */
  | { readonly kind: 'rest' }

/** One layer: what it holds, how many words, and how wide they are. */
export interface PlannedLayer {
  readonly role: LayerRole
  readonly count: number
  readonly width: 2 | 4 | 8
}

/** The layers in the order in which they are read: scales, refinements, rest; the mask after so many of them. */
export function planLayers(
  parameters: Pick<
    TensorParameters,
    'type' | 'shape' | 'order' | 'components' | 'steps' | 'shifts' | 'mask' | 'restShift'
  >
): PlannedLayer[] {
  const { type, steps, shifts, mask, restShift } = parameters
  const shape = wordShape(parameters)
  const count = elementCount(shape)
  const width = wordBytes(formatOf(type).numberBytes)
  const layers: PlannedLayer[] = layerLengths(shape, steps).map((words, layer) => ({
    role: { kind: 'scale', layer },
    count: words,
    width
  }))
  for (let index = 0; index < shifts.length - 1; index++) {
    layers.push({ role: { kind: 'refinement', index }, count, width })
  }
  if (mask !== null) layers.splice(mask.after, 0, { role: { kind: 'mask' }, count, width: 2 })
  if (restShift !== null) layers.push({ role: { kind: 'rest' }, count, width })
  return layers
}

/** Bytes of each layer before it is coded: no coded layer is longer. */
export function rawLayerBytes(parameters: TensorParameters): number[] {
  return planLayers(parameters).map(({ count, width }) => count * width)
}
