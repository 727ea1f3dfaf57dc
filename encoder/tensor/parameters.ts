import * as dagCbor from '@ipld/dag-cbor'
import { formatOf, isElementType } from './element-type.ts'
import type { ElementType } from './element-type.ts'
import { LAYER_CODINGS } from './coding/layer-coding.ts'
import type { LayerCoding } from './coding/layer-coding.ts'
import { TensorError } from './errors.ts'
import type { ErrorMeasure } from './fidelity/fidelity.ts'
import { MAX_STEPS, halved } from './transform/scales.ts'
import type { AxisMask } from './transform/scales.ts'
import { memoryShape, tensorBytes } from './tensor.ts'
import type { MemoryOrder, Tensor } from './tensor.ts'
import { TRANSFORM_KINDS } from './transform/transform.ts'
import type { TransformKind } from './transform/transform.ts'

/** All that a reader must know besides the layers; the `tensor` field of a manifest holds it as dag-cbor. */
export interface TensorParameters {
  /** 2, or 1 where no transform is named and no layer is coded by contexts. */
  readonly version: 1 | 2
  readonly type: ElementType
  readonly shape: readonly number[]
  readonly order: MemoryOrder
  /** Numbers that lie interleaved and are transformed apart: 2 for complex, the channels of a picture, else 1. */
  readonly components: number
  /** The first three components went through the reversible colour transform. */
  readonly colour: boolean
  /** How each step took words apart; what is of version 1 does not say it and means 'lowpass'. */
  readonly transform: TransformKind
  /** The axes that each step halved, from fine to coarse, as bits of the axes of `wordShape`. */
  readonly steps: readonly AxisMask[]
  /** How each layer is coded, from coarse to fine: one more than there are steps. */
  readonly codings: readonly LayerCoding[]
  /** Error of what the layers up to this one give, measured; one for each layer, the last is none. */
  readonly errors: readonly ErrorMeasure[]
  /** Standard deviation of the numbers. */
  readonly deviation: number
}

/** Largest encoded parameters. */
export const MAX_PARAMETERS_BYTES = 4096
const MAX_CHANNELS = 4

/**
 * The axes of the words in memory: the components, when there are several, and then the rest of the shape.
 */
export function wordShape({
  type,
  shape,
  order,
  components
}: Pick<TensorParameters, 'type' | 'shape' | 'order' | 'components'>): number[] {
  const lengths = memoryShape({ shape, order })
  if (components === 1) return [...lengths]
  return [components, ...(formatOf(type).numbers === 2 ? lengths : lengths.slice(0, -1))]
}

/** The first axis of `wordShape` that may be halved. */
export function firstAxis({ components }: Pick<TensorParameters, 'components'>): number {
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

export function encodeParameters(parameters: TensorParameters): Uint8Array {
  if (parameters.version === 2) return dagCbor.encode(parameters)
  return dagCbor.encode(
    Object.fromEntries(Object.entries(parameters).filter(([name]) => name !== 'transform'))
  )
}

/**
 * Reads parameters that anybody may have written. What it returns is consistent: an encoder could have made it.
 *
 * @throws TensorError 'CORRUPT', 'UNSUPPORTED' for a later version, 'TOO_LARGE'
 */
export function decodeParameters(bytes: Uint8Array): TensorParameters {
  if (bytes.byteLength > MAX_PARAMETERS_BYTES) throw corrupt('they are too long')
  const found = decodeCbor(bytes) as TensorParameters
  if (typeof found !== 'object' || found === null) throw corrupt('they are no map')
  if (found.version !== 1 && found.version !== 2) {
    throw new TensorError(
      'UNSUPPORTED',
      `This software reads tensors of versions 1 and 2, not ${String(found.version)}.`
    )
  }
  const value: TensorParameters = found.version === 1 ? { ...found, transform: 'lowpass' } : found
  checkShape(value)
  checkComponents(value)
  checkSteps(value)
  checkErrors(value)
  return value
}

function decodeCbor(bytes: Uint8Array): unknown {
  try {
    return dagCbor.decode(bytes)
  } catch {
    throw corrupt('they are no dag-cbor')
  }
}

function checkShape({ type, shape, order }: TensorParameters): void {
  if (!isElementType(type)) throw corrupt('the element type is unknown')
  if (!Array.isArray(shape) || (order !== 'C' && order !== 'F')) throw corrupt('the shape is none')
  tensorBytes(type, shape)
}

function checkComponents({ type, shape, order, components, colour }: TensorParameters): void {
  const { numbers, numberBytes } = formatOf(type)
  const isWhole = components === 1 && numbers === 1
  const isComplex = components === 2 && numbers === 2
  const isPicture =
    numbers === 1 &&
    order === 'C' &&
    shape.length >= 1 &&
    shape.at(-1) === components &&
    components <= MAX_CHANNELS
  if (!isWhole && !isComplex && !isPicture) throw corrupt('the components do not fit the shape')
  const mayHaveColour = isPicture && components >= 3 && numberBytes <= 2
  if (typeof colour !== 'boolean' || (colour && !mayHaveColour))
    throw corrupt('there is no colour to restore')
}

function checkSteps(parameters: TensorParameters): void {
  const { version, transform, steps, codings } = parameters
  if (!TRANSFORM_KINDS.includes(transform)) throw corrupt('the transform is unknown')
  if (!Array.isArray(steps) || steps.length > MAX_STEPS) throw corrupt('the steps are none')
  const first = firstAxis(parameters)
  let box: readonly number[] = wordShape(parameters)
  for (const mask of steps as unknown[]) {
    if (typeof mask !== 'number' || !Number.isInteger(mask) || mask < 1 || mask >= 1 << box.length) {
      throw corrupt('a step halves no axis')
    }
    const mayHalve = box.every((length, axis) => ((mask >> axis) & 1) === 0 || (axis >= first && length >= 2))
    if (!mayHalve || box.includes(0)) throw corrupt('a step halves what cannot be halved')
    box = halved(box, mask)
  }
  const known: readonly unknown[] = version === 1 ? ['raw', 'zstd'] : LAYER_CODINGS
  const isCoding = (coding: unknown): boolean => known.includes(coding)
  if (!Array.isArray(codings) || codings.length !== steps.length + 1 || !codings.every(isCoding)) {
    throw corrupt('the codings do not fit the steps')
  }
}

function checkErrors({ errors, deviation, codings }: TensorParameters): void {
  const isAmount = (value: unknown): boolean => typeof value === 'number' && value >= 0
  const isMeasure = (value: unknown): boolean => {
    const { rms, peak } = (value ?? {}) as ErrorMeasure
    return isAmount(rms) && isAmount(peak)
  }
  if (
    !isAmount(deviation) ||
    !Array.isArray(errors) ||
    errors.length !== codings.length ||
    !errors.every(isMeasure)
  ) {
    throw corrupt('the errors do not fit the layers')
  }
}

function corrupt(why: string): TensorError {
  return new TensorError('CORRUPT', `The parameters of this tensor cannot be used: ${why}.`)
}
