import * as dagCbor from '@ipld/dag-cbor'
import { MAX_CHANNELS, firstAxis, wordShape } from './form.ts'
import { formatOf, isElementType } from './element-type.ts'
import type { ElementType } from './element-type.ts'
import { LAYER_CODINGS } from './coding/layer-coding.ts'
import type { LayerCoding } from './coding/layer-coding.ts'
import { TensorError } from './errors.ts'
import { fidelityOf } from './fidelity/fidelity.ts'
import type { ErrorMeasure } from './fidelity/fidelity.ts'
import { planLayers } from './plan.ts'
import { MAX_BINARY_DIGITS, MAX_DECIMAL_DIGITS, MIN_BINARY_DIGITS } from './transform/fixed-point.ts'
import { isNan } from './transform/mask.ts'
import { MAX_SCALES, MAX_STEPS, halved } from './transform/scales.ts'
import type { AxisMask } from './transform/scales.ts'
import { tensorBytes } from './tensor.ts'
import type { MemoryOrder } from './tensor.ts'
import { TRANSFORM_KINDS } from './transform/transform.ts'
import type { TransformKind } from './transform/transform.ts'
import { wordBytes } from './transform/words.ts'

/**
 * What the words are that go through the transform: those of the numbers in the order of their values, or integers of
 * which each number is so many times a step, base^-digits.
 */
export type NumberMap = 'order' | 'binary' | 'decimal'

export const NUMBER_MAPS: readonly NumberMap[] = ['order', 'binary', 'decimal']

/** Numbers that are none, and how they are told. */
export interface MaskParameters {
  /** Layers before the mask, at least 1. */
  readonly after: number
  /** Numbers that are masked, as a share of all. */
  readonly share: number
  /** Bits of the NaN that is shown, in hexadecimal, highest first. */
  readonly nan: string
}

/** The finite numbers are from `least` to `greatest`; both 0 when there are none. */
export interface NumberRange {
  readonly least: number
  readonly greatest: number
}

/** All that a reader must know besides the layers; the `tensor` field of a manifest holds it as dag-cbor. */
export interface TensorParameters {
  /**
   * 3; or 2, which has none of `map` and what follows it below; or 1, where no transform is named either and no layer is
   * coded by contexts.
   */
  readonly version: 1 | 2 | 3
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
  /** How each layer is coded, in the order of planLayers. */
  readonly codings: readonly LayerCoding[]
  /** Error of what the layers up to this one give, measured, in units of the data; the last is none. */
  readonly errors: readonly ErrorMeasure[]
  /** Standard deviation of the finite numbers. */
  readonly deviation: number
  /** Other than 'order' for floats only. */
  readonly map: NumberMap
  /** Digits behind the point of a fixed-point map; 0 for 'order'. */
  readonly digits: number
  /** Bits that the words of the transform lack, and after each refinement; descending, the last is 0. */
  readonly shifts: readonly number[]
  readonly mask: MaskParameters | null
  /** Bits by which the rest was moved down; null when there is no rest. */
  readonly restShift: number | null
  /** Of the finite numbers, those of 64-bit integers rounded outwards; null before version 3. */
  readonly range: NumberRange | null
}

/** What versions before 3 leave out. */
const BEFORE_VERSION_3 = {
  map: 'order',
  digits: 0,
  shifts: [0],
  mask: null,
  restShift: null,
  range: null
} as const satisfies Partial<TensorParameters>

/** Largest encoded parameters. */
export const MAX_PARAMETERS_BYTES = 4096
/** Most refinements, and one. */
export const MAX_SHIFTS = 12

/**
 * Fidelity, 0 to 1, with each layer and all before it: the finite numbers count by fidelityOf, the others once the mask
 * is there.
 */
export function layerFidelities({ errors, deviation, mask }: TensorParameters): number[] {
  return errors.map((error, layer) => {
    const fidelity = fidelityOf(error, deviation)
    if (mask === null) return fidelity
    return (1 - mask.share) * fidelity + (layer >= mask.after ? mask.share : 0)
  })
}

export function encodeParameters(parameters: TensorParameters): Uint8Array {
  const { version } = parameters
  const later: string[] = version === 3 ? [] : Object.keys(BEFORE_VERSION_3)
  if (version === 1) later.push('transform')
  return dagCbor.encode(
    Object.fromEntries(Object.entries(parameters).filter(([name]) => !later.includes(name)))
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
  const { version } = found
  if (version !== 1 && version !== 2 && version !== 3) {
    throw new TensorError(
      'UNSUPPORTED',
      `This software reads tensors of versions 1 to 3, not ${String(version)}: use a newer one.`
    )
  }
  const value: TensorParameters = {
    ...found,
    ...(version === 1 ? { transform: 'lowpass' } : {}),
    ...(version < 3 ? BEFORE_VERSION_3 : {})
  }
  checkShape(value)
  checkComponents(value)
  checkSteps(value)
  checkNumbers(value)
  checkLayers(value)
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
  const { version, transform, steps } = parameters
  if (!TRANSFORM_KINDS.includes(transform)) throw corrupt('the transform is unknown')
  const most = version === 3 ? MAX_STEPS : MAX_SCALES
  if (!Array.isArray(steps) || steps.length > most) throw corrupt('the steps are none')
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
}

/** What the words are: the fields that version 3 brought. */
function checkNumbers({
  type,
  map,
  digits,
  shifts,
  mask,
  restShift,
  range,
  version
}: TensorParameters): void {
  const { kind, numberBytes } = formatOf(type)
  const wordBits = 8 * wordBytes(numberBytes)
  const isWhole = (value: unknown, least: number, most: number): boolean =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most
  const [fewest, most] =
    map === 'binary'
      ? [MIN_BINARY_DIGITS, MAX_BINARY_DIGITS]
      : map === 'decimal'
        ? [1, MAX_DECIMAL_DIGITS]
        : [0, 0]
  if (!NUMBER_MAPS.includes(map) || (map !== 'order' && kind !== 'float') || !isWhole(digits, fewest, most)) {
    throw corrupt('the numbers cannot be such integers')
  }
  const descends = (shift: unknown, index: number): boolean =>
    isWhole(shift, 0, index === 0 ? wordBits - 2 : shifts[index - 1] - 1)
  if (
    !Array.isArray(shifts) ||
    !shifts.every(descends) ||
    shifts.at(-1) !== 0 ||
    shifts.length > MAX_SHIFTS
  ) {
    throw corrupt('the shifts do not descend to 0')
  }
  if (restShift !== null && (kind !== 'float' || !isWhole(restShift, 0, wordBits - 1))) {
    throw corrupt('there is no such rest')
  }
  if (mask !== null && (kind !== 'float' || !isMask(mask, type))) throw corrupt('there is no such mask')
  if (version === 3 && !isRange(range)) throw corrupt('the numbers have no range')
}

function isMask(mask: unknown, type: ElementType): boolean {
  const { numberBytes } = formatOf(type)
  const { after, share, nan } = mask as Partial<MaskParameters>
  return (
    Number.isInteger(after) &&
    typeof share === 'number' &&
    share >= 0 &&
    share <= 1 &&
    typeof nan === 'string' &&
    /^[0-9a-f]+$/.test(nan) &&
    nan.length === 2 * numberBytes &&
    isNan(nan, type)
  )
}

function isRange(range: unknown): boolean {
  const { least, greatest } = (range ?? {}) as Partial<NumberRange>
  return Number.isFinite(least) && Number.isFinite(greatest) && least! <= greatest!
}

/** There is a coding and an error for each layer. */
function checkLayers(parameters: TensorParameters): void {
  const { version, codings, errors, deviation, mask, steps, shifts } = parameters
  const before = steps.length + shifts.length
  if (mask !== null && (mask.after < 1 || mask.after > before)) throw corrupt('the mask is out of its place')
  const { length } = planLayers(parameters)
  const known: readonly unknown[] = version === 1 ? ['raw', 'zstd'] : LAYER_CODINGS
  if (!Array.isArray(codings) || codings.length !== length || !codings.every((one) => known.includes(one))) {
    throw corrupt('the codings do not fit the layers')
  }
  const isAmount = (value: unknown): boolean => typeof value === 'number' && value >= 0
  const isMeasure = (value: unknown): boolean => {
    const { rms, peak } = (value ?? {}) as ErrorMeasure
    return isAmount(rms) && isAmount(peak)
  }
  if (
    !isAmount(deviation) ||
    !Array.isArray(errors) ||
    errors.length !== length ||
    !errors.every(isMeasure)
  ) {
    throw corrupt('the errors do not fit the layers')
  }
}

function corrupt(why: string): TensorError {
  return new TensorError('CORRUPT', `The parameters of this tensor cannot be used: ${why}.`)
}
